//! `quartet demo`

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use ipnet::{Ipv4Net, Ipv6Net};

use super::Settings;
use super::serve::serve;
use crate::app::backing::{Backing, MissingKey};
use crate::clock::{Clock, SystemClock};
use crate::config::{Allowed, Config};
use crate::demo;
use crate::telemetry;

/// Why the demo does not start. Its credentials are published.
#[derive(Debug, thiserror::Error)]
#[error(
    "the demo listens on this machine alone, as everybody knows its keys: {0} is no loopback address"
)]
pub(super) struct NotLoopback(IpAddr);

#[derive(Debug, Args)]
pub(super) struct Demo {
    #[command(flatten)]
    settings: Settings,
    /// Where to listen: a loopback address, as in 127.0.0.1:8080.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let mut config = self.settings.load(self.listen)?;
        let ip = config.http.listen.ip();
        if !ip.to_canonical().is_loopback() {
            return Err(NotLoopback(ip).into());
        }
        allow_loopback(&mut config);
        telemetry::init(&config.log)?;
        let backing = Backing::open(&config, MissingKey::Make).await?;
        let now = SystemClock.now();
        let loaded = async {
            backing.store.migrate().await?;
            demo::load(&backing.store, now).await
        };
        if let Err(error) = loaded.await {
            backing.close().await?;
            return Err(error.into());
        }
        serve(&config, backing, async |address| {
            Ok(greet(&mut std::io::stdout().lock(), address, now)?)
        })
        .await
    }
}

/// A sample integration runs on this machine too, so its callbacks are let through.
fn allow_loopback(config: &mut Config) {
    let loopback = [
        Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 8).trunc().into(),
        Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128).into(),
    ];
    let networks = loopback.into_iter().map(Allowed::Network);
    config.outbound.allow.extend(networks);
    config
        .outbound
        .allow
        .push(Allowed::Host("localhost".to_owned()));
}

/// Prints a call of each API that works as it stands.
fn greet(out: &mut impl Write, address: SocketAddr, now: DateTime<Utc>) -> std::io::Result<()> {
    let demo::Credentials {
        account,
        bot,
        instabot_key,
        imbox_key,
        app_id,
        app_secret,
        administrator_token,
        admin_key,
        ..
    } = demo::CREDENTIALS;
    let url = format!("http://{address}");
    let json = "-H 'Content-Type: application/json'";
    let (from, to) = ((now - TimeDelta::days(30)).date_naive(), now.date_naive());
    writeln!(
        out,
        r#"
Quartet is up at {url} with account {account} and its sample conversations. A call of each API:

# Instabot: starts a chat. The bot greets and asks; answer it with the streamId that you get.
curl -s {url}/secure/send {json} -d '{{"apiKey":"{instabot_key}","start":true,"botId":{bot},"email":"you@example.com"}}'

# Bot Open: logs in and lists the bot's users; look for their botUserId, which /transcripts takes.
curl -s "{url}/users?page=1&limit=25" {json} -d '{{}}' -H "Authorization: $(curl -s {url}/login {json} -d '{{"appId":"{app_id}","appSecret":"{app_secret}"}}' | sed 's/.*"authToken":"\([^"]*\)".*/\1/')"

# ImBox: the conversations of the last month; give a conversationID to grabConversation and see who said what.
curl -s {url}/message/listConversations/{imbox_key}/{account}/{from}/{to}

# Chatlake: the same conversations, as agents see them, with notes, labels and assignees.
curl -s "{url}/api/v1/accounts/{account}/conversations?status=resolved" -H 'api_access_token: {administrator_token}'

# Quartet's own API: what the account is made of.
curl -s {url}/admin/v1/inboxes -H 'Authorization: Bearer {admin_key}'
"#
    )?;
    out.flush()
}
