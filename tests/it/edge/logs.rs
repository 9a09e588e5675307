//! What is recorded of a request, and what is not.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use tower::ServiceExt;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use super::router;

/// Keeps what this thread logs.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

/// While there is only one subscriber, whichever thread comes first to a place that logs decides whether it ever does,
/// and that may be the thread of another test, which has none. With a second one every subscriber is asked.
static SECOND: LazyLock<Dispatch> = LazyLock::new(|| {
    Dispatch::new(
        tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_writer(std::io::sink)
            .finish(),
    )
});

impl Captured {
    /// Everything down to `level`.
    pub(crate) fn from(level: LevelFilter) -> (Self, DefaultGuard) {
        LazyLock::force(&SECOND);
        let captured = Self::default();
        let lines = captured.clone();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(level)
            .with_writer(move || lines.clone())
            .finish();
        (captured, tracing::subscriber::set_default(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn get(path: &str) -> Response<Body> {
    let request = Request::get(path)
        .header("authorization", "Bearer s3cret")
        .header("api_access_token", "s3cret")
        .body(Body::empty())
        .unwrap();
    router("").oneshot(request).await.unwrap()
}

#[tokio::test]
async fn a_key_in_a_path_or_header_is_never_recorded() {
    let (captured, _guard) = Captured::from(LevelFilter::TRACE);
    for path in [
        "/things/s3cret/7?token=s3cret",
        "/sample/things/s3cret/broken",
        "/things/s3cret/unknown/path",
        "/s3cret",
        "/things/s3cret/%00",
    ] {
        get(path).await;
    }
    let metrics = to_bytes(get("/metrics").await.into_body(), usize::MAX)
        .await
        .unwrap();

    let text = captured.text();
    assert!(!text.contains("s3cret"), "{text}");
    for route in [
        "/things/{key}/{id}",
        "/sample/things/{key}/broken",
        "/things/…",
        "unknown",
    ] {
        assert!(
            text.contains(&format!("\"http.route\":\"{route}\"")),
            "{route} is not in {text}"
        );
    }
    let metrics = String::from_utf8(metrics.to_vec()).unwrap();
    assert!(!metrics.contains("s3cret"), "{metrics}");
    let counted =
        r#"quartet_http_requests_total{method="GET",route="/things/{key}/{id}",status="200"}"#;
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_causes_and_the_id_of_its_request() {
    for level in [LevelFilter::TRACE, LevelFilter::ERROR] {
        let (captured, _guard) = Captured::from(level);
        failure_is_logged_once(&captured).await;
    }
}

async fn failure_is_logged_once(captured: &Captured) {
    let response = get("/things/a/broken").await;
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        to_bytes(response.into_body(), usize::MAX).await.unwrap(),
        ""
    );

    let text = captured.text();
    let errors: Vec<_> = text
        .lines()
        .filter(|line| line.contains("\"ERROR\""))
        .collect();
    let [error] = errors[..] else {
        panic!("{errors:?}")
    };
    assert!(
        error.contains("outer: an error occurred when formatting an argument"),
        "{error}"
    );
    assert!(error.contains(&id), "{error}");
}

#[tokio::test]
async fn a_request_keeps_the_id_that_it_came_with() {
    let request = Request::get("/whoami")
        .header("x-request-id", "mine-1")
        .body(Body::empty())
        .unwrap();
    let response = router("").oneshot(request).await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "mine-1");
    assert_eq!(
        to_bytes(response.into_body(), usize::MAX).await.unwrap(),
        "mine-1"
    );
}

#[tokio::test]
async fn a_request_without_a_usable_id_gets_one() {
    let request = Request::get("/whoami")
        .header("x-request-id", "a b\"")
        .body(Body::empty())
        .unwrap();
    let response = router("").oneshot(request).await.unwrap();
    let id = response.headers()["x-request-id"].clone();
    assert_eq!(id.len(), 36);
    assert_eq!(
        to_bytes(response.into_body(), usize::MAX).await.unwrap(),
        id.as_bytes()
    );
}
