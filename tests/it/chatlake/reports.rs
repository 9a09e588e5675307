//! Reports.

use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, TimeDelta, Utc};
use quartet::model::ConversationId;
use quartet::store::labels;
use serde_json::{Value, json};

use super::{Caller, Office};
use crate::app::{Answer, TestApp};

/// A report, as this caller sees it.
async fn report(caller: &Caller<'_>, path: &str) -> Answer {
    let path = format!("/api/v2/accounts/{}{path}", caller.account);
    let request = Request::get(path).header("api_access_token", &caller.token);
    caller.app.call(request.body(Body::empty()).unwrap()).await
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn say(caller: &Caller<'_>, conversation: i64, kind: &str) {
    let path = format!("/conversations/{conversation}/messages");
    let body = json!({"content": "x", "message_type": kind});
    let answer = caller.post(&path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn resolve(caller: &Caller<'_>, conversation: i64) {
    let path = format!("/conversations/{conversation}/toggle_status");
    caller.post(&path, &json!({"status": "resolved"})).await;
}

/// Jane's conversation, of team 1 and with label 1: asked, answered after five minutes, asked again, answered after two,
/// resolved after ten.
async fn work(office: &Office<'_>) -> i64 {
    let app = office.app;
    office.admin.post("/teams", &json!({"name": "sales"})).await;
    office.admin.post("/labels", &json!({"title": "vip"})).await;
    office.contact("Pranav", "s").await;
    let start = json!({"source_id": "s", "assignee_id": office.jane.id.0, "team_id": 1});
    let made = office.admin.post("/conversations", &start).await.json();
    let id = made["id"].as_i64().unwrap();
    let label = vec!["vip".to_owned()];
    labels::add_to_conversation(
        app.store(),
        office.account,
        ConversationId(id),
        label,
        app.now(),
    )
    .await
    .unwrap();
    say(&office.admin, id, "incoming").await;
    app.advance(TimeDelta::minutes(5));
    say(&office.agent, id, "outgoing").await;
    app.advance(TimeDelta::minutes(1));
    say(&office.admin, id, "incoming").await;
    app.advance(TimeDelta::minutes(2));
    say(&office.agent, id, "outgoing").await;
    say(&office.agent, id, "outgoing").await;
    app.advance(TimeDelta::minutes(2));
    resolve(&office.admin, id).await;
    id
}

#[tokio::test]
async fn every_metric_is_told_of_everything_that_it_is_about() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    work(&office).await;
    let (jane, john, inbox) = (office.jane.id, office.john.id, office.inbox);
    let day = at("2026-03-10T00:00:00Z").timestamp();
    let subjects = [
        "type=account".to_owned(),
        format!("type=agent&id={jane}"),
        format!("type=inbox&id={inbox}"),
        "type=team&id=1".to_owned(),
        "type=label&id=1".to_owned(),
    ];
    let span = format!("since={day}&until={}", day + 86_399);
    for (metric, value, count) in [
        ("conversations_count", json!(1), None),
        ("incoming_messages_count", json!(2), None),
        ("outgoing_messages_count", json!(3), None),
        ("resolutions_count", json!(1), None),
        ("bot_resolutions_count", json!(0), None),
        ("bot_handoffs_count", json!(0), None),
        ("avg_first_response_time", json!(300.0), Some(1)),
        ("reply_time", json!(120.0), Some(1)),
        ("avg_resolution_time", json!(600.0), Some(1)),
    ] {
        let point = |value: Value, count: Option<i64>| match count {
            Some(count) => json!([{"value": value, "timestamp": day, "count": count}]),
            None => json!([{"value": value, "timestamp": day}]),
        };
        for subject in &subjects {
            let of_agent = subject.contains("agent") && metric == "incoming_messages_count";
            let value = if of_agent { json!(0) } else { value.clone() };
            let path = format!("/reports?metric={metric}&{subject}&{span}");
            let answer = report(&office.admin, &path).await;
            assert_eq!(
                answer.pair(),
                (200, point(value, count)),
                "{metric} {subject}"
            );
        }
        let none = if count.is_some() {
            json!(0.0)
        } else {
            json!(0)
        };
        let path = format!("/reports?metric={metric}&type=agent&id={john}&{span}");
        let answer = report(&office.admin, &path).await;
        assert_eq!(
            answer.json(),
            point(none, count.map(|_| 0)),
            "{metric} of John"
        );
    }
    let unknown = report(&office.admin, "/reports/?metric=smoke&type=account").await;
    assert_eq!(unknown.pair(), (200, json!({})));
}

#[tokio::test]
async fn a_summary_tells_of_the_time_before_too() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    work(&office).await;
    let none = json!({
        "conversations_count": 0, "incoming_messages_count": 0, "outgoing_messages_count": 0,
        "avg_first_response_time": null, "avg_resolution_time": null, "resolutions_count": 0, "reply_time": null
    });
    let some = json!({
        "conversations_count": 1, "incoming_messages_count": 2, "outgoing_messages_count": 3,
        "avg_first_response_time": 300.0, "avg_resolution_time": 600.0, "resolutions_count": 1, "reply_time": 120.0
    });
    let with = |mut now: Value, previous: &Value| {
        now["previous"] = previous.clone();
        now
    };
    let day = at("2026-03-10T00:00:00Z").timestamp();
    let (since, until) = (day, day + 86_399);
    let path = format!("/reports/summary?type=account&since={since}&until={until}");
    let answer = report(&office.admin, &path).await;
    assert_eq!(answer.pair(), (200, with(some.clone(), &none)));
    let (since, until) = (day + 86_400, day + 2 * 86_400);
    let path = format!(
        "/reports/summary?type=inbox&id={}&since={since}&until={until}",
        office.inbox
    );
    assert_eq!(report(&office.admin, &path).await.json(), with(none, &some));
}

#[tokio::test]
async fn days_begin_at_midnight_of_the_zone_on_the_day_its_clocks_change() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    app.clock.set(at("2026-10-24T12:00:00Z"));
    let id = office.conversation("s").await;
    for moment in [
        "2026-10-24T21:50:00Z",
        "2026-10-24T22:10:00Z",
        "2026-10-25T22:30:00Z",
        "2026-10-25T23:10:00Z",
    ] {
        app.clock.set(at(moment));
        say(&office.admin, id, "incoming").await;
    }
    let (since, until) = (at("2026-10-23T22:00:00Z"), at("2026-10-26T22:59:59Z"));
    let series = async |rest: &str| {
        let span = format!("since={}&until={}", since.timestamp(), until.timestamp());
        let path = format!("/reports?metric=incoming_messages_count&type=account&{span}&{rest}");
        let answer = report(&office.admin, &path).await.json();
        let points = answer.as_array().unwrap().iter();
        let points = points.filter(|point| point["value"] != 0);
        let start = |point: &Value| DateTime::from_timestamp(point["timestamp"].as_i64()?, 0);
        points
            .map(|point| {
                let start = start(point).unwrap().format("%d. %H:%M").to_string();
                (start, point["value"].as_i64().unwrap())
            })
            .collect::<Vec<_>>()
    };
    let told = |points: &[(&str, i64)]| -> Vec<(String, i64)> {
        points
            .iter()
            .map(|(at, value)| ((*at).to_owned(), *value))
            .collect()
    };
    assert_eq!(
        series("timezone=Europe/Berlin").await,
        told(&[("23. 22:00", 1), ("24. 22:00", 2), ("25. 23:00", 1)])
    );
    assert_eq!(
        series("timezone=Europe/Berlin&group_by=hour").await,
        told(&[
            ("24. 21:00", 1),
            ("24. 22:00", 1),
            ("25. 22:00", 1),
            ("25. 23:00", 1)
        ])
    );
    assert_eq!(
        series("timezone_offset=5.5").await,
        told(&[("24. 18:30", 2), ("25. 18:30", 2)])
    );
    assert_eq!(
        series("group_by=week").await,
        told(&[("18. 00:00", 2), ("25. 00:00", 2)])
    );
    assert_eq!(series("group_by=month").await, told(&[("01. 00:00", 4)]));
}

