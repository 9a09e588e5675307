//! How an inbox behaves, as its administrators set it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use super::cache_keys::{self, List};
use super::endpoints::Behind;
use super::{Error, Noun, Result, Store, endpoints, inbox_events, require, shared_bots};
use crate::model::{AccountId, Attributes, BotId, Hours, Inbox, InboxId, WorkingHours};
use crate::vault::Vault;

/// What to change of an inbox; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct InboxPatch {
    /// What people call it.
    pub name: Option<String>,
    /// Whether a new conversation is greeted.
    pub greeting_enabled: Option<bool>,
    /// The greeting.
    pub greeting_message: Option<Option<String>>,
    /// Whether conversations are given to agents by themselves.
    pub enable_auto_assignment: Option<bool>,
    /// How they are.
    pub auto_assignment_config: Option<Attributes>,
    /// Whether visitors are asked for their e-mail address.
    pub enable_email_collect: Option<bool>,
    /// Whether a resolved conversation asks for a rating.
    pub csat_survey_enabled: Option<bool>,
    /// How it asks.
    pub csat_config: Option<Attributes>,
    /// Whether a resolved conversation can be written to.
    pub allow_messages_after_resolved: Option<bool>,
    /// Whether a contact has one conversation here for good.
    pub lock_to_single_conversation: Option<bool>,
    /// Whether working hours count.
    pub working_hours_enabled: Option<bool>,
    /// What is said outside of them.
    pub out_of_office_message: Option<Option<String>>,
    /// The hours of some weekdays, 0 being Sunday.
    pub working_hours: Vec<(usize, Hours)>,
    /// IANA time zone of the working hours.
    pub timezone: Option<String>,
    /// How senders are named: `friendly` or `professional`.
    pub sender_name_type: Option<String>,
    /// The business in a sender's name.
    pub business_name: Option<Option<String>>,
    /// Where the system behind an API inbox hears of its events; nowhere any more, if `Some(None)`.
    pub webhook_url: Option<Option<String>>,
    /// Whether a visitor's identifier must be proved.
    pub hmac_mandatory: Option<bool>,
    /// Settings that only an API inbox has.
    pub additional_attributes: Option<Attributes>,
    /// What only an inbox with a website has.
    pub widget: Option<WidgetPatch>,
}

/// What to change of a website's chat window; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct WidgetPatch {
    /// The website.
    pub website_url: Option<String>,
    /// Its colour.
    pub color: Option<String>,
    /// Its heading.
    pub welcome_title: Option<Option<String>>,
    /// What stands below.
    pub welcome_tagline: Option<Option<String>>,
    /// The hosts it is shown on, separated by commas; on any, if empty.
    pub allowed_domains: Option<String>,
    /// What visitors can do in it.
    pub features: Option<Vec<String>>,
    /// How soon visitors are told to expect an answer.
    pub reply_time: Option<String>,
}

/// A website's chat window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Widget {
    /// The website.
    pub website_url: String,
    /// Its colour.
    pub color: String,
    /// Its heading.
    pub welcome_title: Option<String>,
    /// What stands below.
    pub welcome_tagline: Option<String>,
    /// The hosts it is shown on, separated by commas; on any, if empty.
    pub allowed_domains: String,
    /// What visitors can do in it.
    pub features: Vec<String>,
    /// How soon visitors are told to expect an answer.
    pub reply_time: String,
}

/// Changes an inbox and tells of it.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: InboxId,
    patch: InboxPatch,
    now: DateTime<Utc>,
) -> Result<Inbox> {
    let vault = store.vault().clone();
    store
        .write(move |conn| {
            Box::pin(async move {
                lock(conn, account, id).await?;
                let before = inbox_events::snapshot(conn, account, id).await?;
                apply(conn, &vault, account, id, patch, now).await?;
                inbox_events::append_updated(conn, account, id, &before, now).await
            })
        })
        .await?;
    super::inboxes::get(store, account, id).await
}

/// Removes an inbox: nothing comes in there any more, and only administrators still find its conversations.
pub async fn remove(
    store: &Store,
    account: AccountId,
    id: InboxId,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                lock(conn, account, id).await?;
                endpoints::remove(conn, account, Behind::Inbox(id), now).await?;
                sqlx::query!(
                    "delete from inbox_members where account_id = $1 and inbox_id = $2",
                    account.0,
                    id.0,
                )
                .execute(&mut *conn)
                .await?;
                sqlx::query!(
                    "update inboxes set removed_at = $3, bot_id = null, updated_at = $3 where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                    now,
                )
                .execute(&mut *conn)
                .await?;
                cache_keys::touch(conn, account, List::Inboxes, now).await
            })
        })
        .await
}

