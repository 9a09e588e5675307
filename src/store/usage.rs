//! The months that messages and people are counted in.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use sqlx::PgConnection;

use super::Result;
use super::messages::Piece;

/// Counts what contacts may see of what is said, so that no report has to read it. Each connection counts in a slice of its
/// own, as far as there are some, so that transactions do not wait for one another's commits.
pub(super) async fn count(conn: &mut PgConnection, pieces: &[Piece<'_>]) -> Result<()> {
    let counted: Vec<(&Piece<'_>, i64)> = pieces
        .iter()
        .map(|piece| (piece, piece.noted().public))
        .filter(|(_, public)| *public > 0)
        .collect();
    if counted.is_empty() {
        return Ok(());
    }
    let ids = |id: fn(&Piece<'_>) -> i64| -> Vec<i64> {
        counted.iter().map(|(piece, _)| id(piece)).collect()
    };
    let months: Vec<_> = counted.iter().map(|(p, _)| month_of(p.said_at())).collect();
    let messages: Vec<_> = counted.iter().map(|(_, public)| *public).collect();
    sqlx::query!(
        "with counted as materialized (
             select * from unnest($1::bigint[], $2::bigint[], $3::date[], $4::bigint[], $5::bigint[])
                 as c(account_id, inbox_id, month, way_id, messages)
         ), person as (
             insert into usage_month_people (account_id, inbox_id, month, contact_inbox_id)
             select distinct account_id, inbox_id, month, way_id from counted
             order by account_id, inbox_id, month, way_id
             on conflict do nothing
             returning account_id, inbox_id, month
         )
         insert into usage_months (account_id, inbox_id, month, slice, messages, people)
         select c.account_id, c.inbox_id, c.month, (pg_backend_pid() % 16)::smallint, sum(c.messages),
                (select count(*) from person p where p.account_id = c.account_id and p.inbox_id = c.inbox_id
                    and p.month = c.month)
         from counted c
         group by c.account_id, c.inbox_id, c.month
         order by c.account_id, c.inbox_id, c.month
         on conflict (account_id, inbox_id, month, slice) do update
         set messages = usage_months.messages + excluded.messages, people = usage_months.people + excluded.people",
        &ids(|piece| piece.account.0),
        &ids(|piece| piece.conversation.inbox.0),
        &months,
        &ids(|piece| piece.conversation.contact_inbox.0),
        &messages,
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
