//! Quartet's own API.

mod accounts;
mod bot_secrets;
mod deliveries;
mod endpoints;
mod events;
mod flows;
mod people;
mod places;
mod refusals;
pub(crate) mod scene;

use axum::http::Method;
use quartet::model::{AccountId, Scope};
use serde_json::Value;

use crate::app::{Answer, TestApp};

/// The operator's token of these tests.
pub(crate) const OPERATOR: &str = "0123456789abcdef0123456789abcdef";

/// A server whose operator has a token.
pub(crate) async fn server() -> TestApp {
    TestApp::with(&format!("[admin]\ntoken = \"{OPERATOR}\"\n")).await
}

/// Somebody with a credential.
pub(crate) struct Actor<'a> {
    app: &'a TestApp,
    authorization: String,
}

impl<'a> Actor<'a> {
    /// Whoever holds this token.
    pub(crate) fn with(app: &'a TestApp, token: &str) -> Self {
        let authorization = format!("Bearer {token}");
        Self { app, authorization }
    }

    /// The operator.
    pub(crate) fn operator(app: &'a TestApp) -> Self {
        Self::with(app, OPERATOR)
    }

    /// The administrator of an account.
    pub(crate) async fn administrator(app: &'a TestApp, account: AccountId) -> Self {
        Self::with(app, &app.key(account, &[Scope::Admin]).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &Value::Null).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [("authorization", self.authorization.as_str())];
        let path = format!("/admin/v1{path}");
        self.app.send(method, &path, &headers, body).await
    }

    /// A flow file, of which `kind` is the content type.
    pub(crate) async fn flow(&self, method: Method, path: &str, kind: &str, file: &str) -> Answer {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("/admin/v1{path}"))
            .header("authorization", &self.authorization)
            .header("content-type", kind)
            .body(axum::body::Body::from(file.to_owned()))
            .unwrap();
        self.app.call(request).await
    }
}

/// Takes a value that no two runs share out of an object, after a look at how it begins.
pub(crate) fn take(body: &mut Value, field: &str, prefix: &str) -> String {
    let value = body.as_object_mut().unwrap().remove(field).unwrap();
    let text = value.as_str().unwrap().to_owned();
    assert!(text.starts_with(prefix), "{field} is {text}");
    assert!(text.len() >= prefix.len() + 16, "{field} is {text}");
    text
}
