//! Conversations by the thousand, put there past the server: what was said in one lies as far apart as it does when many
//! talk at once.

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use super::stage::Stage;
use crate::clock::{Clock, SystemClock};
use crate::model::{AccountId, AgentId, BotId, Channel, InboxId, Scope};
use crate::store::bots::{self, NewBot};
use crate::store::inboxes::{self, NewInbox};

/// An account with an agent and an inbox.
pub(super) struct Place {
    pub(super) account: AccountId,
    pub(super) agent: AgentId,
    pub(super) bot: BotId,
    pub(super) inbox: InboxId,
    /// The agent's token.
    pub(super) token: String,
    /// The first conversation that is still to come.
    next: i64,
}

/// Conversations to put into a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Crowd {
    /// How many.
    pub(super) conversations: i64,
    /// Messages in each.
    pub(super) messages: i64,
    /// When the first of them began, and so the first message; the last is of now.
    pub(super) since: DateTime<Utc>,
}

/// What a contact's and its way's id are more than the conversation's number, an account.
const APART: i64 = 1_000_000_000;

const PEOPLE: &str = "
    with people as (
        select $1 * $2 + n as id, n, $6::timestamptz + (n - $4) * ($7 - $6) / ($5 - $4 + 1) as moment
        from generate_series($4::bigint, $5::bigint) n
    ), contact as (
        insert into contacts (account_id, id, name, email, last_activity_at, created_at, updated_at)
        select $1, id, 'Contact ' || n, 'contact' || id || '@example.org', $7, moment, moment from people
    ), way as (
        insert into contact_inboxes (account_id, id, contact_id, inbox_id, source_id, pubsub_token, first_interacted_at,
                                     last_interacted_at, created_at, updated_at)
        select $1, id, id, $3, 'visitor-' || n, 'token-' || id, moment, $7, moment, moment from people
    ), visit as (
        insert into visits (account_id, conversation_id, page_url, traffic_type, browser, os, visited_at)
        select $1, n, 'https://example.org/page/' || n % 1000, 'Direct', 'Firefox', 'Linux', moment from people
    )
    insert into conversations (account_id, id, uuid, inbox_id, contact_id, contact_inbox_id, status, stream_id,
                               first_visitor_message_at, first_agent_message_at, last_message_at, last_agent_id,
                               visitor_message_count, last_activity_at, created_at, updated_at)
    select $1, n, gen_random_uuid(), $3, id, id, 'open', id, moment, moment, $7, $8, 1, $7, moment, moment from people";

const MESSAGES: &str = "
    insert into messages (account_id, conversation_id, inbox_id, contact_inbox_id, kind, contact_id, agent_id, content,
                          created_at, updated_at)
    select $1, n, $3, $1 * $2 + n, case when said % 2 = 0 then 'outgoing' else 'incoming' end,
           case when said % 2 = 1 then $1 * $2 + n end, case when said % 2 = 0 then $8::bigint end,
           'Good morning! I ordered two weeks ago and would like to know where it is.',
           $6::timestamptz + said * ($7 - $6) / ($9 + 1), $7
    from generate_series(1, $9::bigint) said, generate_series($4::bigint, $5::bigint) n
    order by said, n";

const USAGE: &str = "
    with said as (
        select date_trunc('month', $6::timestamptz + s * ($7 - $6) / ($9 + 1))::date as month, count(*) as messages
        from generate_series(1, $9::bigint) s group by 1
    ), people as (
        select ($1 * $2 + n) % 16 as slice, count(*) as people from generate_series($4::bigint, $5::bigint) n group by 1
    )
    insert into usage_months (account_id, inbox_id, month, slice, messages, people)
    select $1, $3, month, slice, messages * people, people from said, people
    on conflict (account_id, inbox_id, month, slice) do update
    set messages = usage_months.messages + excluded.messages, people = usage_months.people + excluded.people";

const MONTHS: &str = "
    insert into usage_month_people (account_id, inbox_id, month, contact_inbox_id)
    select $1, $3, month, $1 * $2 + n
    from generate_series(date_trunc('month', $6::timestamptz), $7, interval '1 month') month,
         generate_series($4::bigint, $5::bigint) n";

const COUNTER: &str = "update conversation_counters set last_number = greatest(last_number, $5) where account_id = $1";

impl Place {
    /// With a bot that does not answer, and maybe somebody who hears of what happens in its inbox.
    pub(super) async fn new(
        stage: &Stage,
        name: &str,
        webhook_url: Option<String>,
    ) -> anyhow::Result<Self> {
        let (store, now) = (&stage.store, stage.now());
        let account = stage.account(name).await?;
        let agent = stage.agent(account).await?;
        let bot = NewBot {
            id: None,
            name: name.to_owned(),
            description: String::new(),
            avatar_url: String::new(),
        };
        let bot = bots::create(store, account, bot, None, now).await?.id;
        let inbox = NewInbox {
            bot: Some(bot),
            webhook_url,
            ..NewInbox::new(name, Channel::Webchat)
        };
        let inbox = inboxes::create(store, account, inbox, None, now).await?.id;
        Ok(Self {
            account,
            agent,
            bot,
            inbox,
            token: stage.key(account, Scope::Chatlake, Some(agent)).await?,
            next: 1,
        })
    }

    /// The id of the way that a conversation goes through.
    pub(super) fn way(&self, conversation: i64) -> i64 {
        self.account.0 * APART + conversation
    }

    /// Puts conversations there; their numbers.
    pub(super) async fn fill(
        &mut self,
        stage: &Stage,
        crowd: Crowd,
    ) -> anyhow::Result<std::ops::RangeInclusive<i64>> {
        let (first, last) = (self.next, self.next + crowd.conversations - 1);
        self.next = last + 1;
        let mut connection = stage.pool.acquire().await?.detach();
        // References were thought of by whoever wrote this, and nothing here need outlive the machine's next minute.
        sqlx::raw_sql("set session_replication_role = replica; set synchronous_commit = off")
            .execute(&mut connection)
            .await?;
        for sql in [PEOPLE, MESSAGES, USAGE, MONTHS, COUNTER] {
            self.run(&mut connection, sql, (first, last), crowd)
                .await
                .with_context(|| sql.to_owned())?;
        }
        connection.close().await?;
        Ok(first..=last)
    }

    async fn run(
        &self,
        connection: &mut PgConnection,
        sql: &'static str,
        (first, last): (i64, i64),
        crowd: Crowd,
    ) -> anyhow::Result<()> {
        let query = sqlx::query(sql)
            .bind(self.account)
            .bind(APART)
            .bind(self.inbox)
            .bind(first)
            .bind(last)
            .bind(crowd.since)
            .bind(SystemClock.now())
            .bind(self.agent)
            .bind(crowd.messages);
        query.execute(connection).await?;
        Ok(())
    }
}
