//! Messages appended to many conversations at once, each with the step that its visitor's session takes: as many
//! statements as for one conversation.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::messages::{self, Kept, Piece};
use super::turns::{Basis, NewSession, Saying};
use super::{Error, Result, conversations, usage};
use crate::model::{AccountId, Channel, Conversation, ConversationId, MessageId};

/// Messages to append to one conversation, and nothing that touches more than it.
#[derive(Debug, Clone)]
pub(super) struct Append {
    /// The account.
    pub(super) account: AccountId,
    /// The conversation.
    pub(super) conversation: ConversationId,
    /// What a turn was computed from, and where it leaves the visitor.
    pub(super) turn: Option<(Basis, NewSession)>,
    /// The messages.
    pub(super) sayings: Vec<Saying>,
    /// Whether the first of them is wanted back.
    pub(super) shows: bool,
    /// When.
    pub(super) now: DateTime<Utc>,
}

/// What became of it.
#[derive(Debug)]
pub(super) enum Appended {
    /// The messages were written. The first of them is there if it is wanted.
    Written(Vec<MessageId>, Option<Box<Kept>>),
    /// The conversation has this one already, by its source id.
    Copy(MessageId),
    /// It has to be done on its own: the conversation is held by somebody else, is not there, changes its status, or may be
    /// answered by its inbox; or nothing is done together.
    Aside,
}

/// A conversation among all accounts'.
pub(super) type Key = (AccountId, ConversationId);

impl Append {
    /// The conversation, among all accounts'.
    pub(super) fn place(&self) -> Key {
        (self.account, self.conversation)
    }

    /// Whether the conversation stands where the turn was computed from.
    fn fits(&self, conversation: &Conversation) -> bool {
        let basis = self.turn.as_ref().map(|(basis, _)| basis);
        basis.is_none_or(|basis| basis.status == conversation.status)
    }

    /// Whether it would do more to this conversation than to add messages.
    fn changes(&self, conversation: &Conversation) -> bool {
        messages::reopens(conversation) && self.sayings.iter().any(Saying::is_incoming)
    }
}

/// Appends to conversations, of which none may come twice. An error is of all of them: nothing was written.
pub(super) async fn write(
    conn: &mut PgConnection,
    appends: &[Append],
) -> Result<Vec<Result<Appended>>> {
    let locked = lock(conn, appends).await?;
    let mut copies = find_copies(conn, appends).await?;
    let mut outcomes: HashMap<Key, Result<Appended>> = HashMap::new();
    let mut fit = Vec::new();
    for append in appends {
        let outcome = match (locked.get(&append.place()), copies.remove(&append.place())) {
            (None, _) => Ok(Appended::Aside),
            (Some(_), Some(copy)) => Ok(Appended::Copy(copy)),
            (Some(conversation), None) if append.changes(conversation) => Ok(Appended::Aside),
            (Some(conversation), None) if !append.fits(conversation) => Err(Error::SessionMoved),
            (Some(_), None) => {
                fit.push(append);
                continue;
            }
        };
        outcomes.insert(append.place(), outcome);
    }
    let moved = move_sessions(conn, &fit).await?;
    let (fit, overtaken): (Vec<&Append>, Vec<&Append>) = fit
        .into_iter()
        .partition(|append| append.turn.is_none() || moved.contains(&append.place()));
    for append in overtaken {
        outcomes.insert(append.place(), Err(Error::SessionMoved));
    }
    let written = insert(conn, &fit, locked).await?;
    outcomes.extend(written);
    let outcome = |append: &Append| {
        outcomes
            .remove(&append.place())
            .unwrap_or(Ok(Appended::Aside))
    };
    Ok(appends.iter().map(outcome).collect())
}

