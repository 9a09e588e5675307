//! How often single routes may be asked.

use axum::body::Body;
use axum::http::Request;

use super::{Caller, Office};
use crate::app::{Answer, TestApp};

async fn get(caller: &Caller<'_>, path: &str) -> Answer {
    let request = Request::get(path).header("api_access_token", &caller.token);
    caller.app.call(request.body(Body::empty()).unwrap()).await
}

/// Nothing may be asked until so many seconds from now.
fn assert_refused(answer: &Answer, seconds: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.text()),
        (429, "Retry later\n")
    );
    assert_eq!(answer.header("retry-after"), Some(seconds));
}

#[tokio::test]
async fn an_account_searches_for_contacts_so_often_a_minute() {
    let app = TestApp::with("[chatlake]\ncontact_searches_per_minute = 2\n").await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let search = async |caller: &Caller<'_>| caller.get("/contacts/search?q=ann").await;
    assert_eq!(search(&office.admin).await.status, 200);
    assert_eq!(search(&office.agent).await.status, 200);
    assert_refused(&search(&office.admin).await, "30");
    assert_eq!(office.admin.get("/contacts").await.status, 200);
    assert_eq!(search(&other.admin).await.status, 200);
}

#[tokio::test]
async fn somebody_asks_for_reports_so_often_a_minute() {
    let app = TestApp::with("[chatlake]\nuser_reports_per_minute = 3\n").await;
    let office = Office::open(&app).await;
    let below = |path: &str| format!("/api/v2/accounts/{}{path}", office.account);
    // Those who may not ask take nothing from anybody.
    let refused = get(&office.agent, &below("/summary_reports/agent")).await;
    assert_eq!(refused.status, 401);
    for path in [
        "/reports/summary?type=account",
        "/summary_reports/agent",
        "/live_reports/conversation_metrics",
    ] {
        assert_eq!(get(&office.admin, &below(path)).await.status, 200, "{path}");
    }
    for path in [
        "/reports?metric=conversations_count&type=account",
        "/reports/summary?type=account",
        "/reports/bot_summary?type=account",
        "/reports/bot_metrics",
        "/reports/conversations?type=account",
        "/reports/outgoing_messages_count?group_by=agent",
        "/reports/agents",
        "/reports/inboxes",
        "/reports/labels",
        "/reports/teams",
        "/summary_reports/inbox",
        "/live_reports/conversation_metrics",
    ] {
        assert_refused(&get(&office.admin, &below(path)).await, "20");
    }
}

#[tokio::test]
async fn an_account_asks_for_reports_so_often_a_minute() {
    let app = TestApp::with("[chatlake]\naccount_reports_per_minute = 1\n").await;
    let (office, other) = (Office::open(&app).await, Office::open(&app).await);
    let ask = async |office: &Office<'_>| {
        let account = office.account;
        let path = format!("/api/v2/accounts/{account}/reports/bot_metrics");
        get(&office.admin, &path).await
    };
    assert_eq!(ask(&office).await.status, 200);
    assert_refused(&ask(&office).await, "60");
    assert_eq!(ask(&other).await.status, 200);
}
