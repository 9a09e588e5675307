//! Pages that are read: of one conversation, of one visitor, of a month, of a year.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::super::clients::{Question, Requests};
use super::super::crowd::{Crowd, Place};
use super::super::http::{Connection, get, post};
use super::super::pgbench::{Script, Transactions};
use super::super::stage::Stage;
use super::messages::SETTINGS;
use super::{Case, Goal, Line};
use crate::model::Scope;
use crate::store::apps::{self, NewApp};

/// Clients at once, of the server and of the statements.
const CLIENTS: usize = 8;
/// Messages in a short conversation, which is a page, and in a long one.
const SHORT: i64 = 20;
const LONG: i64 = 1_000;
/// Conversations of the year that statistics are of.
const YEAR: i64 = 100_000;
/// What the server may have in memory after it has told of them.
const MEMORY: u64 = 80 * 1024 * 1024;
/// Requests of a kind, which go round: more than one, so that not all that is asked for is in the nearest cache.
const REQUESTS: usize = 200;

/// An account with short conversations and long ones, half of its messages in each.
pub(super) struct Library {
    place: Place,
    short: Vec<i64>,
    long: Vec<i64>,
    imbox: String,
    bot_open: String,
}

pub(super) async fn prepare(stage: &Stage) -> anyhow::Result<Case> {
    let server = stage.serve(SETTINGS).await?;
    let address = server.address;
    let library = Library::new(stage, address, stage.rows).await?;
    let year = year(stage).await?;
    stage.settle().await?;
    let mut lines = library.beside_statements(stage, address);
    let usage = library.usage(address);
    lines.push(
        Line::new(format!("botUsage, {CLIENTS} connections"), usage)
            .goal(Goal::P99(Duration::from_millis(20))),
    );
    let statistics = Requests::new(address, 1, year).until_the_first_byte();
    let line = format!("chatStatistics of {YEAR}, first byte");
    lines.push(
        Line::new(line, statistics)
            .goal(Goal::P99(Duration::from_millis(50)))
            .goal(Goal::Memory(MEMORY)),
    );
    Ok(Case {
        servers: vec![server],
        lines,
    })
}

/// A year of conversations, whose statistics are asked for.
async fn year(stage: &Stage) -> anyhow::Result<Question> {
    let mut place = Place::new(stage, "A year", None).await?;
    let since = stage.now() - TimeDelta::days(360);
    let crowd = Crowd {
        conversations: YEAR,
        messages: 0,
        since,
    };
    place.fill(stage, crowd).await?;
    let key = stage.key(place.account, Scope::Imbox, None).await?;
    let (account, day) = (
        place.account,
        (since - TimeDelta::days(1)).format("%Y-%m-%d"),
    );
    let path = format!("/message/chatStatistics/{key}/{account}?startTime={day}");
    Ok(Question {
        requests: vec![get(&path, "")],
        status: 200,
        check: |answer| has(answer, "json", YEAR),
    })
}

impl Library {
    pub(super) async fn new(stage: &Stage, address: SocketAddr, rows: i64) -> anyhow::Result<Self> {
        let mut place = Place::new(stage, "Library", None).await?;
        let since = stage.now() - TimeDelta::days(20);
        let long = Crowd {
            conversations: rows / 2 / LONG,
            messages: LONG,
            since,
        };
        let short = Crowd {
            conversations: rows / 2 / SHORT,
            messages: SHORT,
            since,
        };
        let long = place.fill(stage, long).await?;
        let short = place.fill(stage, short).await?;
        let some = |of: std::ops::RangeInclusive<i64>| {
            let step = of.clone().count().div_ceil(REQUESTS);
            of.step_by(step.max(1)).collect()
        };
        Ok(Self {
            imbox: stage.key(place.account, Scope::Imbox, None).await?,
            bot_open: log_in(stage, &place, address).await?,
            short: some(short),
            long: some(long),
            place,
        })
    }

