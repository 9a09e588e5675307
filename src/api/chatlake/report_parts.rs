//! Reports on the parts of an account, beside one another: as JSON and as tables.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};

use super::auth::Reporter;
use super::csv_file::CsvFile;
use super::error::{Error, Result};
use super::fields::Query;
use super::reports::{HOURS, SPAN, in_hours, span};
use super::route::{Asked, get};
use super::wire::inbox::channel_type;
use super::wire::report::{PartFigures, PartId, PartOutgoing, PartSummary};
use super::{Route, Server};
use crate::model::{AccountId, ReportingFact};
use crate::store::reports::{self, Division};
use crate::store::{agents, inboxes, label_definitions, members, open_hours};

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v2/accounts/{account_id}/summary_reports/{division}",
            get(
                summaries,
                "Figures of each agent, inbox, team, label or channel",
            )
            .asks(SPAN)
            .asks(HOURS),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/outgoing_messages_count",
            get(
                outgoing,
                "What went out from each agent, inbox, team or label",
            )
            .asks(&[Asked::text(
                "group_by",
                "`agent`, `inbox`, `label` or `team`",
            )])
            .asks(SPAN),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/agents",
            get(agents_table, "Figures of agents, as a table")
                .asks(SPAN)
                .asks(HOURS),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/inboxes",
            get(inboxes_table, "Figures of inboxes, as a table")
                .asks(SPAN)
                .asks(HOURS),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/labels",
            get(labels_table, "Figures of labels, as a table")
                .asks(SPAN)
                .asks(HOURS),
        ),
        (
            "/api/v2/accounts/{account_id}/reports/teams",
            get(teams_table, "Figures of teams, as a table")
                .asks(SPAN)
                .asks(HOURS),
        ),
    ]
}

async fn summaries(
    State(server): State<Server>,
    Reporter(member): Reporter,
    Path((_, division)): Path<(String, String)>,
    query: Query,
) -> Result<Json<Vec<PartSummary>>> {
    let account = member.account;
    if division == "channel" {
        return channels(&server, account, &query).await.map(Json);
    }
    let division = division_of(&division).ok_or(Error::NotFound)?;
    let mut figures = figures(&server, account, division, &query).await?;
    let parts = names(&server, account, division).await?.into_iter();
    let summaries = parts
        .map(|(id, _)| PartSummary::new(PartId::Row(id), figures.remove(&id).unwrap_or_default()));
    Ok(Json(summaries.collect()))
}

/// Of the inboxes of each channel together.
async fn channels(server: &Server, account: AccountId, query: &Query) -> Result<Vec<PartSummary>> {
    let figures = figures(server, account, Division::Inboxes, query).await?;
    let mut channels: BTreeMap<&'static str, PartFigures> = BTreeMap::new();
    for inbox in inboxes::list(&server.store, account).await? {
        let sum = channels.entry(channel_type(inbox.channel)).or_default();
        let of_inbox = figures.get(&inbox.id.0).copied().unwrap_or_default();
        sum.conversations += of_inbox.conversations;
        sum.resolutions += of_inbox.resolutions;
        sum.first_responses += of_inbox.first_responses;
        sum.replies += of_inbox.replies;
    }
    let summary = |(channel, figures)| PartSummary::new(PartId::Channel(channel), figures);
    Ok(channels.into_iter().map(summary).collect())
}

