//! Answers that take long to make: made in the background, one at a time, once for all who ask meanwhile, with a rest in between.

use super::error::{ApiError, ApiResult};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// How many times as long as it took the maker rests after an answer: at most a tenth of a processor goes into them.
const REST: u32 = 10;
/// A shorter rest is waited for; during a longer one the last answer stands.
const WAIT: Duration = Duration::from_secs(1);
/// The longest rest.
const REST_MAX: Duration = Duration::from_secs(30);

/// One kind of such answers. Each is of the rows after one block.
#[derive(Debug)]
pub(crate) struct Costly<T>(Arc<Mutex<Option<Made<T>>>>);

#[derive(Debug)]
struct Made<T> {
    height: u64,
    answer: T,
    /// Until when no other one is made.
    rests: Instant,
}

impl<T> Default for Costly<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + 'static> Costly<T> {
    /// The answer at `height` or later, or an earlier one while making it takes so long that its maker rests. `make` gives the height
    /// with it; nothing when the rows were replaced meanwhile.
    ///
    /// # Errors
    /// 503 when the rows were replaced.
    pub async fn get(&self, height: u64, make: impl FnOnce() -> Option<(u64, T)> + Send + 'static) -> ApiResult<T> {
        let last = Arc::clone(&self.0);
        // A task of its own: whoever hangs up must not let another begin beside it.
        let made = tokio::spawn(async move {
            let mut last = last.lock().await;
            if let Some(made) = &*last {
                let rest = made.rests.saturating_duration_since(Instant::now());
                if made.height >= height || rest > WAIT {
                    return Ok(made.answer.clone());
                }
                tokio::time::sleep(rest).await;
            }
            let began = Instant::now();
            let made = tokio::task::spawn_blocking(make).await.map_err(ApiError::internal)?;
            let (height, answer) = made.ok_or_else(|| ApiError::busy("the node took in another state meanwhile"))?;
            let rests = Instant::now() + (began.elapsed() * REST).min(REST_MAX);
            *last = Some(Made { height, answer: answer.clone(), rests });
            Ok(answer)
        });
        made.await.map_err(ApiError::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn all_who_ask_meanwhile_have_one_answer_and_none_begins_beside_it() {
        let (costly, made) = (Arc::new(Costly::default()), Arc::new(AtomicUsize::new(0)));
        let ask = |height: u64| {
            let (costly, made) = (Arc::clone(&costly), Arc::clone(&made));
            async move {
                let make = move || {
                    std::thread::sleep(Duration::from_millis(30));
                    Some((7, made.fetch_add(1, Ordering::Relaxed)))
                };
                costly.get(height, make).await
            }
        };
        let asking: Vec<_> = (0..16).map(|_| tokio::spawn(ask(7))).collect();
        // Who hangs up does not stop it.
        asking[0].abort();
        for one in asking.into_iter().skip(1) {
            assert_eq!(one.await.unwrap(), Ok(0));
        }
        assert_eq!(made.load(Ordering::Relaxed), 1);
        let began = Instant::now();
        assert_eq!(ask(8).await, Ok(1), "a later block has its own, after a short rest");
        assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn while_the_maker_of_a_long_one_rests_the_last_answer_stands() {
        let costly = Costly::default();
        let slow = |height| {
            move || {
                std::thread::sleep(Duration::from_millis(250));
                Some((height, height))
            }
        };
        assert_eq!(costly.get(1, slow(1)).await, Ok(1));
        assert_eq!(costly.get(2, slow(2)).await, Ok(1));
        let gone = Costly::<u64>::default().get(1, || None).await.unwrap_err();
        assert_eq!(gone.status, axum::http::StatusCode::SERVICE_UNAVAILABLE);
    }
}