/// Lets a bot answer first in an inbox, or none.
pub async fn set_bot(
    store: &Store,
    account: AccountId,
    id: InboxId,
    bot: Option<BotId>,
    now: DateTime<Utc>,
) -> Result<()> {
    store
        .write(move |conn| {
            Box::pin(async move {
                if let Some(bot) = bot {
                    shared_bots::adopt(conn, account, bot, now).await?;
                    require::bot(conn, account, bot).await?;
                }
                lock(conn, account, id).await?;
                sqlx::query!(
                    "update inboxes set bot_id = $3, updated_at = $4
                     where account_id = $1 and id = $2 and bot_id is distinct from $3",
                    account.0,
                    id.0,
                    bot.map(|id| id.0),
                    now,
                )
                .execute(conn)
                .await?;
                Ok(())
            })
        })
        .await
}

/// Gives the webhook of an API inbox a new secret; the one it had signs nothing any more.
pub async fn reset_secret(
    store: &Store,
    account: AccountId,
    id: InboxId,
    now: DateTime<Utc>,
) -> Result<()> {
    let vault = store.vault().clone();
    store
        .write(move |conn| {
            Box::pin(async move {
                endpoints::reset_secret(conn, &vault, account, Behind::Inbox(id), now).await
            })
        })
        .await
}

/// When inboxes are open; one that is not there has the usual hours.
pub async fn list_working_hours(
    store: &Store,
    account: AccountId,
    ids: &[i64],
) -> Result<HashMap<InboxId, WorkingHours>> {
    read_working_hours(&mut *store.read().await?, account, ids).await
}

/// The same, as part of something larger.
pub(super) async fn read_working_hours(
    conn: &mut PgConnection,
    account: AccountId,
    ids: &[i64],
) -> Result<HashMap<InboxId, WorkingHours>> {
    let rows = sqlx::query!(
        r#"select inbox_id as "inbox: InboxId", day, all_day, opens, closes from working_hours
           where account_id = $1 and inbox_id = any ($2)"#,
        account.0,
        ids,
    )
    .fetch_all(conn)
    .await?;
    let mut weeks: HashMap<InboxId, WorkingHours> = HashMap::new();
    for row in rows {
        let minute = |minute: Option<i16>| minute.and_then(|minute| u16::try_from(minute).ok());
        let hours = match (minute(row.opens), minute(row.closes)) {
            _ if row.all_day => Hours::AllDay,
            (Some(opens), Some(closes)) => Hours::Between(opens, closes),
            _ => Hours::Closed,
        };
        let day = usize::try_from(row.day).unwrap_or_default();
        if let Some(place) = weeks.entry(row.inbox).or_default().0.get_mut(day) {
            *place = hours;
        }
    }
    Ok(weeks)
}

