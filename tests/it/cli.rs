//! The commands, run as an operator runs them.

use std::process::{Command, Output, Stdio};

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::admin::Actor;
use crate::app::TestApp;
use crate::database::{Database, KEY};
use crate::dialogflow::sound_key;

/// A command line on a database.
struct Shell<'a> {
    database: &'a Database,
    data: TempDir,
}

impl<'a> Shell<'a> {
    fn on(database: &'a Database) -> Self {
        let data = TempDir::new().unwrap();
        Self { database, data }
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quartet"));
        command
            .args(arguments)
            .current_dir(self.data.path())
            .env(
                "DATABASE_URL",
                self.database.options.to_url_lossy().as_str(),
            )
            .env("QUARTET__SECRETS__KEY", STANDARD.encode(KEY))
            .stdin(Stdio::null());
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// What a command prints that must succeed.
    async fn say(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn json(&self, arguments: &[&str]) -> Value {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        serde_json::from_str(&self.say(&arguments).await).unwrap()
    }

    /// What a command complains of that must fail, and its exit code.
    async fn complaint(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments).await;
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
        let error = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), error)
    }
}

#[tokio::test]
async fn an_account_is_set_up_from_nothing_while_the_server_runs() {
    let app = TestApp::start().await;
    let shell = Shell::on(&app.database);

    assert_eq!(
        shell.say(&["account", "create", "Acme"]).await,
        "id    1\nname  Acme\n"
    );
    let agent = [
        "agent",
        "create",
        "Jane Doe",
        "--email",
        "Jane@example.org",
        "--team",
        "Sales",
        "--account",
        "1",
    ];
    let agent = shell.json(&agent).await;
    assert_eq!(
        agent,
        json!({"id": 1, "name": "Jane Doe", "email": "jane@example.org"})
    );
    assert_eq!(
        shell.say(&["agent", "list", "--account", "1"]).await,
        "ID  NAME      EMAIL             ROLE   TEAMS\n1   Jane Doe  jane@example.org  agent  sales\n"
    );

    let key = shell
        .json(&["key", "create", "--scope", "admin", "--account", "1"])
        .await;
    let administrator = Actor::with(&app, key["key"].as_str().unwrap());
    assert_eq!(administrator.get("/account").await.json()["name"], "Acme");
    let token = [
        "key",
        "create",
        "--scope",
        "chatlake",
        "--agent",
        "1",
        "--account",
        "1",
    ];
    shell.say(&token).await;
    shell.say(&["key", "revoke", "1", "--account", "1"]).await;
    assert_eq!(
        administrator.get("/account").await.status,
        StatusCode::UNAUTHORIZED
    );
    let keys = shell.json(&["key", "list", "--account", "1"]).await;
    assert_eq!(keys[0]["agent"], 1);
    assert!(keys[1]["revoked_at"].is_string());

    shell.say(&["agent", "remove", "1", "--account", "1"]).await;
    assert_eq!(
        shell.json(&["agent", "list", "--account", "1"]).await,
        json!([])
    );
    shell.say(&["account", "suspend", "1"]).await;
    assert_eq!(
        shell.json(&["account", "list"]).await[0]["status"],
        "suspended"
    );
    shell.say(&["account", "activate", "1"]).await;
    assert_eq!(
        shell.json(&["account", "list"]).await[0]["status"],
        "active"
    );
}

#[tokio::test]
async fn a_bot_gets_its_flow_its_inbox_and_its_app() {
    let app = TestApp::start().await;
    let shell = Shell::on(&app.database);
    let account = app.account().await.to_string();
    let account = account.as_str();
    let flow = concat!(env!("CARGO_MANIFEST_DIR"), "/config/flows/demo.yaml");

    let bot = shell
        .json(&["bot", "create", "Helper", "--account", account])
        .await["id"]
        .to_string();
    assert_eq!(
        shell.say(&["bot", "check", flow]).await,
        format!("{flow} is sound\n")
    );
    let schema: Value = serde_json::from_str(&shell.say(&["bot", "schema"]).await).unwrap();
    assert_eq!(schema, quartet::flow::File::schema());
    let imported = shell
        .json(&["bot", "import", flow, "--bot", &bot, "--account", account])
        .await;
    assert_eq!(imported["flow_version"], 1);
    assert_eq!(
        shell.json(&["bot", "list", "--account", account]).await[0]["flow_version"],
        1
    );
    let inbox = [
        "inbox",
        "create",
        "Site",
        "--channel",
        "webchat",
        "--bot",
        &bot,
        "--account",
        account,
    ];
    shell.say(&inbox).await;
    let inboxes = shell.json(&["inbox", "list", "--account", account]).await;
    assert_eq!(inboxes[0]["bot"].to_string(), bot);

    let made = shell
        .json(&["app", "create", "--bot", &bot, "--account", account])
        .await;
    let log_in = |secret: &Value| {
        let body = json!({"appId": made["app_id"], "appSecret": secret});
        let app = &app;
        async move { app.post("/login", &body).await.status.as_u16() }
    };
    assert_eq!(log_in(&made["app_secret"]).await, 200);
    shell
        .say(&["app", "disable", "1", "--account", account])
        .await;
    assert_eq!(log_in(&made["app_secret"]).await, 409);
    shell
        .say(&["app", "enable", "1", "--account", account])
        .await;
    let another = shell
        .json(&["app", "secret", "1", "--account", account])
        .await;
    assert_eq!(log_in(&made["app_secret"]).await, 400);
    assert_eq!(log_in(&another["app_secret"]).await, 200);
    let apps = shell.json(&["app", "list", "--account", account]).await;
    assert_eq!(apps[0]["app_id"], made["app_id"]);
}

