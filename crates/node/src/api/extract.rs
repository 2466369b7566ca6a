//! Reading requests. What cannot be read is refused in the API's own form, never in the framework's.

use super::error::{ApiError, ApiResult};
use axum::{
    body::{Body, HttpBody as _, to_bytes},
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::QueryRejection},
    http::{StatusCode, request::Parts},
};
use depin_client::api::code;
use serde::de::DeserializeOwned;
use std::{fmt::Display, str::FromStr};

/// The one variable part of a path.
pub(crate) struct Segment<T>(pub T);

impl<S: Send + Sync, T: FromStr<Err: Display> + Send> FromRequestParts<S> for Segment<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = text.map_err(|e| ApiError::bad_request(e.body_text(), ""))?;
        text.parse().map(Self).map_err(|e| ApiError::bad_request(e, ""))
    }
}

/// The two variable parts of a path.
pub(crate) struct Segments<A, B>(pub A, pub B);

impl<S, A, B> FromRequestParts<S> for Segments<A, B>
where
    S: Send + Sync,
    A: FromStr<Err: Display> + Send,
    B: FromStr<Err: Display> + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let texts = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = texts.map_err(|e| ApiError::bad_request(e.body_text(), ""))?;
        let first = first.parse().map_err(|e: A::Err| ApiError::bad_request(e, ""))?;
        second.parse().map(|second| Self(first, second)).map_err(|e: B::Err| ApiError::bad_request(e, ""))
    }
}

/// All variable parts of a path, as its type has them.
pub(crate) struct AllSegments<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for AllSegments<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Self> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(parts)| Self(parts)).map_err(|e| ApiError::bad_request(e.body_text(), "the form is in /openapi.json"))
    }
}

/// The query's parameters.
pub(crate) struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<Self> {
        let hint = "the parameters are in /openapi.json";
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => Err(ApiError::bad_request(error.body_text(), hint)),
            Err(error) => Err(ApiError::bad_request(error, hint)),
        }
    }
}

/// A JSON body of at most `MAX` bytes.
pub(crate) struct JsonBody<T, const MAX: usize>(pub T);

impl<S: Send + Sync, T: DeserializeOwned, const MAX: usize> FromRequest<S> for JsonBody<T, MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> ApiResult<Self> {
        let bytes = read(request.into_body(), MAX).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|e| {
            let message = format!("the body is not the JSON asked for: {e}");
            ApiError::new(StatusCode::BAD_REQUEST, code::MALFORMED, message, "the form is in /openapi.json")
        })
    }
}

async fn read(body: Body, max: usize) -> ApiResult<bytes::Bytes> {
    // A length that is stated and too large is refused before anything is read.
    if body.size_hint().lower() > max as u64 {
        return Err(ApiError::too_large(max));
    }
    to_bytes(body, max).await.map_err(|error| {
        let mut cause: Option<&dyn std::error::Error> = Some(&error);
        while let Some(inner) = cause {
            if inner.to_string() == "length limit exceeded" {
                return ApiError::too_large(max);
            }
            cause = inner.source();
        }
        ApiError::bad_request(format!("the body cannot be read: {error}"), "send it whole")
    })
}

/// Most entries of a page: `limit`, at most `max`, `default` when not given.
///
/// # Errors
/// 400 for zero and for more than `max`.
pub(crate) fn page_limit(limit: Option<u32>, default: u32, max: u32) -> ApiResult<usize> {
    match limit {
        None => Ok(default as usize),
        Some(limit) if (1..=max).contains(&limit) => Ok(limit as usize),
        Some(limit) => {
            Err(ApiError::bad_request(format!("a limit of {limit} is not allowed; 1 to {max} is"), "ask page by page"))
        }
    }
}

/// Reads the place that a page continues from.
///
/// # Errors
/// 400 for text that is none.
pub(crate) fn page_after<T: FromStr<Err: Display>>(after: Option<&str>) -> ApiResult<Option<T>> {
    let parse = |text: &str| text.parse().map_err(|e| ApiError::bad_request(e, "pass the `next` of the page before as it is"));
    after.map(parse).transpose()
}