    /// Each page beside the statement that its rows come from.
    fn beside_statements(&self, stage: &Stage, address: SocketAddr) -> Vec<Line> {
        let [messages, conversation, transcripts] = self.pages(address);
        let statement = |what: &str, sql: String, of: &[i64]| {
            let script = Script {
                variables: vec![("c", of[0], of[of.len() - 1])],
                statements: vec![sql],
            };
            let work = Transactions::new(stage, "select", script, CLIENTS);
            Line::yardstick(format!("select of {what}, {} x {CLIENTS}", work.by()), work)
        };
        let account = self.place.account;
        let by_conversation =
            format!("{COLUMNS} where m.account_id = {account} and m.conversation_id = :c");
        let by_way = format!(
            "{COLUMNS} where m.account_id = {account} and m.contact_inbox_id = {} + :c
             and m.created_at >= now() - interval '80 days' and not m.private and m.kind <> 'activity'",
            self.place.way(0)
        );
        vec![
            statement(
                "20 messages",
                format!("{by_conversation} order by m.id desc limit 20"),
                &self.short,
            ),
            messages.goal(Goal::Ratio(0.2)),
            statement(
                "1,000 messages",
                format!("{by_conversation} order by m.id limit 1000"),
                &self.long,
            ),
            conversation.goal(Goal::Ratio(0.35)),
            statement(
                "1,000 transcripts",
                format!("{by_way} order by m.created_at, m.id limit 1000"),
                &self.long,
            ),
            transcripts.goal(Goal::Ratio(0.3)),
        ]
    }

    /// What the server makes of them.
    pub(super) fn pages(&self, address: SocketAddr) -> [Line; 3] {
        let account = self.place.account;
        let agent = format!("api_access_token: {}\r\n", self.place.token);
        let app = format!("Authorization: {}\r\n", self.bot_open);
        let messages = self.short.iter().map(|conversation| {
            let path = format!("/api/v1/accounts/{account}/conversations/{conversation}/messages");
            get(&path, &agent)
        });
        let messages = Question {
            requests: messages.collect(),
            status: 200,
            check: |answer| has(answer, "payload", SHORT),
        };
        let conversation = self.long.iter().map(|conversation| {
            let key = &self.imbox;
            get(
                &format!("/message/grabConversation/{key}/{account}/V{conversation}"),
                "",
            )
        });
        let conversation = Question {
            requests: conversation.collect(),
            status: 200,
            // With the page view that it began with.
            check: |answer| has(answer, "json", LONG + 1),
        };
        let transcripts = self.long.iter().map(|conversation| {
            let body = json!({"botUserId": format!("visitor-{conversation}"), "channelId": 1010});
            post("/transcripts?limit=1000", &app, &body)
        });
        let transcripts = Question {
            requests: transcripts.collect(),
            status: 200,
            check: |answer| has(answer, "transcripts", LONG),
        };
        let line = |name: &str| format!("{name}, {CLIENTS} connections");
        [
            Line::new(
                line("list 20 messages"),
                Requests::new(address, CLIENTS, messages),
            ),
            Line::new(
                line("grabConversation of 1,000"),
                Requests::new(address, CLIENTS, conversation),
            ),
            Line::new(
                line("transcripts page of 1,000"),
                Requests::new(address, CLIENTS, transcripts),
            ),
        ]
    }

    /// What was said in the month in which all was.
    pub(super) fn usage(&self, address: SocketAddr) -> Requests {
        let app = format!("Authorization: {}\r\n", self.bot_open);
        let question = Question {
            requests: vec![get("/botUsage", &app)],
            status: 200,
            check: |answer| {
                let messages = answer["totalMessages"].as_i64();
                ensure!(messages > Some(0), "nothing was said: {answer}");
                Ok(())
            },
        };
        Requests::new(address, CLIENTS, question)
    }
}

/// The columns of a message and of who said it, as every API shows them.
const COLUMNS: &str = "
    select m.id, m.conversation_id, m.inbox_id, m.kind, m.contact_id, m.agent_id, u.name, u.display_name, u.email, u.avatar_url,
           m.bot_id, m.content, m.content_type, m.content_attributes, m.additional_attributes, m.rich_kind, m.rich, m.private,
           m.status, m.source_id, m.created_at, m.updated_at
    from messages m left join users u on u.id = m.agent_id";

async fn log_in(stage: &Stage, place: &Place, address: SocketAddr) -> anyhow::Result<String> {
    let new = NewApp {
        bot: place.bot,
        app_id: None,
        secret: None,
    };
    let (app, secret) = apps::create(&stage.store, place.account, new, stage.now()).await?;
    let body = json!({"appId": app.app_id, "appSecret": secret.expose_secret()});
    let mut connection = Connection::open(address).await?;
    let answer = connection.ask_json(&post("/login", "", &body), 200).await?;
    let token = answer["authToken"].as_str().context("no token")?;
    Ok(token.to_owned())
}

/// Whether there are so many under a key.
fn has(answer: &Value, key: &str, expected: i64) -> anyhow::Result<()> {
    let count = answer[key].as_array().map(Vec::len);
    ensure!(
        count == usize::try_from(expected).ok(),
        "{count:?} of {expected} in {key}"
    );
    Ok(())
}