async fn outgoing(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<Json<Vec<PartOutgoing>>> {
    let (account, span) = (member.account, span(&server, &query)?);
    let division = query.last("group_by").and_then(division_of);
    let division = division.ok_or(Error::Unsaid("group_by"))?;
    let counts = reports::outgoing_of_each(&server.store, account, division, span).await?;
    let counts: BTreeMap<i64, i64> = counts.into_iter().collect();
    let parts = names(&server, account, division).await?.into_iter();
    let parts = parts.map(|(id, name)| PartOutgoing {
        id,
        name,
        outgoing_messages_count: counts.get(&id).copied().unwrap_or_default(),
    });
    Ok(Json(parts.collect()))
}

async fn agents_table(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<CsvFile> {
    table(&server, member.account, Division::Agents, &query).await
}

async fn inboxes_table(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<CsvFile> {
    table(&server, member.account, Division::Inboxes, &query).await
}

async fn labels_table(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<CsvFile> {
    table(&server, member.account, Division::Labels, &query).await
}

async fn teams_table(
    State(server): State<Server>,
    Reporter(member): Reporter,
    query: Query,
) -> Result<CsvFile> {
    table(&server, member.account, Division::Teams, &query).await
}

/// Comma-separated values: times in whole seconds, none where there was nothing to measure.
async fn table(
    server: &Server,
    account: AccountId,
    division: Division,
    query: &Query,
) -> Result<CsvFile> {
    let (heading, file) = match division {
        Division::Agents => ("Agent", "agents"),
        Division::Inboxes => ("Inbox", "inboxes"),
        Division::Teams => ("Team", "teams"),
        Division::Labels => ("Label", "labels"),
    };
    let mut figures = figures(server, account, division, query).await?;
    let columns = [
        heading,
        "Conversations",
        "Resolutions",
        "First response time (s)",
        "Resolution time (s)",
        "Reply time (s)",
    ];
    let mut rows = vec![columns.map(str::to_owned)];
    let time = |seconds: Option<f64>| seconds.map_or(String::new(), |time| format!("{time:.0}"));
    for (id, name) in names(server, account, division).await? {
        let of = figures.remove(&id).unwrap_or_default();
        rows.push([
            inert(name),
            of.conversations.to_string(),
            of.resolutions.count.to_string(),
            time(of.first_responses.average()),
            time(of.resolutions.average()),
            time(of.replies.average()),
        ]);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row)
            .expect("memory takes every row of as many columns");
    }
    let bytes = writer.into_inner().expect("memory can be written to");
    Ok(CsvFile {
        disposition: format!("attachment; filename={file}_report.csv"),
        rows: bytes.into(),
    })
}

/// A name that no spreadsheet takes for a formula.
fn inert(name: String) -> String {
    if name.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{name}")
    } else {
        name
    }
}

fn division_of(word: &str) -> Option<Division> {
    Some(match word {
        "agent" => Division::Agents,
        "inbox" => Division::Inboxes,
        "team" => Division::Teams,
        "label" => Division::Labels,
        _ => return None,
    })
}

/// The parts of an account, and what they are called.
async fn names(
    server: &Server,
    account: AccountId,
    division: Division,
) -> Result<Vec<(i64, String)>> {
    let store = &server.store;
    Ok(match division {
        Division::Agents => {
            let agents = agents::list(store, account).await?.into_iter();
            agents.map(|agent| (agent.id.0, agent.name)).collect()
        }
        Division::Inboxes => {
            let inboxes = inboxes::list(store, account).await?.into_iter();
            inboxes.map(|inbox| (inbox.id.0, inbox.name)).collect()
        }
        Division::Teams => {
            let teams = members::list_teams(store, account).await?.into_iter();
            teams.map(|one| (one.team.id.0, one.team.name)).collect()
        }
        Division::Labels => {
            let labels = label_definitions::list(store, account).await?.into_iter();
            labels.map(|label| (label.id.0, label.title)).collect()
        }
    })
}

async fn figures(
    server: &Server,
    account: AccountId,
    division: Division,
    query: &Query,
) -> Result<BTreeMap<i64, PartFigures>> {
    let (store, span) = (&server.store, span(server, query)?);
    let mut figures: BTreeMap<i64, PartFigures> = BTreeMap::new();
    for (id, count) in reports::conversations_of_each(store, account, division, span).await? {
        figures.entry(id).or_default().conversations = count;
    }
    let facts = if in_hours(query) {
        open_hours::facts_of_each(store, account, division, span).await?
    } else {
        reports::facts_of_each(store, account, division, span).await?
    };
    for (id, kind, sum) in facts {
        let of = figures.entry(id).or_default();
        match kind {
            ReportingFact::FirstResponse => of.first_responses = sum,
            ReportingFact::Reply => of.replies = sum,
            ReportingFact::Resolution => of.resolutions = sum,
            ReportingFact::BotResolution | ReportingFact::BotHandoff => {}
        }
    }
    Ok(figures)
}