async fn insert(
    conn: &mut PgConnection,
    appends: &[&Append],
    mut locked: HashMap<Key, Conversation>,
) -> Result<Vec<(Key, Result<Appended>)>> {
    let mut conversations: HashMap<Key, &mut Conversation> = locked
        .iter_mut()
        .map(|(key, conversation)| (*key, conversation))
        .collect();
    let (keys, mut pieces): (Vec<Key>, Vec<Piece<'_>>) = appends
        .iter()
        .filter_map(|append| {
            let piece = Piece {
                account: append.account,
                conversation: conversations.remove(&append.place())?,
                sayings: &append.sayings,
                now: append.now,
            };
            Some((append.place(), piece))
        })
        .unzip();
    let ids = messages::put_pieces(conn, &mut pieces).await?;
    let shown = appends.iter().zip(&ids).filter(|(append, _)| append.shows);
    let shown: Vec<(AccountId, MessageId)> = shown
        .filter_map(|(append, ids)| Some((append.account, *ids.first()?)))
        .collect();
    let mut kept = messages::read_kept(conn, &shown).await?;
    usage::count(conn, &pieces).await?;
    let written = keys.into_iter().zip(ids).map(|(key, ids)| {
        let first = ids.first().and_then(|id| kept.remove(&(key.0, *id)));
        (key, Ok(Appended::Written(ids, first.map(Box::new))))
    });
    Ok(written.collect())
}

/// The conversations that nobody else holds, held until the transaction ends.
async fn lock(conn: &mut PgConnection, appends: &[Append]) -> Result<HashMap<Key, Conversation>> {
    let accounts: Vec<i64> = appends.iter().map(|append| append.account.0).collect();
    let ids: Vec<i64> = appends.iter().map(|append| append.conversation.0).collect();
    let heard = |append: &Append| append.sayings.iter().any(Saying::is_incoming);
    let heard: Vec<bool> = appends.iter().map(heard).collect();
    let found = conversations::lock_free(conn, &accounts, &ids, &heard).await?;
    let key = |conversation: Conversation| ((conversation.account, conversation.id), conversation);
    Ok(found.into_iter().map(key).collect())
}

/// The messages that have the source id of a new one already, in API inboxes.
async fn find_copies(
    conn: &mut PgConnection,
    appends: &[Append],
) -> Result<HashMap<Key, MessageId>> {
    let named: Vec<(Key, &str)> = appends
        .iter()
        .filter_map(|append| {
            let source_id = append.sayings.first()?.message.source_id.as_deref()?;
            Some((append.place(), source_id))
        })
        .collect();
    if named.is_empty() {
        return Ok(HashMap::new());
    }
    let accounts: Vec<i64> = named.iter().map(|((account, _), _)| account.0).collect();
    let conversations: Vec<i64> = named.iter().map(|((_, id), _)| id.0).collect();
    let source_ids: Vec<&str> = named.iter().map(|(_, source_id)| *source_id).collect();
    let copies = sqlx::query!(
        r#"select m.account_id as "account: AccountId", m.conversation_id as "conversation: ConversationId",
                  min(m.id) as "id!: MessageId"
           from unnest($1::bigint[], $2::bigint[], $3::text[]) as q(account_id, conversation_id, source_id)
           join messages m on m.account_id = q.account_id and m.conversation_id = q.conversation_id
                          and m.source_id = q.source_id
           join inboxes i on i.account_id = m.account_id and i.id = m.inbox_id and i.channel = $4
           group by m.account_id, m.conversation_id"#,
        &accounts,
        &conversations,
        &source_ids as &[&str],
        Channel::General.as_str(),
    )
    .fetch_all(conn)
    .await?;
    let copies = copies.into_iter();
    Ok(copies
        .map(|copy| ((copy.account, copy.conversation), copy.id))
        .collect())
}

/// Moves the sessions on that are still at the version that their turn was computed from; which they are.
async fn move_sessions(conn: &mut PgConnection, appends: &[&Append]) -> Result<Vec<Key>> {
    let turns: Vec<(&Append, &Basis, &NewSession)> = appends
        .iter()
        .filter_map(|append| {
            let (basis, session) = append.turn.as_ref()?;
            Some((*append, basis, session))
        })
        .collect();
    if turns.is_empty() {
        return Ok(Vec::new());
    }
    let accounts: Vec<i64> = turns.iter().map(|(append, ..)| append.account.0).collect();
    let conversations: Vec<i64> = turns
        .iter()
        .map(|(append, ..)| append.conversation.0)
        .collect();
    let versions: Vec<Option<i64>> = turns.iter().map(|(_, basis, _)| basis.version).collect();
    let bots: Vec<i64> = turns.iter().map(|(.., new)| new.bot.0).collect();
    let flows: Vec<i64> = turns.iter().map(|(.., new)| new.flow_version.0).collect();
    let states: Vec<_> = turns.iter().map(|(.., new)| new.state.clone()).collect();
    let due: Vec<_> = turns.iter().map(|(.., new)| new.due_at).collect();
    let ended: Vec<bool> = turns.iter().map(|(.., new)| new.ended).collect();
    let now: Vec<_> = turns.iter().map(|(append, ..)| append.now).collect();
    let moved = sqlx::query!(
        r#"update flow_sessions s set version = s.version + 1, bot_id = n.bot_id, flow_version = n.flow_version,
                  state = n.state, due_at = n.due_at, ended_at = case when n.ended then coalesce(s.ended_at, n.now) end,
                  updated_at = n.now
           from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::jsonb[], $7::timestamptz[],
                       $8::boolean[], $9::timestamptz[])
               as n(account_id, conversation_id, version, bot_id, flow_version, state, due_at, ended, now)
           where s.account_id = n.account_id and s.conversation_id = n.conversation_id and s.version = n.version
           returning s.account_id as "account: AccountId", s.conversation_id as "conversation: ConversationId""#,
        &accounts,
        &conversations,
        &versions as &[Option<i64>],
        &bots,
        &flows,
        &states,
        &due as &[Option<DateTime<Utc>>],
        &ended,
        &now,
    )
    .fetch_all(conn)
    .await?;
    let moved = moved.into_iter();
    Ok(moved
        .map(|moved| (moved.account, moved.conversation))
        .collect())
}
