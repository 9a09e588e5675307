//! What an inbox answers by itself: that nobody is there, outside of its hours, or else a greeting.
//!
//! An answer is a message of the server's own, which its contact may see. It is decided in the transaction of the message
//! that it answers, and follows it at once.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::messages::{From, NewMessage};
use super::turns::Saying;
use super::{Result, inbox_settings};
use crate::model::{
    AccountId, Addressee, Attributes, Conversation, InboxId, MessageKind, OpenHours, Placeholders,
};

/// For how long an agent who wrote is there, whatever the hours say.
const AGENT_STAYS: TimeDelta = TimeDelta::minutes(5);

/// What an inbox could say, and what speaks against it.
struct Inbox {
    timezone: String,
    greeting: Option<String>,
    out_of_office: Option<String>,
    /// Whether somebody but the contact has spoken, the server among them.
    was_answered: bool,
    /// Whether the server has spoken today.
    was_answered_today: bool,
    /// Whether an agent has written to the contact just now.
    has_agent: bool,
}

/// What is answered to what is about to be said in a locked conversation: after which of these messages, and what. Nobody
/// is greeted whom somebody else speaks to at the same moment, now or in what comes `next`.
pub(super) async fn to(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    (sayings, next): (&[Saying], &[Saying]),
    now: DateTime<Utc>,
) -> Result<Option<(usize, Saying)>> {
    let is_heard = |saying: &Saying| saying.is_incoming() && !saying.message.private;
    let Some(last) = sayings.iter().rposition(is_heard) else {
        return Ok(None);
    };
    let Some(inbox) = find_speaking(conn, account, conversation, now).await? else {
        return Ok(None);
    };
    let mut all = sayings.iter().chain(next);
    let is_spoken_to = all.any(|saying| saying.message.kind == MessageKind::Outgoing);
    let text = if inbox.is_out(conn, account, conversation.inbox, now).await? {
        inbox.out_of_office
    } else {
        inbox
            .greeting
            .filter(|_| !inbox.was_answered && !is_spoken_to)
    };
    let Some(text) = text else {
        return Ok(None);
    };
    let saying = said(conn, account, conversation, &text).await?;
    Ok(saying.map(|saying| (last + 1, saying)))
}

/// What the server says of its own accord in a conversation, its placeholders replaced; nothing if only blanks are left.
/// The visitor's chat client hears it too.
pub(super) async fn said(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    text: &str,
) -> Result<Option<Saying>> {
    let text = if Placeholders::are_in(text) {
        fill_in(conn, account, conversation, text).await?
    } else {
        text.to_owned()
    };
    Ok((!text.trim().is_empty()).then(|| Saying {
        for_visitor: Some(text.clone()),
        message: NewMessage::text(MessageKind::Template, From::System, text),
    }))
}

async fn fill_in(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    text: &str,
) -> Result<String> {
    let named = sqlx::query!(
        "select i.name as inbox, a.name as account, ct.name, ct.email, ct.phone_number, ct.identifier, ct.custom_attributes
         from inboxes i
         join accounts a on a.id = i.account_id
         join contacts ct on ct.account_id = i.account_id and ct.id = $3
         where i.account_id = $1 and i.id = $2",
        account.0,
        conversation.inbox.0,
        conversation.contact.0,
    )
    .fetch_one(conn)
    .await?;
    let custom_attributes = Attributes::from(named.custom_attributes);
    let contact = Addressee {
        name: &named.name,
        email: named.email.as_deref(),
        phone_number: named.phone_number.as_deref(),
        identifier: named.identifier.as_deref(),
        custom_attributes: &custom_attributes,
    };
    let placeholders = Placeholders {
        contact,
        agent: None,
        conversation: Some(conversation),
        inbox: &named.inbox,
        account: &named.account,
    };
    Ok(placeholders.fill_in(text.to_owned()))
}

/// The conversation's inbox, if it has anything to say by itself. Of a long conversation only what is of today is read, as
/// long as anybody but the contact spoke early on.
async fn find_speaking(
    conn: &mut PgConnection,
    account: AccountId,
    conversation: &Conversation,
    now: DateTime<Utc>,
) -> Result<Option<Inbox>> {
    let inbox = sqlx::query_as!(
        Inbox,
        r#"select i.timezone, s.greeting, s.out_of_office,
                  s.greeting is null
                  or exists (select from messages m
                             where m.account_id = $1 and m.conversation_id = $3 and m.kind in ('outgoing', 'template'))
                      as "was_answered!",
                  coalesce(t.was_answered, false) as "was_answered_today!", coalesce(t.has_agent, false) as "has_agent!"
           from inboxes i
           cross join lateral (
               select case when i.greeting_enabled and i.greeting_message ~ '\S' then i.greeting_message end as greeting,
                      case when i.working_hours_enabled and i.out_of_office_message ~ '\S'
                      then i.out_of_office_message end as out_of_office) s
           cross join lateral (
               select bool_or(m.conversation_id = $3 and m.kind = 'template' and m.created_at >= $5) as was_answered,
                      bool_or(m.conversation_id = $3 and m.kind = 'outgoing' and m.agent_id is not null
                              and m.created_at >= $6) as has_agent
               from messages m
               where m.account_id = $1 and m.contact_inbox_id = $4 and m.created_at >= least($5, $6)
                 and not m.private and m.kind <> 'activity' and s.out_of_office is not null) t
           where i.account_id = $1 and i.id = $2 and i.removed_at is null
             and (s.greeting is not null or s.out_of_office is not null)"#,
        account.0,
        conversation.inbox.0,
        conversation.id.0,
        conversation.contact_inbox.0,
        now.with_time(NaiveTime::MIN).earliest().unwrap_or(now),
        now - AGENT_STAYS,
    )
    .fetch_optional(conn)
    .await?;
    Ok(inbox)
}

impl Inbox {
    /// Whether it is to say that nobody is there.
    async fn is_out(
        &self,
        conn: &mut PgConnection,
        account: AccountId,
        id: InboxId,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        if self.out_of_office.is_none() || self.was_answered_today || self.has_agent {
            return Ok(false);
        }
        let weeks = inbox_settings::read_working_hours(conn, account, &[id.0]).await?;
        let hours = OpenHours {
            week: weeks.get(&id).copied().unwrap_or_default(),
            zone: self.timezone.parse().unwrap_or_default(),
        };
        Ok(!hours.are_at(now))
    }
}
