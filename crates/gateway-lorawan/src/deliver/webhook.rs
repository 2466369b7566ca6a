//! Events by HTTP: `POST URL?event=KIND` with ChirpStack's JSON. Any answer of 2xx takes an event.

use super::{Delivery, WEBHOOK};
use crate::store::Waiting;
use futures::{StreamExt as _, stream};
use std::{sync::Arc, time::Duration};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// No answer is read further, bytes.
const ANSWER_MAX: usize = 64 << 10;
/// Requests under way at once.
const REQUESTS: usize = 16;

/// The customer's server.
pub(crate) struct Webhook {
    delivery: Arc<Delivery>,
    http: reqwest::Client,
    url: reqwest::Url,
}

impl Webhook {
    pub(crate) fn new(delivery: Arc<Delivery>, url: &str) -> Result<Self, String> {
        let url: reqwest::Url = url.parse().map_err(|error| format!("`{url}` is no URL: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(format!("`{url}` is neither http nor https"));
        }
        let http = delivery.config.trust.http().timeout(PATIENCE).pool_max_idle_per_host(REQUESTS);
        let http = http.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())?;
        Ok(Self { delivery, http, url })
    }

    pub(crate) async fn run(self) {
        loop {
            let due = self.delivery.due(WEBHOOK).await;
            let mut posts = stream::iter(due).map(|event| self.post(event)).buffer_unordered(REQUESTS);
            let (mut taken, mut failed) = (Vec::new(), Vec::new());
            while let Some((event, error)) = posts.next().await {
                match error {
                    None => taken.push(event),
                    Some(why) => failed.push((event, why)),
                }
            }
            self.delivery.settle(WEBHOOK, taken, failed).await;
        }
    }

    async fn post(&self, event: Waiting) -> (Waiting, Option<String>) {
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("event", &event.kind);
        let request = self.http.post(url).header("content-type", "application/json").body(event.body.clone());
        let error = match request.send().await {
            Ok(answer) if answer.status().is_success() => {
                // Read to its end, so that the connection is used again; what it says is of no interest. One that goes on is left.
                let _ = depin_client::read_body(answer, ANSWER_MAX).await;
                None
            }
            Ok(answer) => Some(format!("the customer's server answers {}", answer.status())),
            Err(error) => Some(format!("the customer's server does not answer: {}", error.without_url())),
        };
        (event, error)
    }
}
