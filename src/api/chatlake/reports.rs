//! Reports on an account, for its administrators.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, TimeDelta, Utc};

use super::auth::{Member, Reporter};
use super::error::{Error, Result};
use super::fields::Query;
use super::periods::{Period, Zone};
use super::route::{Asked, get};
use super::wire::report::{
    Average, BotMetrics, BotSummary, Count, LiveAgent, LiveNumbers, LiveReport, Report, Summary,
    WithPrevious,
};
use super::{Route, Server};
use crate::model::{AccountId, AgentId, InboxId, LabelId, ReportingFact, TeamId};
use crate::store::reports::{self, Direction, Quarter, Span, Subject, Sum};
use crate::store::{agents, inboxes, label_definitions, members, open_hours};

/// What a report is about that does not say since when.
const USUAL_DAYS: i64 = 30;

/// From when to when, in seconds since 1970.
pub(super) const SPAN: &[Asked] = &[
    Asked::number("since", "A month before the end if it is not said"),
    Asked::number("until", "Now if it is not said"),
];

/// Which time counts of what took a while.
pub(super) const HOURS: &[Asked] = &[Asked::text(
    "business_hours",
    "Whether only the time counts when inboxes are open that keep hours: `true` or `false`",
)];

/// What is reported on.
const SUBJECT: &[Asked] = &[
    Asked::text("type", "`account`, `agent`, `inbox`, `label` or `team`"),
    Asked::number("id", "Of the row, unless it is about the account"),
];

/// What is told of it, and by which periods.
const SERIES: &[Asked] = &[
    Asked::text(
        "metric",
        "As in `conversations_count` or `avg_first_response_time`",
    ),
    Asked::text("group_by", "`hour`, `day`, `week`, `month` or `year`"),
    Asked::text("timezone", "An IANA name"),
    Asked::text("timezone_offset", "Hours from UTC"),
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v2/accounts/{account_id}/reports",
            get(series, "A metric over time")
                .asks(SERIES)
                .asks(SUBJECT)
                .asks(SPAN)
                .asks(HOURS),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/summary",
            get(summary, "The main metrics, and those of the time before")
                .asks(SUBJECT)
                .asks(SPAN)
                .asks(HOURS),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/bot_summary",
            get(
                bot_summary,
                "The metrics of bots, and those of the time before",
            )
            .asks(SUBJECT)
            .asks(SPAN),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/bot_metrics",
            get(bot_metrics, "How bots do").asks(SPAN),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/conversations",
            get(
                conversations,
                "Where conversations stand, of the account or of each agent",
            )
            .asks(&[
                Asked::text("type", "`account` or `agent`"),
                Asked::number("user_id", "Of this agent alone"),
            ]),
        ),
        (
            "/api/v2/accounts/{account_id}/live_reports/conversation_metrics",
            get(live, "Where conversations stand").asks(&[Asked::number("team_id", "")]),
        ),
    ]
}

/// What a report tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    Conversations,
    Messages(Direction),
    /// How often something happened.
    Count(ReportingFact),
    /// How long it took.
    Average(ReportingFact),
}

impl Metric {
    fn read(query: &Query) -> Option<Self> {
        Some(match query.last("metric")? {
            "conversations_count" => Self::Conversations,
            "incoming_messages_count" => Self::Messages(Direction::Incoming),
            "outgoing_messages_count" => Self::Messages(Direction::Outgoing),
            "avg_first_response_time" => Self::Average(ReportingFact::FirstResponse),
            "avg_resolution_time" => Self::Average(ReportingFact::Resolution),
            "reply_time" => Self::Average(ReportingFact::Reply),
            "resolutions_count" => Self::Count(ReportingFact::Resolution),
            "bot_resolutions_count" => Self::Count(ReportingFact::BotResolution),
            "bot_handoffs_count" => Self::Count(ReportingFact::BotHandoff),
            _ => return None,
        })
    }
}

/// Whose figures are asked for, and of when.
#[derive(Debug, Clone)]
struct Scope<'a> {
    server: &'a Server,
    account: AccountId,
    subject: Subject,
    span: Span,
    in_hours: bool,
}

