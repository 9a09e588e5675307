//! What reports are made of, kept up in the transaction that it happens in: facts, of which a conversation has few, and
//! messages counted by the quarter of an hour.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use sqlx::PgConnection;

use super::Result;
use super::messages::Piece;
use crate::model::{AccountId, Conversation, ConversationStatus, MessageKind, ReportingFact};

/// Messages of one conversation, in one quarter of an hour, of one agent or of nobody.
type Place = (AccountId, DateTime<Utc>, i64, i64);

/// How many came in and went out there, and in which inbox.
#[derive(Default)]
struct Tally {
    inbox: i64,
    incoming: i64,
    outgoing: i64,
}

/// Something that an agent's answer is, as columns.
#[derive(Default)]
struct Facts {
    accounts: Vec<i64>,
    kinds: Vec<&'static str>,
    conversations: Vec<i64>,
    inboxes: Vec<i64>,
    agents: Vec<i64>,
    since: Vec<DateTime<Utc>>,
    at: Vec<DateTime<Utc>>,
}

/// Counts what is said, and notes how long contacts waited for it: one statement. An agent's first answer counts from
/// when the bot handed over, if one did.
pub(super) async fn count(conn: &mut PgConnection, pieces: &mut [Piece<'_>]) -> Result<()> {
    let mut facts = Facts::default();
    let mut tallies: BTreeMap<Place, Tally> = BTreeMap::new();
    for piece in pieces {
        tally(piece, &mut tallies);
        facts.note(piece);
    }
    if tallies.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&Place, &Tally) -> i64| -> Vec<i64> {
        tallies
            .iter()
            .map(|(place, tally)| of(place, tally))
            .collect()
    };
    let quarters: Vec<_> = tallies.keys().map(|(_, quarter, ..)| *quarter).collect();
    sqlx::query!(
        "with fact as (
             insert into reporting_facts (account_id, kind, conversation_id, inbox_id, agent_id, seconds, happened_at)
             select f.account_id, f.kind, f.conversation_id, f.inbox_id, f.agent_id,
                    greatest(extract(epoch from f.at - coalesce(
                        (select max(h.happened_at) from reporting_facts h
                         where f.kind = 'first_response' and h.account_id = f.account_id
                           and h.conversation_id = f.conversation_id and h.kind = 'bot_handoff'), f.since)), 0), f.at
             from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::timestamptz[],
                         $7::timestamptz[])
                 as f(account_id, kind, conversation_id, inbox_id, agent_id, since, at)
         )
         insert into message_tallies (account_id, quarter, conversation_id, agent_id, inbox_id, incoming, outgoing)
         select * from unnest($8::bigint[], $9::timestamptz[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[],
                              $14::bigint[])
         on conflict (account_id, quarter, conversation_id, agent_id) do update
         set incoming = message_tallies.incoming + excluded.incoming, outgoing = message_tallies.outgoing + excluded.outgoing",
        &facts.accounts,
        &facts.kinds as &[&str],
        &facts.conversations,
        &facts.inboxes,
        &facts.agents,
        &facts.since,
        &facts.at,
        &column(|(account, ..), _| account.0),
        &quarters,
        &column(|(_, _, conversation, _), _| *conversation),
        &column(|(.., agent), _| *agent),
        &column(|_, tally| tally.inbox),
        &column(|_, tally| tally.incoming),
        &column(|_, tally| tally.outgoing),
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn tally(piece: &Piece<'_>, tallies: &mut BTreeMap<Place, Tally>) {
    let at = piece.said_at();
    let quarter = at.duration_trunc(TimeDelta::minutes(15)).unwrap_or(at);
    let conversation = piece.conversation.id.0;
    for message in piece.sayings.iter().map(|saying| &saying.message) {
        let (incoming, outgoing) = match message.kind {
            MessageKind::Incoming => (1, 0),
            MessageKind::Outgoing => (0, 1),
            MessageKind::Activity | MessageKind::Template => continue,
        };
        let agent = message.agent().map_or(0, |id| id.0);
        let place = (piece.account, quarter, conversation, agent);
        let tally = tallies.entry(place).or_default();
        tally.inbox = piece.conversation.inbox.0;
        tally.incoming += incoming;
        tally.outgoing += outgoing;
    }
}

impl Facts {
    /// Notes what an agent's answer is: the first, or one that the contact waited for.
    fn note(&mut self, piece: &mut Piece<'_>) {
        let (at, noted) = (piece.said_at(), piece.noted());
        let (account, conversation) = (piece.account, &mut *piece.conversation);
        if let Some(agent) = noted.agent {
            let fact = match (
                conversation.first_agent_message_at,
                conversation.waiting_since,
            ) {
                (None, _) => Some((ReportingFact::FirstResponse, conversation.created_at)),
                (Some(_), Some(since)) => Some((ReportingFact::Reply, since)),
                (Some(_), None) => None,
            };
            if let Some((kind, since)) = fact {
                self.accounts.push(account.0);
                self.kinds.push(kind.as_str());
                self.conversations.push(conversation.id.0);
                self.inboxes.push(conversation.inbox.0);
                self.agents.push(agent.0);
                self.since.push(since);
                self.at.push(at);
            }
            conversation.first_agent_message_at.get_or_insert(at);
            conversation.waiting_since = None;
        }
        if noted.incoming > 0 {
            conversation.waiting_since.get_or_insert(at);
        }
    }
}

/// Notes that a conversation moved, where that is a fact: it was resolved, maybe by its bot alone, or handed over.
pub(super) async fn note_move(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    from: ConversationStatus,
    now: DateTime<Utc>,
) -> Result<()> {
    let kinds: &[&str] = match (from, conversation.status) {
        (ConversationStatus::Resolved, _) => return Ok(()),
        (_, ConversationStatus::Resolved) => &[
            ReportingFact::Resolution.as_str(),
            ReportingFact::BotResolution.as_str(),
        ],
        (ConversationStatus::Pending, ConversationStatus::Open) => {
            &[ReportingFact::BotHandoff.as_str()]
        }
        _ => return Ok(()),
    };
    sqlx::query!(
        "insert into reporting_facts (account_id, kind, conversation_id, inbox_id, agent_id, seconds, happened_at)
         select c.account_id, k.kind, c.id, c.inbox_id, c.assignee_id,
                greatest(extract(epoch from $4 - c.created_at), 0), $4
         from conversations c
         join inboxes i on i.account_id = c.account_id and i.id = c.inbox_id
         cross join unnest($3::text[]) as k(kind)
         where c.account_id = $1 and c.id = $2
           and (k.kind = 'resolution'
                or i.bot_id is not null
                   and not exists (select from reporting_facts h where h.account_id = c.account_id
                                   and h.conversation_id = c.id and h.kind = 'bot_handoff')
                   and (k.kind = 'bot_handoff' or c.first_agent_message_at is null))",
        account.0,
        conversation.id.0,
        kinds as &[&str],
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
