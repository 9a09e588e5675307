//! Whether endpoints take what they are sent, and what becomes of those that never do.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::delivery_outcomes::Disabled;
use super::{Result, events};
use crate::model::{AccountId, DisabledReason, EndpointId};

/// What attempts that were recorded together say about one endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcome {
    /// Whether the endpoint was failing when they were claimed.
    pub(super) was_failing: bool,
    /// One arrived.
    pub(super) succeeded: bool,
    /// One did not.
    pub(super) failed: bool,
    /// It said that it is gone.
    pub(super) gone: bool,
}

impl Outcome {
    /// Whether the endpoint's row has to be looked at.
    pub(super) fn tells_anything(self) -> bool {
        self.was_failing || self.failed || self.gone
    }
}

/// What is known of an endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Health {
    failing_since: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    disabled: Option<DisabledReason>,
}

impl Health {
    fn after(self, outcome: Outcome, disable_after: Duration, now: DateTime<Utc>) -> Self {
        if outcome.gone {
            return Self {
                disabled: Some(DisabledReason::Gone),
                ..self
            };
        }
        if outcome.succeeded {
            return Self::default();
        }
        if !outcome.failed {
            return self;
        }
        // A failure long after the one before begins a new series: between them nothing was tried.
        let goes_on = self.failed_at.is_some_and(|at| at + disable_after > now);
        let since = self.failing_since.filter(|_| goes_on).unwrap_or(now);
        Self {
            failing_since: Some(since),
            failed_at: Some(now),
            disabled: (since + disable_after <= now).then_some(DisabledReason::Failing),
        }
    }
}

/// Keeps up the endpoints' health, and disables those that are gone or have failed for too long.
pub(super) async fn note(
    conn: &mut PgConnection,
    outcomes: BTreeMap<(AccountId, EndpointId), Outcome>,
    disable_after: Duration,
    now: DateTime<Utc>,
) -> Result<Vec<Disabled>> {
    let mut disabled = Vec::new();
    // In the order of their ids, as everyone does who holds more than one.
    for ((account, endpoint), outcome) in outcomes {
        let row = sqlx::query!(
            "select failing_since, failed_at from endpoints
             where account_id = $1 and id = $2 and disabled_at is null for no key update",
            account.0,
            endpoint.0,
        )
        .fetch_optional(&mut *conn)
        .await?;
        let Some(row) = row else { continue };
        let before = Health {
            failing_since: row.failing_since,
            failed_at: row.failed_at,
            disabled: None,
        };
        let after = before.after(outcome, disable_after, now);
        if after != before {
            write(conn, account, endpoint, after, now).await?;
        }
        if let Some(reason) = after.disabled {
            events::append(conn, account, events::NewEvent::of_endpoint(endpoint), now).await?;
            disabled.push(Disabled {
                account,
                endpoint,
                reason,
            });
        }
    }
    Ok(disabled)
}

async fn write(
    conn: &mut PgConnection,
    account: AccountId,
    endpoint: EndpointId,
    health: Health,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update endpoints set failing_since = $3, failed_at = $4, disabled_reason = $5::text,
                disabled_at = case when $5::text is null then null else $6::timestamptz end
         where account_id = $1 and id = $2",
        account.0,
        endpoint.0,
        health.failing_since,
        health.failed_at,
        health.disabled.map(DisabledReason::as_str),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    const FIVE_DAYS: Duration = Duration::from_secs(5 * 86_400);
    const FAILED: Outcome = Outcome {
        was_failing: false,
        succeeded: false,
        failed: true,
        gone: false,
    };

    fn after_failures(hours: &[i64]) -> Health {
        hours.iter().fold(Health::default(), |health, hour| {
            let now = DateTime::UNIX_EPOCH + TimeDelta::hours(*hour);
            health.after(FAILED, FIVE_DAYS, now)
        })
    }

    #[test]
    fn five_days_of_nothing_but_failure_disable() {
        assert_eq!(after_failures(&[0, 60, 119]).disabled, None);
        assert_eq!(
            after_failures(&[0, 60, 120]).disabled,
            Some(DisabledReason::Failing)
        );
    }

    #[test]
    fn a_success_between_begins_anew() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(119);
        let succeeded = Outcome {
            succeeded: true,
            ..FAILED
        };
        let health = after_failures(&[0, 60]).after(succeeded, FIVE_DAYS, now);
        assert_eq!(health, Health::default());
    }

    #[test]
    fn a_failure_a_month_after_another_is_the_first_of_its_series() {
        let health = after_failures(&[0, 1, 720]);
        assert_eq!(health.disabled, None);
        assert_eq!(
            health.failing_since,
            Some(DateTime::UNIX_EPOCH + TimeDelta::hours(720))
        );
    }
}