#[tokio::test]
async fn a_bot_gets_what_it_shows_to_the_servers_that_it_asks() {
    let app = TestApp::start().await;
    let shell = Shell::on(&app.database);
    let account = app.account().await;
    shell
        .say(&["bot", "create", "Helper", "--account", "1"])
        .await;
    let file = shell.data.path().join("key.json");
    std::fs::write(&file, sound_key().to_string()).unwrap();
    let file = file.to_str().unwrap();
    let of = ["--bot", "1", "--account", "1"];
    let with = |words: &[&'static str]| [words, &of].concat();

    let set = [&["bot", "dialogflow-key", "set", "main", file], &of[..]].concat();
    assert_eq!(
        shell.say(&set).await,
        "name          main\nclient_email  bot@pizzeria.iam.gserviceaccount.com\nproject_id    pizzeria\n"
    );
    let list = with(&["bot", "dialogflow-key", "list"]);
    assert_eq!(shell.json(&list).await[0]["name"], "main");
    let remove = with(&["bot", "dialogflow-key", "remove", "main"]);
    assert_eq!(shell.say(&remove).await, "");
    assert_eq!(shell.json(&list).await, json!([]));
    let (code, _) = shell.complaint(&remove).await;
    assert_eq!(code, Some(1));
    std::fs::write(file, "{}").unwrap();
    let (code, complaint) = shell.complaint(&set).await;
    assert_eq!(code, Some(1));
    assert_eq!(
        complaint,
        format!("quartet: {file} is not the JSON key of a service account\n")
    );

    let secret = async |word| shell.json(&with(&["bot", "plugin-secret", word])).await;
    let administrator = Actor::administrator(&app, account).await;
    let shown = secret("show").await;
    let served = administrator.get("/bots/1/plugin-secret").await.json();
    assert_eq!(shown["plugin_secret"], served["plugin_secret"]);
    let changed = secret("change").await;
    assert_ne!(changed["plugin_secret"], shown["plugin_secret"]);
    let served = administrator.get("/bots/1/plugin-secret").await.json();
    assert_eq!(changed["plugin_secret"], served["plugin_secret"]);
}

#[tokio::test]
async fn a_page_filter_is_made_listed_and_deleted() {
    let database = Database::fresh().await;
    let shell = Shell::on(&database);
    shell.say(&["account", "create", "Acme"]).await;
    let create = [
        "page-filter",
        "create",
        "Prices",
        "/pricing",
        "--match",
        "ends_with",
        "--account",
        "1",
    ];
    assert_eq!(shell.say(&create).await, "id    1\nname  Prices\n");
    assert_eq!(
        shell.say(&["page-filter", "list", "--account", "1"]).await,
        "ID  NAME    MATCH      PATTERN\n1   Prices  ends_with  /pricing\n"
    );
    assert_eq!(
        shell
            .say(&["page-filter", "delete", "1", "--account", "1"])
            .await,
        ""
    );
    assert_eq!(
        shell.json(&["page-filter", "list", "--account", "1"]).await,
        json!([])
    );
}

#[tokio::test]
async fn a_command_says_what_is_wrong_in_one_line() {
    let database = Database::fresh().await;
    let shell = Shell::on(&database);
    let flow = shell.data.path().join("flow.yaml");
    std::fs::write(&flow, "version: 1\nstart: a\nnodes: {}\n").unwrap();
    let flow = flow.to_str().unwrap();

    let none = shell.complaint(&["agent", "list", "--account", "9"]).await;
    assert_eq!(none, (Some(1), "quartet: Account not found\n".to_owned()));
    let none = shell.complaint(&["account", "suspend", "9"]).await;
    assert_eq!(none, (Some(1), "quartet: Account not found\n".to_owned()));
    let (code, unsound) = shell.complaint(&["bot", "check", flow]).await;
    assert_eq!(code, Some(1));
    assert!(unsound.contains("flow.yaml is not sound"), "{unsound}");
    assert!(
        unsound.contains("flow.yaml:2: `start` names `a`"),
        "{unsound}"
    );
    let (code, away) = shell.complaint(&["bot", "check", "nowhere.yaml"]).await;
    assert_eq!(code, Some(1));
    assert!(
        away.starts_with("quartet: cannot read nowhere.yaml"),
        "{away}"
    );
    for misuse in [
        &["account", "create", " "][..],
        &[
            "agent",
            "create",
            "Jane",
            "--email",
            "jane",
            "--account",
            "1",
        ],
        &[
            "agent",
            "create",
            "Jane",
            "--email",
            "j@example.org",
            "--role",
            "owner",
            "--account",
            "1",
        ],
        &[
            "inbox",
            "create",
            "Fax",
            "--channel",
            "fax",
            "--account",
            "1",
        ],
        &[
            "inbox",
            "create",
            "A",
            "--channel",
            "sms",
            "--webhook-url",
            "ftp://a",
            "--account",
            "1",
        ],
        &["key", "create", "--account", "1"],
        &["key", "create", "--scope", "root", "--account", "1"],
        &["agent", "list"],
    ] {
        let (code, _) = shell.complaint(misuse).await;
        assert_eq!(code, Some(2), "{misuse:?}");
    }
}

#[tokio::test]
async fn the_demo_listens_on_no_network() {
    let database = Database::fresh().await;
    let shell = Shell::on(&database);
    for address in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:8080"] {
        let (code, error) = shell.complaint(&["demo", "--listen", address]).await;
        assert_eq!(code, Some(2));
        assert!(
            error.starts_with("quartet: the demo listens on this machine alone"),
            "{error}"
        );
    }
}
