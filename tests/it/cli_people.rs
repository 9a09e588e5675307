//! Commands about people who sign in, and programs that make them.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quartet::model::Role;
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::app::TestApp;
use crate::database::KEY;

/// Runs a command that is told something on its standard input.
async fn run(app: &TestApp, arguments: &[&str], told: &str) -> Output {
    let data = TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_quartet"));
    command
        .args(arguments)
        .current_dir(data.path())
        .env("DATABASE_URL", app.database.options.to_url_lossy().as_str())
        .env("QUARTET__SECRETS__KEY", STANDARD.encode(KEY))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let told = told.to_owned();
    tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that takes no input may be gone already.
        let _ = stdin.write_all(told.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    })
    .await
    .unwrap()
}

async fn sign_in(app: &TestApp, password: &str) -> u16 {
    let body = json!({"email": "jane.doe@example.org", "password": password});
    app.post("/auth/sign_in", &body).await.status.as_u16()
}

#[tokio::test]
async fn a_password_is_read_from_the_standard_input() {
    let app = TestApp::start().await;
    let account = app.account().await;
    let jane = app.agent(account, "Jane Doe", Role::Agent).await.id;
    let (account, jane) = (account.to_string(), jane.to_string());
    let arguments = ["agent", "password", &jane, "--account", &account];
    let set = run(&app, &arguments, "correct horse\n").await;
    assert!(set.status.success(), "{set:?}");
    assert_eq!(set.stdout, b"");
    assert_eq!(sign_in(&app, "correct horse").await, 200);
    let short = run(&app, &arguments, "short\n").await;
    assert_eq!(
        String::from_utf8(short.stderr).unwrap(),
        "quartet: the password: is too short (minimum is 8 characters)\n"
    );
    let nobody = ["agent", "password", "99", "--account", &account];
    let nobody = run(&app, &nobody, "correct horse").await;
    assert_eq!(
        String::from_utf8(nobody.stderr).unwrap(),
        "quartet: Agent not found\n"
    );
    assert_eq!(sign_in(&app, "correct horse").await, 200);
}

#[tokio::test]
async fn a_platform_app_is_made_listed_and_revoked() {
    let app = TestApp::start().await;
    let made = run(&app, &["platform", "create", "Reseller", "--json"], "").await;
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let token = made["token"].as_str().unwrap();
    let ask = async || {
        let headers = [("api_access_token", token)];
        let path = "/platform/api/v1/accounts";
        let get = axum::http::Method::GET;
        let answer = app.send(get, path, &headers, &json!({})).await;
        answer.status.as_u16()
    };
    assert_eq!(ask().await, 200);
    let listed = run(&app, &["platform", "list", "--json"], "").await;
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let expected =
        json!([{"id": 1, "name": "Reseller", "prefix": &token[..8], "revoked_at": null}]);
    assert_eq!(listed, expected);
    let revoked = run(&app, &["platform", "revoke", "1"], "").await;
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(ask().await, 401);
}
