//! The account itself.

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::auth::{Administrator, Member};
use super::error::Result;
use super::params::Params;
use super::parse::{self, Faults, MAX_STRING, MAX_TEXT};
use super::route::get;
use super::status::VERSION;
use super::wire::account::{AccountBody, AccountIn};
use super::{Route, Server};
use crate::model::{AccountId, Attributes};
use crate::store::accounts::{self, AccountPatch};
use crate::store::auto_resolve;
use crate::store::cache_keys;

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}",
        get(show, "The account").edit(update, "Changes the account and its settings"),
    )]
}

pub(super) async fn show(
    State(server): State<Server>,
    member: Member,
) -> Result<Json<AccountBody>> {
    answer(&server, member.account).await
}

pub(super) async fn update(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value, .. }: Params<AccountIn>,
) -> Result<Json<AccountBody>> {
    let patch = read(value)?;
    accounts::update(&server.store, member.account, patch, server.now()).await?;
    answer(&server, member.account).await
}

async fn answer(server: &Server, account: AccountId) -> Result<Json<AccountBody>> {
    let keys = cache_keys::get(&server.store, account).await?;
    let account = accounts::get(&server.store, account).await?;
    Ok(Json(AccountBody::new(account, keys, VERSION)))
}

fn read(body: AccountIn) -> Result<AccountPatch> {
    let mut faults = Faults::default();
    let minutes = body.auto_resolve_after.flatten();
    if minutes.is_some_and(|minutes| !auto_resolve::MINUTES.contains(&minutes)) {
        let (least, most) = auto_resolve::MINUTES.into_inner();
        faults.add(
            "auto_resolve_after",
            format!("Auto resolve after must be between {least} and {most}"),
        );
    }
    let message = body.auto_resolve_message.clone().flatten();
    faults.check_length(
        "auto_resolve_message",
        "Auto resolve message",
        message.as_deref(),
        MAX_TEXT,
    );
    let label = body.auto_resolve_label.clone().flatten();
    faults.check_length(
        "auto_resolve_label",
        "Auto resolve label",
        label.as_deref(),
        MAX_STRING,
    );
    let mut patch = names(
        body.name,
        body.locale,
        body.domain,
        body.support_email,
        faults,
    )?;
    patch.settings = present([
        (
            "auto_resolve_after",
            body.auto_resolve_after.map(Value::from),
        ),
        (
            "auto_resolve_message",
            body.auto_resolve_message.map(Value::from),
        ),
        (
            "auto_resolve_ignore_waiting",
            body.auto_resolve_ignore_waiting.map(Value::from),
        ),
        (
            "auto_resolve_label",
            body.auto_resolve_label.map(Value::from),
        ),
        (
            "audio_transcriptions",
            body.audio_transcriptions.map(Value::from),
        ),
        (
            "keep_pending_on_bot_failure",
            body.keep_pending_on_bot_failure.map(Value::from),
        ),
    ]);
    patch.custom_attributes = present([
        ("industry", body.industry.map(Value::from)),
        ("company_size", body.company_size.map(Value::from)),
        ("timezone", body.timezone.map(Value::from)),
    ]);
    Ok(patch)
}

/// What an account is called and where it is found, checked with whatever else was found wrong.
pub(super) fn names(
    name: Option<String>,
    locale: Option<String>,
    domain: Option<String>,
    support_email: Option<String>,
    mut faults: Faults,
) -> Result<AccountPatch> {
    faults.check_present("name", "Name can't be blank", name.as_deref());
    for (attribute, title, text) in [
        ("name", "Name", &name),
        ("domain", "Domain", &domain),
        ("support_email", "Support email", &support_email),
    ] {
        faults.check_length(attribute, title, text.as_deref(), MAX_STRING);
    }
    faults.settle()?;
    if let Some(locale) = &locale {
        check_locale(locale)?;
    }
    Ok(AccountPatch {
        name: name.map(|name| name.trim().to_owned()),
        locale,
        domain,
        support_email,
        ..AccountPatch::default()
    })
}

/// A language such as `en`, `pt_BR` or `zh-CN`.
fn check_locale(locale: &str) -> Result<()> {
    let mut parts = locale.split(['_', '-']);
    let is_word = |text: &str| {
        (2..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    if parts.clone().count() <= 2 && parts.all(is_word) {
        Ok(())
    } else {
        Err(parse::unknown(locale, "locale"))
    }
}

fn present<const N: usize>(fields: [(&str, Option<Value>); N]) -> Attributes {
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Attributes(fields.collect())
}
