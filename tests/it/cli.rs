//! The commands, run as an operator runs them.

use std::process::{Command, Output, Stdio};

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quartet::clock::{Clock, SystemClock};
use quartet::model::{Attributes, BotId, EndpointId, Role};
use quartet::store::agent_bots::{self, NewAgentBot};
use quartet::store::{
    Store, bot_secrets, endpoint_secrets, platform_apps, shared_bots, user_tokens,
};
use quartet::vault::Vault;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Row};
use tempfile::TempDir;

use crate::admin::Actor;
use crate::admin::scene::Scene;
use crate::app::TestApp;
use crate::database::{Database, KEY, execute};
use crate::dialogflow::sound_key;

/// A command line on a database.
struct Shell<'a> {
    database: &'a Database,
    data: TempDir,
    key: [u8; 32],
    previous_keys: Vec<[u8; 32]>,
}

impl<'a> Shell<'a> {
    fn on(database: &'a Database) -> Self {
        let data = TempDir::new().unwrap();
        Self {
            database,
            data,
            key: KEY,
            previous_keys: Vec::new(),
        }
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
            .env("QUARTET__SECRETS__KEY", STANDARD.encode(self.key))
            .env(
                "QUARTET__SECRETS__PREVIOUS_KEYS",
                format!(
                    "{:?}",
                    self.previous_keys
                        .iter()
                        .map(|key| STANDARD.encode(key))
                        .collect::<Vec<_>>()
                ),
            )
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
    let document: Value = serde_json::from_str(&shell.say(&["openapi"]).await).unwrap();
    let expected = serde_json::to_value(quartet::api::chatlake::document()).unwrap();
    assert_eq!(document, expected);
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
async fn deliveries_are_listed_shown_and_replayed() {
    let scene = Scene::new().await;
    let shell = Shell::on(&scene.app.database);
    let account = scene.account.to_string();
    let target = ["--account", account.as_str()];
    let with = |arguments: &[&'static str]| [arguments, &target].concat();
    scene.receiver.answer_next(&[500]);
    scene.say("one").await;
    scene.app.drain_webhooks().await;
    scene.heard();

    let list = shell
        .json(&with(&["deliveries", "list", "--state", "failed"]))
        .await;
    assert_eq!(
        list,
        json!([{
            "id": 2, "state": "failed", "event": "message.created", "endpoint": 1, "conversation": 1, "attempts": 1,
            "due_at": null, "created_at": "2026-03-10T12:00:00Z"
        }])
    );
    let mut shown = shell.json(&with(&["deliveries", "show", "2"])).await;
    assert!(shown[0]["duration_ms"].take().is_i64());
    assert_eq!(
        shown,
        json!([{
            "number": 1, "started_at": "2026-03-10T12:00:00Z", "duration_ms": null, "status": 500, "error": "status",
            "response": ""
        }])
    );

    let one = shell.json(&with(&["deliveries", "replay", "2"])).await;
    assert_eq!(one["state"], "due");
    let all = ["deliveries", "replay", "--conversation", "1"];
    assert_eq!(shell.json(&with(&all)).await, json!({"replayed": 1}));
    // The commands have the time of day, which the dispatcher's clock is far behind.
    scene
        .app
        .clock
        .set(SystemClock.now() + chrono::TimeDelta::days(1));
    while !scene.app.drain_webhooks().await.is_empty() {}
    assert_eq!(scene.heard(), ["one"]);

    let (code, _) = shell.complaint(&with(&["deliveries", "replay"])).await;
    assert_eq!(
        code,
        Some(2),
        "a replay of everything is asked for by nobody"
    );
    let (code, _) = shell
        .complaint(&with(&["deliveries", "replay", "2", "--endpoint", "1"]))
        .await;
    assert_eq!(code, Some(2));
    let none = shell.complaint(&with(&["deliveries", "show", "99"])).await;
    assert_eq!(none, (Some(1), "quartet: Delivery not found\n".to_owned()));
}

/// Every sealed value in the database.
async fn sealed(database: &Database) -> Vec<Vec<u8>> {
    let mut conn = database.connect().await;
    let columns = sqlx::query(
        "select table_name::text, column_name::text from information_schema.columns
         where table_schema = 'public' and data_type = 'bytea' and column_name like '%\\_sealed'",
    );
    let mut values = Vec::new();
    for column in columns.fetch_all(&mut conn).await.unwrap() {
        let (table, column): (String, String) = (column.get(0), column.get(1));
        let sql = format!("select {column} from {table} where {column} is not null");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut conn);
        let rows: Vec<Vec<u8>> = rows.await.unwrap().iter().map(|row| row.get(0)).collect();
        assert!(
            !rows.is_empty(),
            "{table}.{column} is empty, so this shows nothing of it"
        );
        values.extend(rows);
    }
    values
}

/// A token of a user, one of a bot and one of a bot that all accounts share, which are shown again.
async fn give_tokens(app: &TestApp) {
    let (store, now, account) = (app.store(), app.now(), app.account().await);
    let agent = app.agent(account, "Jane Doe", Role::Agent).await;
    user_tokens::get(store, agent.id.into(), now).await.unwrap();
    let new = NewAgentBot {
        name: "Robo".to_owned(),
        description: String::new(),
        avatar_url: String::new(),
        config: Attributes::default(),
        outgoing_url: None,
    };
    agent_bots::create(store, account, new.clone(), None, now)
        .await
        .unwrap();
    let (platform, _) = platform_apps::create(store, "Reseller".to_owned(), now)
        .await
        .unwrap();
    shared_bots::create(store, platform, new, now)
        .await
        .unwrap();
}

#[tokio::test]
async fn every_stored_secret_is_encrypted_anew_with_the_newest_key() {
    let scene = Scene::new().await;
    let database = &scene.app.database;
    let before = scene.post("/endpoints/1/secret", json!({})).await;
    scene
        .administrator()
        .post("/bots", &json!({"name": "Helper"}))
        .await;
    let administrator = scene.administrator();
    let (put, path) = (axum::http::Method::PUT, "/bots/1/dialogflow-keys/default");
    let kept = administrator.send(put, path, &sound_key()).await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    let plugin = scene.get("/bots/1/plugin-secret").await;
    give_tokens(&scene.app).await;
    let many = "insert into endpoints (account_id, kind, url, secret_sealed, created_at, updated_at)
                select account_id, 'callback', 'https://example.org/' || n, secret_sealed, created_at, updated_at
                from endpoints, generate_series(1, 1200) as n where id = 1";
    execute(&mut database.connect().await, many.to_owned()).await;
    let mut shell = Shell::on(database);
    let rotate = ["secrets", "rotate"];
    assert_eq!(
        shell.json(&rotate).await,
        json!({"encrypted_anew": 0, "unopened": 0})
    );

    shell.key = [7; 32];
    let count = sealed(database).await.len();
    let without = shell.json(&rotate).await;
    assert_eq!(without, json!({"encrypted_anew": 0, "unopened": count}));
    shell.previous_keys = vec![[8; 32], KEY];
    let done = shell.json(&rotate).await;
    assert_eq!(done, json!({"encrypted_anew": count, "unopened": 0}));
    assert_eq!(
        shell.json(&rotate).await,
        json!({"encrypted_anew": 0, "unopened": 0})
    );

    let vault = Vault::new([7; 32]);
    let newest = vault.newest_id();
    assert!(
        sealed(database)
            .await
            .iter()
            .all(|value| value.starts_with(&newest))
    );
    let store = Store::new(database.options.clone(), 1, vault);
    let (account, now) = (scene.account, scene.app.now());
    let after = endpoint_secrets::get(&store, account, EndpointId(1), now)
        .await
        .unwrap();
    assert_eq!(
        after.current.expose_secret(),
        before["secret"].as_str().unwrap()
    );
    let previous = after.previous.unwrap().secret;
    assert_eq!(
        previous.expose_secret(),
        before["previous_secret"].as_str().unwrap()
    );
    quartet::store::inboxes::hmac_token(&store, account, scene.inbox)
        .await
        .unwrap();
    let bot = BotId(1);
    let opened = bot_secrets::plugin_secret(&store, account, bot, now)
        .await
        .unwrap();
    assert_eq!(
        opened.expose_secret(),
        plugin["plugin_secret"].as_str().unwrap()
    );
    bot_secrets::get_dialogflow_key(&store, account, bot, "default")
        .await
        .unwrap();
}

/// Commands that cannot be meant.
const MISUSES: &[&[&str]] = &[
    &["account", "create", " "],
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
];

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
    for misuse in MISUSES {
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
