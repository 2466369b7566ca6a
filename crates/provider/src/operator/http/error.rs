//! Errors as callers see them: a status, and `{"error":{"code","message","hint"}}`.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal or failure on its way to the caller.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    /// Stable, for programs.
    code: &'static str,
    message: String,
    /// What to do about it; may be empty.
    hint: &'static str,
    /// A header with a value in ASCII.
    header: Option<(HeaderName, String)>,
}

impl ApiError {
    /// An error: `code` is short and stable, for programs; `hint` says what to do about it.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self { status, code, message: message.into(), hint, header: None }
    }

    /// 400.
    pub fn bad_request(code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message, hint)
    }

    /// 503: everything that may be in flight is in flight. `what` is a plural.
    pub fn busy(what: &'static str) -> Self {
        let message = format!("this provider handles as many {what} as it can");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "try again in a few seconds").with(header::RETRY_AFTER, "5")
    }

    /// 429: whoever asks has all that one may have. `what` is a plural.
    pub fn too_many(what: &'static str, share: usize) -> Self {
        let message = format!("{share} {what} of yours are under way at this provider, and nobody may have more");
        let hint = "wait until one of them has ended";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too-many", message, hint).with(header::RETRY_AFTER, "5")
    }

    /// 500: a bug or a machine at its end; the details are in the log only.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        let message = "the provider failed to answer; its operator finds the reason in the log";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "try again, or use another provider")
    }

    /// The same with a header. Its value must be visible ASCII.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": { "code": self.code, "message": self.message, "hint": self.hint } });
        let mut response = (self.status, Json(body)).into_response();
        if let Some((name, value)) = self.header {
            let value = HeaderValue::try_from(value).expect("only digits and ASCII signs are put into headers");
            response.headers_mut().insert(name, value);
        }
        response
    }
}
