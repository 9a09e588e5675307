//! What is refused, and in which words.

use axum::body::Body;
use axum::http::{Method, Request};
use quartet::model::{AccountStatus, Scope};
use quartet::store;
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use super::{World, refusal};
use crate::app::{Answer, TestApp};
use crate::edge::logs::Captured;

/// The operations with the rest of a path that exists.
const OPERATIONS: [(&str, &str); 10] = [
    ("listConversations", "/2020-01-01/2020-01-31"),
    ("grabConversation", "/V1"),
    ("grabVisitorInfo", "/V1"),
    ("grabVisitorTags", "/V1"),
    ("grabVisitorLabels", "/V1"),
    ("grabVisitorCards", "/V1"),
    ("grabAgent", "/1"),
    ("grabAgents", ""),
    ("chatStatistics", "?startTime=2020-01-01T00:00:00.000Z"),
    ("pageFilters", ""),
];

/// A world in which every operation above answers.
async fn furnished() -> World {
    let world = World::start().await;
    world.agent("John").await;
    world.conversation("").await;
    world
}

fn assert_private(answer: &Answer) {
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn no_answer_is_cached_or_named_to_another_site() {
    let world = furnished().await;
    for (operation, rest) in OPERATIONS {
        let answer = world.ask(operation, rest).await;
        assert_eq!(answer.status, 200, "{operation}: {}", answer.text());
        assert_private(&answer);
        let stranger = world
            .app
            .get(&format!("/message/{operation}/wrong/1{rest}"))
            .await;
        assert_private(&stranger);
    }
    assert_private(&world.app.get("/message/unknown").await);
    assert_private(&world.app.get("/message/%ff").await);
}

#[tokio::test]
async fn strangers_are_refused_before_anything_else_is_looked_at() {
    let world = furnished().await;
    let other = world.app.account().await;
    let suspended = world.app.account().await;
    let suspended_key = world.app.key(suspended, &[Scope::Imbox]).await;
    store::accounts::set_status(
        world.app.store(),
        suspended,
        AccountStatus::Suspended,
        world.app.now(),
    )
    .await
    .unwrap();
    let key = &world.key;
    let unknown = (401, refusal("Unknown apiKey or userId"));

    for (operation, rest) in OPERATIONS {
        for credentials in [
            "wrong/1".to_owned(),
            "%20/1".to_owned(),
            format!("{key}/{other}"),
            format!("{key}/999"),
            format!("{key}/01"),
            format!("{key}/x"),
            format!("{key}x/1"),
            format!("{suspended_key}/{suspended}"),
        ] {
            let answer = world
                .app
                .get(&format!("/message/{operation}/{credentials}{rest}"))
                .await;
            assert_eq!(answer.pair(), unknown, "{operation}");
        }
        let unknown_rest = if rest.starts_with('/') {
            "/x".repeat(rest.matches('/').count())
        } else {
            String::new()
        };
        let answer = world
            .app
            .get(&format!("/message/{operation}/wrong/1{unknown_rest}"))
            .await;
        assert_eq!(answer.pair(), unknown, "{operation}");
    }
}

#[tokio::test]
async fn a_revoked_key_opens_nothing() {
    let world = furnished().await;
    let key = store::keys::list(world.app.store(), world.account)
        .await
        .unwrap()
        .remove(0)
        .id;
    store::keys::revoke(world.app.store(), world.account, key, world.app.now())
        .await
        .unwrap();
    assert_eq!(
        world.ask("grabAgents", "").await.pair(),
        (401, refusal("Unknown apiKey or userId"))
    );
}

#[tokio::test]
async fn a_key_for_other_things_opens_nothing_here() {
    let mut world = furnished().await;
    world.key = world
        .app
        .key(
            world.account,
            &[Scope::Instabot, Scope::Chatlake, Scope::Admin],
        )
        .await;
    for (operation, rest) in OPERATIONS {
        let answer = world.ask(operation, rest).await;
        assert_eq!(
            answer.pair(),
            (403, refusal("This apiKey has no access to the chat API")),
            "{operation}"
        );
    }
}

#[tokio::test]
async fn bad_ids_and_unknown_ids_are_told_apart() {
    let world = furnished().await;
    let malformed = refusal("A conversationID is a V and a number, such as V1");
    let unknown = refusal("Unknown conversationID");
    for operation in [
        "grabConversation",
        "grabVisitorInfo",
        "grabVisitorTags",
        "grabVisitorLabels",
        "grabVisitorCards",
    ] {
        for bad in ["1", "v1", "V", "V01", "Vx", "V-1", "%C3%A9", "V1%20"] {
            assert_eq!(
                world.ask(operation, &format!("/{bad}")).await.pair(),
                (400, malformed.clone()),
                "{bad}"
            );
        }
        for id in [
            "V0",
            "V2",
            "V9223372036854775807",
            "V9223372036854775808",
            "V18751500044654323221",
        ] {
            assert_eq!(
                world.ask(operation, &format!("/{id}")).await.pair(),
                (404, unknown.clone()),
                "{id}"
            );
        }
    }
    for bad in ["x", "-1", "1.0", "V1"] {
        let answer = world.ask("grabAgent", &format!("/{bad}")).await;
        assert_eq!(
            answer.pair(),
            (400, refusal("agentId must be a number")),
            "{bad}"
        );
    }
    for id in ["0", "99", "99999999999999999999"] {
        let answer = world.ask("grabAgent", &format!("/{id}")).await;
        assert_eq!(answer.pair(), (404, refusal("Unknown agentId")), "{id}");
    }
}

#[tokio::test]
async fn bad_days_are_refused() {
    let world = furnished().await;
    for (days, message) in [
        (
            "/2020-1-1/2020-01-31",
            "fromDate must be a date of the form YYYY-MM-DD",
        ),
        (
            "/2020-02-30/2020-03-31",
            "fromDate must be a date of the form YYYY-MM-DD",
        ),
        (
            "/2020-01-01/tomorrow",
            "toDate must be a date of the form YYYY-MM-DD",
        ),
        (
            "/2020-01-01/2020-01-31T00:00:00Z",
            "toDate must be a date of the form YYYY-MM-DD",
        ),
        ("/2020-01-31/2020-01-01", "toDate is before fromDate"),
        (
            "/2020-01-01/2020-01-31?pageFilterId=x",
            "pageFilterId must be a number",
        ),
        (
            "/2020-01-01/2020-01-31?pageFilterId=",
            "pageFilterId must be a number",
        ),
        (
            "/2020-01-01/2020-01-31?pageFilterId=1",
            "Unknown pageFilterId",
        ),
        (
            "/2020-01-01/2020-01-31?pageFilterId=99999999999999999999",
            "Unknown pageFilterId",
        ),
    ] {
        assert_eq!(
            world.ask("listConversations", days).await.pair(),
            (400, refusal(message)),
            "{days}"
        );
    }
}

#[tokio::test]
async fn bad_parameters_of_statistics_are_refused() {
    let world = furnished().await;
    let moment = "must be a moment of the form 2020-01-01T00:00:00.000Z";
    let start = "startTime=2020-01-01T00:00:00.000Z";
    for (query, message) in [
        ("", "startTime is missing".to_owned()),
        ("?starttime=2020-01-01", "startTime is missing".to_owned()),
        ("?startTime=", format!("startTime {moment}")),
        ("?startTime=now", format!("startTime {moment}")),
        (
            "?startTime=2020-01-01&startTime=2020-01-02",
            "startTime must be given once".to_owned(),
        ),
        (
            &format!("?{start}&endTime=soon"),
            format!("endTime {moment}"),
        ),
        (
            &format!("?{start}&endTime=2019-12-31"),
            "endTime is before startTime".to_owned(),
        ),
        (
            "?startTime=2030-01-01",
            "endTime is before startTime".to_owned(),
        ),
        (
            &format!("?{start}&endTime=2020-12-31T00:00:00.001Z"),
            "The span may be 365 days at most".to_owned(),
        ),
        (
            &format!("?{start}&agentId=x"),
            "agentId must be a number".to_owned(),
        ),
        (
            &format!("?{start}&agentIds[]=1&agentIds[]="),
            "agentId must be a number".to_owned(),
        ),
        (
            &format!("?{start}&channel=1"),
            "A conversationID is a V and a number, such as V1".to_owned(),
        ),
        (
            &format!("?{start}&fileType=xml"),
            "fileType must be csv or json".to_owned(),
        ),
        (
            &format!("?{start}&fileType=csv&fileType=csv"),
            "fileType must be given once".to_owned(),
        ),
        (
            &format!("?{start}&timezone=1"),
            "timezone must be an IANA name, such as Europe/Stockholm".to_owned(),
        ),
        (
            &format!("?{start}&pageFilterId=7"),
            "Unknown pageFilterId".to_owned(),
        ),
        (
            &format!("?{start}&fileType=csv&pageFilterId=7"),
            "Unknown pageFilterId".to_owned(),
        ),
    ] {
        assert_eq!(
            world.ask("chatStatistics", query).await.pair(),
            (400, refusal(&message)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn an_unknown_operation_or_depth_is_not_found() {
    let world = furnished().await;
    let key = &world.key;
    for path in [
        "/message".to_owned(),
        "/message/".to_owned(),
        format!("/message/grabEverything/{key}/1"),
        format!("/message/grabagents/{key}/1"),
        format!("/message/grabAgents/{key}"),
        format!("/message/grabAgents/{key}/1/"),
        format!("/message/grabAgents/{key}/1/1"),
        format!("/message/grabAgents//{key}/1"),
        format!("/message/grabConversation/{key}/1"),
        format!("/message/listConversations/{key}/1/2020-01-01"),
        format!("/imbox/message/grabEverything/{key}/1"),
        "/imbox/message".to_owned(),
    ] {
        let answer = world.app.get(&path).await;
        assert_eq!(answer.pair(), (404, refusal("Unknown operation")), "{path}");
        assert!(!answer.text().contains(key));
    }
}

#[tokio::test]
async fn only_get_is_allowed() {
    let world = furnished().await;
    for (operation, rest) in OPERATIONS {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            let request = Request::builder()
                .method(method)
                .uri(world.path(operation, rest))
                .body(Body::empty())
                .unwrap();
            let answer = world.app.call(request).await;
            assert_eq!(
                answer.pair(),
                (405, refusal("Only GET is allowed")),
                "{operation}"
            );
            assert_eq!(answer.header("allow"), Some("GET,HEAD"));
            assert_private(&answer);
        }
    }
}

#[tokio::test]
async fn urls_that_are_no_text_are_refused() {
    let world = furnished().await;
    for rest in ["/V1%00", "/%ff", "/V1?x=%00", "/V1?%FF=1"] {
        let answer = world.ask("grabConversation", rest).await;
        assert_eq!(
            answer.pair(),
            (400, refusal("The URL is not UTF-8 or holds a NUL")),
            "{rest}"
        );
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = TestApp::with("[http]\nbody_limit_bytes = 10\n").await;
    let world = World::on(app).await;
    let request = Request::get(world.path("grabAgents", ""))
        .header("content-length", "11")
        .body(Body::from("12345678901"))
        .unwrap();
    assert_eq!(
        world.app.call(request).await.pair(),
        (413, refusal("The body is too large"))
    );
}

#[tokio::test]
async fn a_key_that_asks_too_often_must_wait_and_others_need_not() {
    let app = TestApp::with("[limits]\nimbox_per_minute = 2\n").await;
    let world = World::on(app).await;
    let other = world.app.key(world.account, &[Scope::Imbox]).await;
    assert_eq!(world.ask("grabAgents", "").await.status, 200);
    assert_eq!(world.ask("pageFilters", "").await.status, 200);
    let refused = world.ask("grabAgents", "").await;
    assert_eq!(refused.pair(), (429, refusal("Too many requests")));
    assert_eq!(refused.header("retry-after"), Some("30"));
    assert_private(&refused);
    assert_eq!(
        world
            .app
            .get(&format!("/message/grabAgents/{other}/1"))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_failure_of_ours_has_an_id_and_no_cause() {
    let world = furnished().await;
    world.app.store().close().await;
    for (operation, rest) in OPERATIONS {
        let request = Request::get(world.path(operation, rest))
            .header("x-request-id", "r1")
            .body(Body::empty())
            .unwrap();
        let answer = world.app.call(request).await;
        let message = "The server cannot answer at the moment (request r1)";
        assert_eq!(answer.pair(), (503, refusal(message)), "{operation}");
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert_eq!(answer.header("x-request-id"), Some("r1"));
        assert_private(&answer);
    }
}

#[tokio::test]
async fn a_key_is_never_recorded() {
    let (captured, _guard) = Captured::from(LevelFilter::TRACE);
    let mut world = furnished().await;
    let stranger = "unknown-key";
    for (operation, rest) in OPERATIONS {
        world.ask(operation, rest).await;
        world
            .app
            .get(&format!("/imbox/message/{operation}/{stranger}/1{rest}"))
            .await;
    }
    world.ask("grabEverything", "").await;
    let known = std::mem::replace(&mut world.key, stranger.to_owned());
    world.ask("grabEverything", "/V1").await;
    world.app.store().close().await;
    world.ask("grabAgents", "").await;

    let text = captured.text();
    assert!(text.contains("/message/grabConversation/{apiKey}/{userId}/{conversationID}"));
    assert!(text.contains("the database is not available"));
    assert!(!text.contains(&known) && !text.contains(stranger), "{text}");
}

#[tokio::test]
async fn unknown_parameters_are_nobodys_concern() {
    let world = furnished().await;
    let plain: Value = world.ask("grabAgents", "").await.json();
    assert_eq!(
        world
            .ask("grabAgents", "?x=1&startTime=never&&=&%20")
            .await
            .json(),
        plain
    );
    assert_eq!(plain["json"][0]["agentName"], json!("John"));
}
