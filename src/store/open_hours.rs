//! Figures of an account in which only the time counts when an inbox was open. Of an inbox that keeps no hours all time
//! counts. The hours are those of now.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use futures_util::TryStreamExt;

use super::reports::{Division, Quarter, Span, Subject, Sum, facts_about, facts_by_part};
use super::{Result, Store, inbox_settings};
use crate::model::{AccountId, InboxId, OpenHours, ReportingFact};

/// When the inboxes are open that keep hours.
struct Hours(HashMap<InboxId, OpenHours>);

impl Hours {
    async fn of(store: &Store, account: AccountId) -> Result<Self> {
        let rows = sqlx::query!(
            r#"select id as "id: InboxId", timezone from inboxes
               where account_id = $1 and working_hours_enabled order by id limit 100000"#,
            account.0,
        )
        .fetch_all(&mut *store.read().await?)
        .await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
        let weeks = inbox_settings::list_working_hours(store, account, &ids).await?;
        let hours = rows.into_iter().map(|row| {
            let hours = OpenHours {
                week: weeks.get(&row.id).copied().unwrap_or_default(),
                zone: row.timezone.parse().unwrap_or_default(),
            };
            (row.id, hours)
        });
        Ok(Self(hours.collect()))
    }

    /// What counts of so many seconds before a moment.
    fn count(&self, inbox: InboxId, seconds: f64, until: DateTime<Utc>) -> Sum {
        let seconds = match self.0.get(&inbox) {
            Some(hours) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "milliseconds of a lifetime fit"
                )]
                let took = TimeDelta::milliseconds((seconds * 1000.0) as i64);
                hours.between(until - took, until).as_seconds_f64()
            }
            None => seconds,
        };
        Sum { count: 1, seconds }
    }
}

/// Facts of one kind, by the quarter of an hour.
pub async fn facts(
    store: &Store,
    account: AccountId,
    kind: ReportingFact,
    subject: &Subject,
    span: Span,
) -> Result<Vec<Quarter>> {
    let hours = Hours::of(store, account).await?;
    let mut conn = store.read().await?;
    let mut rows = facts_about!(
        r#"f.inbox_id as "inbox: InboxId", f.seconds, f.happened_at"#,
        "",
        account,
        kind,
        subject,
        span,
    )
    .fetch(&mut *conn);
    let mut quarters: BTreeMap<DateTime<Utc>, Sum> = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let at = row.happened_at;
        let quarter = at.duration_trunc(TimeDelta::minutes(15)).unwrap_or(at);
        *quarters.entry(quarter).or_default() += hours.count(row.inbox, row.seconds, at);
    }
    Ok(quarters.into_iter().collect())
}

/// Facts of each part of the account: the part's id, the kind, and the sum.
pub async fn facts_of_each(
    store: &Store,
    account: AccountId,
    division: Division,
    span: Span,
) -> Result<Vec<(i64, ReportingFact, Sum)>> {
    let hours = Hours::of(store, account).await?;
    let mut conn = store.read().await?;
    let mut rows = facts_by_part!(
        r#"f.kind as "kind: ReportingFact", f.inbox_id as "inbox: InboxId", f.seconds, f.happened_at"#,
        "",
        account,
        division,
        span,
    )
    .fetch(&mut *conn);
    let mut sums: BTreeMap<(i64, &'static str), (ReportingFact, Sum)> = BTreeMap::new();
    while let Some(row) = rows.try_next().await? {
        let Some(part) = row.part else { continue };
        let place = sums.entry((part, row.kind.as_str()));
        let (_, sum) = place.or_insert((row.kind, Sum::default()));
        *sum += hours.count(row.inbox, row.seconds, row.happened_at);
    }
    let found = sums.into_iter();
    Ok(found
        .map(|((part, _), (kind, sum))| (part, kind, sum))
        .collect())
}
