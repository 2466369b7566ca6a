//! Calls of a node that renders, signed by a dispatcher's key.

use super::{
    HEADERS, IMAGE_MAX, NodeInfo, Order, PREVIEW_MAX, RenderCallError, SCENE_KEY, SceneHave, Side, SignedRequest, TicketView,
    answer::{bytes_of, json_of},
    content_of,
};
use crate::{Reach, SigningKey, Trust};
use depin_quantity::{Name, UnitId};
use reqwest::{Method, RequestBuilder, Url};
use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Longest wait for a connection, and for the whole of one answer: a frame of some hundred megabytes may come over a slow line.
const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(300);

/// Nodes, as a dispatcher reaches them.
#[derive(Clone, Debug)]
pub struct RenderNode {
    http: reqwest::Client,
    key: Arc<SigningKey>,
    chain_id: Name,
    node: UnitId,
    base: Url,
}

impl RenderNode {
    /// The node at a base URL that anybody may have written, which must lie within `reach`.
    ///
    /// # Errors
    /// [`RenderCallError::Barred`].
    pub fn new(
        (node, url): (UnitId, &str),
        key: Arc<SigningKey>,
        chain_id: Name,
        trust: &Trust,
        reach: &Reach,
    ) -> Result<Self, RenderCallError> {
        let base = reach.base(url).map_err(|barred| RenderCallError::Barred(barred.to_string()))?;
        let http = reach.guard(trust.http()).connect_timeout(CONNECT).timeout(ANSWER).build();
        let http = http.map_err(|error| RenderCallError::of(url, &error))?;
        Ok(Self { http, key, chain_id, node, base })
    }

    /// Its base URL.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Whether what is sent there is seen by nobody on the way: over TLS, or within this machine.
    pub fn is_private(&self) -> bool {
        let ip = self.base.host_str().and_then(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        self.base.scheme() == "https" || ip.is_some_and(|ip| ip.is_loopback())
    }

    fn signed(&self, method: Method, path: &str, body: Vec<u8>) -> RequestBuilder {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let asked = SignedRequest { chain_id: self.chain_id, node: self.node, method: method.as_str(), path };
        let signed = asked.sign(&self.key, content_of(&body), now_ms);
        let request = self.http.request(method, format!("{}{path}", self.url()));
        HEADERS.into_iter().zip(signed).fold(request, |request, (name, value)| request.header(name, value)).body(body)
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn info(&self) -> Result<NodeInfo, RenderCallError> {
        json_of(self.url(), self.http.get(format!("{}/v1/render/node", self.url()))).await
    }

    /// How much of a job's scene it has.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn scene(&self, job: UnitId) -> Result<SceneHave, RenderCallError> {
        json_of(self.url(), self.signed(Method::GET, &format!("/v1/render/jobs/{job}/scene"), Vec::new())).await
    }

    /// Gives it the bytes of a job's sealed scene from `at` on, of `of` bytes in all, with what opens it.
    ///
    /// # Errors
    /// [`RenderCallError`]; [`RenderCallError::Open`] for a node that is reached without TLS over a network.
    pub async fn put_scene(
        &self,
        job: UnitId,
        (at, of): (u64, u64),
        part: Vec<u8>,
        key: &[u8; 32],
    ) -> Result<SceneHave, RenderCallError> {
        if !self.is_private() {
            return Err(RenderCallError::Open(self.url().to_owned()));
        }
        let path = format!("/v1/render/jobs/{job}/scene?at={at}&of={of}");
        json_of(self.url(), self.signed(Method::PUT, &path, part).header(SCENE_KEY, hex::encode(key))).await
    }

    /// Asks for a ticket's frame; again, it is the same.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn order(&self, job: UnitId, number: u32, order: Order) -> Result<TicketView, RenderCallError> {
        // Plain numbers always have a form in JSON.
        let body = serde_json::to_vec(&order).unwrap_or_default();
        let request = self.signed(Method::POST, &format!("/v1/render/jobs/{job}/tickets/{number}"), body);
        json_of(self.url(), request.header("content-type", "application/json")).await
    }

    /// How far it is with a ticket.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn ticket(&self, job: UnitId, number: u32) -> Result<TicketView, RenderCallError> {
        let path = format!("/v1/render/jobs/{job}/tickets/{number}");
        json_of(self.url(), self.signed(Method::GET, &path, Vec::new())).await
    }

    async fn fetch(&self, job: UnitId, number: u32, what: &str, most: usize) -> Result<Vec<u8>, RenderCallError> {
        let path = format!("/v1/render/jobs/{job}/tickets/{number}/{what}");
        bytes_of(self.url(), self.signed(Method::GET, &path, Vec::new()), most).await
    }

    /// A ticket's sealed frame.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn frame(&self, job: UnitId, number: u32) -> Result<Vec<u8>, RenderCallError> {
        self.fetch(job, number, "frame", IMAGE_MAX).await
    }

    /// A ticket's preview.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn preview(&self, job: UnitId, number: u32) -> Result<Vec<u8>, RenderCallError> {
        self.fetch(job, number, "preview", PREVIEW_MAX).await
    }

    /// The clear frame of a ticket that is compared and differs.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn clear(&self, job: UnitId, number: u32) -> Result<Vec<u8>, RenderCallError> {
        self.fetch(job, number, "clear", IMAGE_MAX).await
    }

    /// Gives it an image of a comparison that it has a word in.
    ///
    /// # Errors
    /// [`RenderCallError`].
    pub async fn give(&self, job: UnitId, first: u32, side: Side, image: Vec<u8>) -> Result<(), RenderCallError> {
        let path = format!("/v1/render/jobs/{job}/comparisons/{first}/{side}");
        bytes_of(self.url(), self.signed(Method::PUT, &path, image), 64 << 10).await.map(drop)
    }
}