#[tokio::test]
async fn bots_are_told_of() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let bot = office
        .admin
        .post("/agent_bots", &json!({"name": "Robo"}))
        .await
        .json();
    let path = format!("/inboxes/{}/set_agent_bot", office.inbox);
    office
        .admin
        .post(&path, &json!({"agent_bot": bot["id"]}))
        .await;
    let bot = Caller {
        app: &app,
        account: office.account,
        token: bot["access_token"].as_str().unwrap().to_owned(),
    };
    let handed_over = office.conversation("one").await;
    let resolved = office.conversation("two").await;
    for id in [handed_over, resolved] {
        say(&office.admin, id, "incoming").await;
        say(&bot, id, "outgoing").await;
    }
    app.advance(TimeDelta::minutes(1));
    let open = json!({"status": "open"});
    let path = format!("/conversations/{handed_over}/toggle_status");
    bot.post(&path, &open).await;
    resolve(&bot, resolved).await;
    app.advance(TimeDelta::minutes(3));
    say(&office.agent, handed_over, "outgoing").await;
    resolve(&office.agent, handed_over).await;

    let summary = report(&office.admin, "/reports/bot_summary?type=account").await;
    let expected = json!({
        "bot_resolutions_count": 1, "bot_handoffs_count": 1,
        "previous": {"bot_resolutions_count": 0, "bot_handoffs_count": 0}
    });
    assert_eq!(summary.pair(), (200, expected));
    let metrics = report(&office.admin, "/reports/bot_metrics").await;
    let expected = json!({
        "conversation_count": 2, "message_count": 3, "resolution_rate": 50, "handoff_rate": 50
    });
    assert_eq!(metrics.pair(), (200, expected));
    let summary = report(&office.admin, "/reports/summary?type=account")
        .await
        .json();
    assert_eq!(
        summary["avg_first_response_time"], 180.0,
        "since the hand-off"
    );
    assert_eq!(summary["resolutions_count"], 2);
}

