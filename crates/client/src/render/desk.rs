//! Calls of an artist's own dispatcher.

use super::{
    DeskFrame, DeskInfo, DeskJob, DeskTicket, DraftView, IMAGE_MAX, NewDraft, OpeningView, PREVIEW_MAX, RenderCallError,
    UploadView,
    answer::{bytes_of, json_of},
};
use crate::Trust;
use depin_quantity::{ContentHash, UnitId};
use reqwest::{Method, RequestBuilder, Url};
use std::time::Duration;
use zeroize::Zeroizing;

/// Longest wait for a connection, and for the whole of one answer.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(120);

/// A dispatcher, reached with its access key.
#[derive(Clone)]
pub struct Desk {
    http: reqwest::Client,
    base: String,
    key: Zeroizing<String>,
}

impl Desk {
    /// The dispatcher at a base URL, which its owner wrote.
    ///
    /// # Errors
    /// [`RenderCallError::Barred`] where it is none.
    pub fn new(url: &str, key: &str, trust: &Trust) -> Result<Self, RenderCallError> {
        let base = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        base.ok_or_else(|| RenderCallError::Barred(format!("`{url}`, which is no URL of http or https")))?;
        let http = trust.http().connect_timeout(CONNECT).timeout(ANSWER).build();
        let http = http.map_err(|error| RenderCallError::of(url, &error))?;
        Ok(Self { http, base: url.trim_end_matches('/').to_owned(), key: Zeroizing::new(key.to_owned()) })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        &self.base
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/v1/{path}", self.base)).bearer_auth(self.key.as_str())
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn info(&self) -> Result<DeskInfo, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, "desk")).await
    }

    /// How much of a sealed scene it has.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn scene(&self, sealed: ContentHash) -> Result<UploadView, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, &format!("scenes/{sealed}"))).await
    }

    /// Gives it the bytes of a sealed scene from `at` on, of `of` in all.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn put_scene(
        &self,
        sealed: ContentHash,
        (at, of): (u64, u64),
        part: Vec<u8>,
    ) -> Result<UploadView, RenderCallError> {
        let path = format!("scenes/{sealed}?at={at}&of={of}");
        json_of(&self.base, self.ask(Method::PUT, &path).body(part)).await
    }

    /// Drafts a job: it commits to a secret for it, and knows the job by that once it is ordered.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn draft(&self, draft: &NewDraft) -> Result<DraftView, RenderCallError> {
        json_of(&self.base, self.ask(Method::POST, "drafts").json(draft)).await
    }

    /// All jobs that it knows.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn jobs(&self) -> Result<Vec<DeskJob>, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, "jobs")).await
    }

    /// One job.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn job(&self, job: UnitId) -> Result<DeskJob, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, &format!("jobs/{job}"))).await
    }

    /// Its frames, in order.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn frames(&self, job: UnitId) -> Result<Vec<DeskFrame>, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, &format!("jobs/{job}/frames"))).await
    }

    /// The preview of a frame, by its number.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn preview(&self, job: UnitId, frame: i64) -> Result<Vec<u8>, RenderCallError> {
        bytes_of(&self.base, self.ask(Method::GET, &format!("jobs/{job}/frames/{frame}/preview")), PREVIEW_MAX).await
    }

    /// A finished frame.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn image(&self, job: UnitId, frame: i64) -> Result<Vec<u8>, RenderCallError> {
        bytes_of(&self.base, self.ask(Method::GET, &format!("jobs/{job}/frames/{frame}/image")), IMAGE_MAX).await
    }

    /// All tickets of a frame: attempts, checks, planted ones.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn tickets(&self, job: UnitId, frame: i64) -> Result<Vec<DeskTicket>, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, &format!("jobs/{job}/frames/{frame}/tickets"))).await
    }

    /// What opens a ticket.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn opening(&self, job: UnitId, number: u32) -> Result<OpeningView, RenderCallError> {
        json_of(&self.base, self.ask(Method::GET, &format!("jobs/{job}/tickets/{number}/opening"))).await
    }
}

/// Without the access key.
impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("base", &self.base).finish_non_exhaustive()
    }
}
