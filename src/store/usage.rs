//! Messages and people a month, counted when they happen.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sqlx::PgConnection;

use super::Result;
use crate::model::{AccountId, ContactInboxId, InboxId};

/// Counts one message of a contact inbox, and the contact inbox itself once a month.
pub(super) async fn count_message(
    conn: &mut PgConnection,
    account: AccountId,
    inbox: InboxId,
    contact_inbox: ContactInboxId,
    at: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "with person as (
             insert into usage_month_people (account_id, inbox_id, month, contact_inbox_id)
             values ($1, $2, $3, $4) on conflict do nothing returning 1
         )
         insert into usage_months (account_id, inbox_id, month, messages, people)
         values ($1, $2, $3, 1, (select count(*) from person))
         on conflict (account_id, inbox_id, month) do update
         set messages = usage_months.messages + 1, people = usage_months.people + excluded.people",
        account.0,
        inbox.0,
        month_of(at),
        contact_inbox.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The first day of a moment's month, in UTC.
pub(super) fn month_of(at: DateTime<Utc>) -> NaiveDate {
    let day = at.date_naive();
    day.with_day(1).unwrap_or(day)
}
