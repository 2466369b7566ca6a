//! Answers that are written down where they are made, away from the threads that answer everything else.

use super::error::{ApiError, ApiResult};
use axum::{
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The JSON of an answer.
#[derive(Debug)]
pub(crate) struct Written(Vec<u8>);

impl Written {
    /// Writes an answer down.
    ///
    /// # Errors
    /// 500 for one that has no JSON; nothing here is such.
    pub fn of(answer: &impl Serialize) -> ApiResult<Self> {
        serde_json::to_vec(answer).map(Self).map_err(ApiError::internal)
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