#[tokio::test]
async fn where_conversations_stand_is_told_live() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    office.contact("Pranav", "s").await;
    for (assignee, status) in [
        (json!(null), "open"),
        (json!(office.jane.id.0), "open"),
        (json!(null), "pending"),
    ] {
        let start = json!({"source_id": "s", "assignee_id": assignee, "status": status});
        office.admin.post("/conversations", &start).await;
    }
    say(&office.agent, 2, "outgoing").await;
    let expected = json!({"open": 2, "unattended": 1, "unassigned": 1, "pending": 1});
    for path in [
        "/reports/conversations?type=account",
        "/reports/conversations/?type=account",
        "/live_reports/conversation_metrics",
    ] {
        assert_eq!(
            report(&office.admin, path).await.pair(),
            (200, expected.clone()),
            "{path}"
        );
    }
    let agents = report(&office.admin, "/reports/conversations?type=agent")
        .await
        .json();
    let jane = json!({
        "id": office.jane.id.0, "name": office.jane.name, "email": office.jane.email, "thumbnail": "",
        "availability": "offline", "metric": {"open": 1, "unattended": 0}
    });
    assert_eq!(agents[1], jane);
    assert_eq!(agents[0]["metric"], json!({"open": 0, "unattended": 0}));
    let path = format!(
        "/reports/conversations/?type=agent&user_id={}",
        office.jane.id
    );
    assert_eq!(
        report(&office.admin, &path).await.pair(),
        (200, json!([jane]))
    );
    let untold = report(&office.admin, "/reports/conversations").await;
    assert_eq!((untold.status.as_u16(), untold.text()), (422, ""));
}