impl<'a> Scope<'a> {
    async fn read(server: &'a Server, member: &Member, query: &Query) -> Result<Self> {
        let account = member.account;
        Ok(Self {
            server,
            account,
            subject: subject(server, account, query).await?,
            span: span(server, query)?,
            in_hours: in_hours(query),
        })
    }

    /// The same, for as long, just before.
    fn before(&self) -> Self {
        let Span { since, until } = self.span;
        Self {
            span: Span {
                since: since - (until - since),
                until: since,
            },
            ..self.clone()
        }
    }

    async fn quarters(&self, metric: Metric) -> Result<Vec<Quarter>> {
        let (store, account) = (&self.server.store, self.account);
        let (subject, span) = (&self.subject, self.span);
        Ok(match metric {
            Metric::Conversations => reports::conversations(store, account, subject, span).await?,
            Metric::Messages(direction) => {
                reports::messages(store, account, direction, subject, span).await?
            }
            Metric::Average(kind) if self.in_hours => {
                open_hours::facts(store, account, kind, subject, span).await?
            }
            Metric::Count(kind) | Metric::Average(kind) => {
                reports::facts(store, account, kind, subject, span).await?
            }
        })
    }

    async fn total(&self, metric: Metric) -> Result<Sum> {
        let mut total = Sum::default();
        for (_, sum) in self.quarters(metric).await? {
            total += sum;
        }
        Ok(total)
    }

    async fn count(&self, metric: Metric) -> Result<i64> {
        Ok(self.total(metric).await?.count)
    }

    async fn average(&self, kind: ReportingFact) -> Result<Option<f64>> {
        Ok(self.total(Metric::Average(kind)).await?.average())
    }

    async fn summary(&self) -> Result<Summary> {
        let resolutions = self
            .total(Metric::Average(ReportingFact::Resolution))
            .await?;
        Ok(Summary {
            conversations_count: self.count(Metric::Conversations).await?,
            incoming_messages_count: self.count(Metric::Messages(Direction::Incoming)).await?,
            outgoing_messages_count: self.count(Metric::Messages(Direction::Outgoing)).await?,
            avg_first_response_time: self.average(ReportingFact::FirstResponse).await?,
            avg_resolution_time: resolutions.average(),
            resolutions_count: resolutions.count,
            reply_time: self.average(ReportingFact::Reply).await?,
        })
    }

    async fn bot_summary(&self) -> Result<BotSummary> {
        let (resolved, handed_over) = (ReportingFact::BotResolution, ReportingFact::BotHandoff);
        Ok(BotSummary {
            bot_resolutions_count: self.count(Metric::Count(resolved)).await?,
            bot_handoffs_count: self.count(Metric::Count(handed_over)).await?,
        })
    }
}