/// The chat windows of websites.
pub async fn list_widgets(
    store: &Store,
    account: AccountId,
    ids: &[i64],
) -> Result<HashMap<InboxId, Widget>> {
    let rows = sqlx::query!(
        r#"select inbox_id as "inbox: InboxId", website_url, color, welcome_title, welcome_tagline, allowed_domains, features,
                  reply_time
           from web_widgets where account_id = $1 and inbox_id = any ($2)"#,
        account.0,
        ids,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let widgets = rows.into_iter().map(|row| {
        let widget = Widget {
            website_url: row.website_url,
            color: row.color,
            welcome_title: row.welcome_title,
            welcome_tagline: row.welcome_tagline,
            allowed_domains: row.allowed_domains,
            features: row.features,
            reply_time: row.reply_time,
        };
        (row.inbox, widget)
    });
    Ok(widgets.collect())
}

/// Writes what somebody chose for an inbox.
pub(super) async fn apply(
    conn: &mut PgConnection,
    vault: &Vault,
    account: AccountId,
    id: InboxId,
    patch: InboxPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    match &patch.webhook_url {
        Some(Some(url)) => {
            endpoints::set_inbox_url(conn, vault, account, id, url, now).await?;
        }
        Some(None) => endpoints::remove(conn, account, Behind::Inbox(id), now).await?,
        None => {}
    }
    set_working_hours(conn, account, id, &patch.working_hours).await?;
    if let Some(widget) = &patch.widget {
        set_widget(conn, account, id, widget).await?;
    }
    set_columns(conn, account, id, patch, now).await
}

async fn set_columns(
    conn: &mut PgConnection,
    account: AccountId,
    id: InboxId,
    patch: InboxPatch,
    now: DateTime<Utc>,
) -> Result<()> {
    sqlx::query!(
        "update inboxes set
             name = coalesce($3, name), greeting_enabled = coalesce($4, greeting_enabled),
             greeting_message = case when $5 then $6 else greeting_message end,
             enable_auto_assignment = coalesce($7, enable_auto_assignment),
             auto_assignment_config = coalesce($8, auto_assignment_config),
             enable_email_collect = coalesce($9, enable_email_collect),
             csat_survey_enabled = coalesce($10, csat_survey_enabled), csat_config = coalesce($11, csat_config),
             allow_messages_after_resolved = coalesce($12, allow_messages_after_resolved),
             lock_to_single_conversation = coalesce($13, lock_to_single_conversation),
             working_hours_enabled = coalesce($14, working_hours_enabled),
             out_of_office_message = case when $15 then $16 else out_of_office_message end,
             timezone = coalesce($17, timezone), sender_name_type = coalesce($18, sender_name_type),
             business_name = case when $19 then $20 else business_name end,
             hmac_mandatory = coalesce($21, hmac_mandatory),
             additional_attributes = coalesce($22, additional_attributes), updated_at = $23
         where account_id = $1 and id = $2",
        account.0,
        id.0,
        patch.name,
        patch.greeting_enabled,
        patch.greeting_message.is_some(),
        patch.greeting_message.flatten(),
        patch.enable_auto_assignment,
        patch.auto_assignment_config.map(Value::from),
        patch.enable_email_collect,
        patch.csat_survey_enabled,
        patch.csat_config.map(Value::from),
        patch.allow_messages_after_resolved,
        patch.lock_to_single_conversation,
        patch.working_hours_enabled,
        patch.out_of_office_message.is_some(),
        patch.out_of_office_message.flatten(),
        patch.timezone,
        patch.sender_name_type,
        patch.business_name.is_some(),
        patch.business_name.flatten(),
        patch.hmac_mandatory,
        patch.additional_attributes.map(Value::from),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the hours of some weekdays. The first time, the others get the usual ones.
async fn set_working_hours(
    conn: &mut PgConnection,
    account: AccountId,
    id: InboxId,
    hours: &[(usize, Hours)],
) -> Result<()> {
    if hours.is_empty() {
        return Ok(());
    }
    let usual = WorkingHours::default().0;
    insert_hours(conn, account, id, usual.into_iter().enumerate(), false).await?;
    insert_hours(conn, account, id, hours.iter().copied(), true).await
}

async fn insert_hours(
    conn: &mut PgConnection,
    account: AccountId,
    id: InboxId,
    hours: impl Iterator<Item = (usize, Hours)>,
    replace: bool,
) -> Result<()> {
    let (mut days, mut all_day, mut opens, mut closes) = (vec![], vec![], vec![], vec![]);
    let minute = |minute: u16| i16::try_from(minute).unwrap_or(i16::MAX);
    // A day that comes twice is as it came last.
    let week: HashMap<usize, Hours> = hours.collect();
    for (day, hours) in week {
        let between = match hours {
            Hours::Between(opens, closes) => Some((minute(opens), minute(closes))),
            Hours::Closed | Hours::AllDay => None,
        };
        days.push(i16::try_from(day).unwrap_or(i16::MAX));
        all_day.push(hours == Hours::AllDay);
        opens.push(between.map(|(opens, _)| opens));
        closes.push(between.map(|(_, closes)| closes));
    }
    sqlx::query!(
        "insert into working_hours (account_id, inbox_id, day, all_day, opens, closes)
         select $1, $2, h.* from unnest($3::smallint[], $4::boolean[], $5::smallint[], $6::smallint[]) as h
         on conflict (account_id, inbox_id, day) do update
         set all_day = excluded.all_day, opens = excluded.opens, closes = excluded.closes where $7",
        account.0,
        id.0,
        &days,
        &all_day,
        &opens as &[Option<i16>],
        &closes as &[Option<i16>],
        replace,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn set_widget(
    conn: &mut PgConnection,
    account: AccountId,
    id: InboxId,
    widget: &WidgetPatch,
) -> Result<()> {
    sqlx::query!(
        "insert into web_widgets (account_id, inbox_id, website_url) values ($1, $2, coalesce($3, ''))
         on conflict (account_id, inbox_id) do nothing",
        account.0,
        id.0,
        widget.website_url,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update web_widgets set
             website_url = coalesce($3, website_url), color = coalesce($4, color),
             welcome_title = case when $5 then $6 else welcome_title end,
             welcome_tagline = case when $7 then $8 else welcome_tagline end,
             allowed_domains = coalesce($9, allowed_domains), features = coalesce($10, features),
             reply_time = coalesce($11, reply_time)
         where account_id = $1 and inbox_id = $2",
        account.0,
        id.0,
        widget.website_url,
        widget.color,
        widget.welcome_title.is_some(),
        widget.welcome_title.clone().flatten(),
        widget.welcome_tagline.is_some(),
        widget.welcome_tagline.clone().flatten(),
        widget.allowed_domains,
        widget.features.as_deref(),
        widget.reply_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Two who change an inbox at once do it one after the other.
pub(super) async fn lock(conn: &mut PgConnection, account: AccountId, id: InboxId) -> Result<()> {
    sqlx::query_scalar!(
        "select id from inboxes where account_id = $1 and id = $2 and removed_at is null for no key update",
        account.0,
        id.0,
    )
    .fetch_optional(conn)
    .await?
    .map(drop)
    .ok_or(Error::NotFound(Noun::Inbox))
}