#[tokio::test]
async fn the_parts_of_an_account_stand_beside_one_another() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    work(&office).await;
    let row = |id: Value| {
        json!({
            "id": id, "conversations_count": 1, "resolved_conversations_count": 1, "avg_resolution_time": 600.0,
            "avg_first_response_time": 300.0, "avg_reply_time": 120.0
        })
    };
    for (division, at, id) in [
        ("agent", 1, json!(office.jane.id.0)),
        ("inbox", 0, json!(office.inbox.0)),
        ("team", 0, json!(1)),
        ("label", 0, json!(1)),
        ("channel", 0, json!("Channel::Api")),
    ] {
        let answer = report(&office.admin, &format!("/summary_reports/{division}")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()[at], row(id), "{division}");
    }
    assert_eq!(
        report(&office.admin, "/summary_reports/smoke").await.status,
        404
    );
    for (division, at, id, name) in [
        ("agent", 1, office.jane.id.0, office.jane.name.as_str()),
        ("inbox", 0, office.inbox.0, "Inbox"),
        ("team", 0, 1, "sales"),
        ("label", 0, 1, "vip"),
    ] {
        let path = format!("/reports/outgoing_messages_count?group_by={division}");
        let answer = report(&office.admin, &path).await;
        let expected = json!({"id": id, "name": name, "outgoing_messages_count": 3});
        assert_eq!(answer.json()[at], expected);
    }
    for path in [
        "/reports/outgoing_messages_count",
        "/reports/outgoing_messages_count?group_by=smoke",
    ] {
        let untold = report(&office.admin, path).await;
        assert_eq!((untold.status.as_u16(), untold.text()), (422, ""), "{path}");
    }
}

#[tokio::test]
async fn tables_are_told_as_comma_separated_values() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    work(&office).await;
    office.admin.post("/teams", &json!({"name": "=1+1"})).await;
    let columns =
        "Conversations,Resolutions,First response time (s),Resolution time (s),Reply time (s)";
    for (table, first, line) in [
        (
            "agents",
            "Agent",
            format!("{},1,1,300,600,120", office.jane.name),
        ),
        ("inboxes", "Inbox", "Inbox,1,1,300,600,120".to_owned()),
        ("labels", "Label", "vip,1,1,300,600,120".to_owned()),
        ("teams", "Team", "sales,1,1,300,600,120".to_owned()),
    ] {
        let answer = report(&office.admin, &format!("/reports/{table}")).await;
        assert_eq!(
            answer.header("content-type"),
            Some("text/csv; charset=utf-8")
        );
        let file = format!("attachment; filename={table}_report.csv");
        assert_eq!(answer.header("content-disposition"), Some(file.as_str()));
        let lines: Vec<&str> = answer.text().lines().collect();
        assert_eq!(lines[0], format!("{first},{columns}"));
        assert!(lines.contains(&line.as_str()), "{lines:?}");
    }
    let teams = report(&office.admin, "/reports/teams").await;
    assert!(
        teams.text().ends_with("\n'=1+1,0,0,,,\n"),
        "{}",
        teams.text()
    );
}

