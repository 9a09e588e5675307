//! Published clients, unmodified, against a real server. They need Node and what `scripts/clients` installs for them.

use std::path::Path;
use std::process::Command;

use quartet::model::Role;
use quartet::store;
use secrecy::ExposeSecret;

use crate::app::TestApp;
use crate::process::Process;

/// Where the clients are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// The oldest Node that they run on.
const NODE: u32 = 20;

/// Which Node there is.
fn node() -> Option<u32> {
    let told = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(told.stdout).ok()?;
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// What is missing to run them, if something is.
fn missing() -> Option<&'static str> {
    if node().is_none_or(|version| version < NODE) {
        return Some("there is no Node 20 or newer");
    }
    if !Path::new(FOLDER).join("node_modules").is_dir() {
        return Some("they are not installed (scripts/clients does that)");
    }
    None
}

#[tokio::test]
async fn a_published_client_finds_everything_that_it_asks_for() {
    if let Some(missing) = missing() {
        eprintln!("SKIPPED: published clients are not run: {missing}");
        return;
    }
    let app = TestApp::start().await;
    let account = app.account().await;
    let admin = app.agent(account, "Ada", Role::Administrator).await;
    let token = app.token(account, admin.id).await;
    let made = store::platform_apps::create(app.store(), "Clients".to_owned(), app.now());
    let (_, platform_token) = made.await.unwrap();

    let server = Process::start(&app.database);
    let run = Command::new("node")
        .args(["--test", "--test-reporter=spec", "chatwoot_sdk.test.mjs"])
        .current_dir(FOLDER)
        .env("QUARTET_URL", &server.url)
        .env("QUARTET_ACCOUNT", account.to_string())
        .env("QUARTET_ADMIN_TOKEN", token)
        .env("QUARTET_PLATFORM_TOKEN", platform_token.expose_secret())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{told}");
    eprintln!("{told}");
}