async fn series(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<Report>> {
    let scope = Scope::read(&server, &member, &query).await?;
    let Some(metric) = Metric::read(&query) else {
        return Ok(Json(Report::Nothing {}));
    };
    let quarters = scope.quarters(metric).await?;
    let zone = Zone::read(&query)?;
    let periods = Period::read(&query).divide(zone, scope.span, &quarters)?;
    let periods = periods.into_iter().map(|(at, sum)| (at.timestamp(), sum));
    Ok(Json(match metric {
        Metric::Average(_) => Report::Averages(
            periods
                .map(|(timestamp, sum)| Average {
                    value: sum.average().unwrap_or_default(),
                    timestamp,
                    count: sum.count,
                })
                .collect(),
        ),
        Metric::Conversations | Metric::Messages(_) | Metric::Count(_) => Report::Counts(
            periods
                .map(|(timestamp, sum)| Count {
                    value: sum.count,
                    timestamp,
                })
                .collect(),
        ),
    }))
}

async fn summary(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<WithPrevious<Summary>>> {
    let scope = Scope::read(&server, &member, &query).await?;
    Ok(Json(WithPrevious {
        now: scope.summary().await?,
        previous: scope.before().summary().await?,
    }))
}

async fn bot_summary(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<WithPrevious<BotSummary>>> {
    let scope = Scope::read(&server, &member, &query).await?;
    Ok(Json(WithPrevious {
        now: scope.bot_summary().await?,
        previous: scope.before().bot_summary().await?,
    }))
}

async fn bot_metrics(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<BotMetrics>> {
    let span = span(&server, &query)?;
    let figures = reports::bot_figures(&server.store, member.account, span).await?;
    let rate = |part: i64| (part * 100).checked_div(figures.conversations).unwrap_or(0);
    Ok(Json(BotMetrics {
        conversation_count: figures.conversations,
        message_count: figures.messages,
        resolution_rate: rate(figures.resolved),
        handoff_rate: rate(figures.handed_over),
    }))
}

/// Where conversations stand, of the account or of each agent, or one of them.
async fn conversations(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<LiveReport>> {
    let (store, account) = (&server.store, member.account);
    match query.last("type") {
        Some("account") => {
            let live = reports::live(store, account, None).await?;
            Ok(Json(LiveReport::Account(live.into())))
        }
        Some("agent") => {
            let live = reports::live_of_agents(store, account).await?;
            let of = |id: AgentId| live.iter().find(|(agent, _)| *agent == id);
            let one = query.number("user_id")?;
            let agents = agents::list(store, account).await?.into_iter();
            let agents = agents.filter(|agent| one.is_none_or(|id| agent.id.0 == id));
            let agents = agents.map(|agent| {
                let live = of(agent.id).map(|(_, live)| *live).unwrap_or_default();
                LiveAgent::new(agent, live)
            });
            Ok(Json(LiveReport::Agents(agents.collect())))
        }
        Some(_) | None => Err(Error::Unsaid("type")),
    }
}

async fn live(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<LiveNumbers>> {
    let (store, account) = (&server.store, member.account);
    let team = match query.number("team_id")? {
        Some(id) => Some(members::get_team(store, account, TeamId(id)).await?.team.id),
        None => None,
    };
    let live = reports::live(store, account, team).await?;
    Ok(Json(live.into()))
}

/// What is reported on: of the account, or of a row of it, which must be there.
async fn subject(server: &Server, account: AccountId, query: &Query) -> Result<Subject> {
    let kind = query.last("type").ok_or(Error::Missing("type"))?;
    let mut subject = Subject::default();
    if kind == "account" {
        return Ok(subject);
    }
    let store = &server.store;
    let id = query.number("id")?.ok_or(Error::NotFound)?;
    match kind {
        "agent" => subject.agent = Some(agents::get(store, account, AgentId(id)).await?.id),
        "inbox" => subject.inbox = Some(inboxes::get(store, account, InboxId(id)).await?.id),
        "team" => {
            let team = members::get_team(store, account, TeamId(id)).await?;
            subject.team = Some(team.team.id);
        }
        "label" => {
            let label = label_definitions::get(store, account, LabelId(id)).await?;
            subject.label = Some(label.title);
        }
        _ => {
            return Err(Error::Refused(
                "type: account, agent, inbox, label or team".to_owned(),
            ));
        }
    }
    Ok(subject)
}

/// Whether only the time counts when inboxes are open.
pub(super) fn in_hours(query: &Query) -> bool {
    matches!(query.last("business_hours"), Some("true" | "1"))
}

/// From when to when: the last month, if nobody says.
pub(super) fn span(server: &Server, query: &Query) -> Result<Span> {
    let moment = |name: &'static str| -> Result<Option<DateTime<Utc>>> {
        let Some(seconds) = query.number(name)? else {
            return Ok(None);
        };
        // PostgreSQL's calendar ends before this one's.
        let fits = (0..=253_402_300_799).contains(&seconds);
        let at = DateTime::from_timestamp(seconds, 0).filter(|_| fits);
        at.map(Some)
            .ok_or_else(|| Error::Refused(format!("{name}: seconds since 1970 are expected")))
    };
    let until = moment("until")?.unwrap_or(server.now());
    let since = moment("since")?.unwrap_or(until - TimeDelta::days(USUAL_DAYS));
    Ok(Span { since, until })
}