#[tokio::test]
async fn reports_are_the_administrators_and_say_what_is_wrong() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    let other = Office::open(&app).await;
    let refusal = (
        401,
        json!({"error": "You are not authorized to do this action"}),
    );
    for path in [
        "/reports?metric=conversations_count&type=account",
        "/reports/summary?type=account",
        "/reports/bot_summary?type=account",
        "/reports/bot_metrics",
        "/reports/conversations?type=account",
        "/live_reports/conversation_metrics",
        "/summary_reports/agent",
        "/reports/agents",
        "/reports/inboxes",
        "/reports/labels",
        "/reports/teams",
        "/reports/outgoing_messages_count?group_by=agent",
    ] {
        assert_eq!(report(&office.agent, path).await.pair(), refusal, "{path}");
    }
    let foreign = format!(
        "/reports?metric=conversations_count&type=inbox&id={}",
        other.inbox
    );
    for (path, status, error) in [
        (
            "/reports?metric=conversations_count",
            422,
            "param is missing or the value is empty: type",
        ),
        (
            "/reports?metric=conversations_count&type=inbox",
            404,
            "Resource could not be found",
        ),
        (foreign.as_str(), 404, "Resource could not be found"),
        (
            "/reports?metric=conversations_count&type=account&since=x",
            422,
            "since: a number is expected",
        ),
        (
            "/reports?metric=conversations_count&type=account&until=-1",
            422,
            "until: seconds since 1970 are expected",
        ),
        (
            "/reports?metric=conversations_count&type=account&timezone=Mars",
            422,
            "timezone: an IANA name is expected",
        ),
        (
            "/reports?metric=conversations_count&type=account&timezone_offset=99",
            422,
            "timezone_offset: hours from UTC are expected",
        ),
        (
            "/reports?metric=conversations_count&type=account&since=0&group_by=hour",
            422,
            "group_by: more than 10000 of them between since and until",
        ),
    ] {
        let answer = report(&office.admin, path).await;
        assert_eq!(answer.pair(), (status, json!({"error": error})), "{path}");
    }
}

#[tokio::test]
async fn in_business_hours_only_the_time_counts_when_an_inbox_is_open() {
    let app = TestApp::start().await;
    let office = Office::open(&app).await;
    work(&office).await;
    // Of the ten minutes from noon on, the inbox was open for seven.
    let day = json!({
        "day_of_week": 2, "open_hour": 9, "open_minutes": 0, "close_hour": 12, "close_minutes": 7
    });
    let path = format!("/inboxes/{}", office.inbox);
    office
        .admin
        .patch(&path, &json!({"working_hours": [day]}))
        .await;
    let summary = async |hours: &str| {
        let path = format!("/reports/summary?type=account{hours}");
        let told = report(&office.admin, &path).await.json();
        [
            "avg_first_response_time",
            "reply_time",
            "avg_resolution_time",
            "resolutions_count",
        ]
        .map(|metric| told[metric].clone())
    };
    let all = [json!(300.0), json!(120.0), json!(600.0), json!(1)];
    let open = [json!(300.0), json!(60.0), json!(420.0), json!(1)];
    // It does not keep its hours yet.
    assert_eq!(summary("&business_hours=true").await, all);
    office
        .admin
        .patch(&path, &json!({"working_hours_enabled": true}))
        .await;
    assert_eq!(summary("&business_hours=true").await, open);
    for hours in ["", "&business_hours=false"] {
        assert_eq!(summary(hours).await, all, "{hours}");
    }
    let series =
        "/reports?type=inbox&id=1&metric=avg_resolution_time&since=1773100800&until=1773187199";
    let told = report(&office.admin, &format!("{series}&business_hours=true")).await;
    assert_eq!(
        told.json(),
        json!([{"timestamp": 1_773_100_800, "value": 420.0, "count": 1}])
    );
    for division in ["agent", "inbox", "team", "label", "channel"] {
        let path = format!("/summary_reports/{division}?business_hours=true");
        let parts = report(&office.admin, &path).await.json();
        let told: Vec<&Value> = parts
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["avg_reply_time"] == 60.0)
            .collect();
        assert_eq!(told.len(), 1, "{parts}");
        assert_eq!(told[0]["avg_resolution_time"], 420.0);
        assert_eq!(told[0]["avg_first_response_time"], 300.0);
    }
    let table = report(&office.admin, "/reports/inboxes?business_hours=true").await;
    assert!(
        table.text().ends_with("Inbox,1,1,300,420,60\n"),
        "{}",
        table.text()
    );
}
