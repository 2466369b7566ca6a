//! Where frames are rendered: one after another, by one renderer that stays as long as frames of its job come.
//!
//! In: orders and images of the store. Out: sealed frames, previews and commitments in it; what was found about comparisons. What goes wrong
//! with a frame is said by the frame's own stage, twice tried where the renderer itself failed.

use super::{
    compare,
    config::RenderingConfig,
    files::Files,
    store::{Commitment, Kept, Stage, Store, StoreError},
};
use crate::operator::blocking;
use depin_client::{Client, api::RenderingJob};
use depin_files::Readers;
use depin_quantity::{ContentHash, QuantityError, Span, UnitId, Units};
use depin_render::{FrameFormat, FrameSettings, Limits, Product, RenderError, Rendered, Renderer, Unpacked, Watermark};
use depin_services::rendering::{Format, FrameKey, Salt, price_of, work_of};
use sha2::{Digest as _, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, Write as _},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

/// Pause after something failed that may pass: the node, the disk.
const PAUSE: Duration = Duration::from_secs(2);
/// How often a finished frame is tried to be kept.
const COMMITS: usize = 30;
/// How often a frame is tried where the renderer failed rather than the scene.
const TRIES: usize = 2;

/// The frame that is rendered now, and how far it is.
pub(super) type Now = Arc<Mutex<Option<((UnitId, u32), f32)>>>;

/// The part of a node that renders.
pub(super) struct Bench {
    pub(super) config: RenderingConfig,
    pub(super) client: Client,
    pub(super) node: UnitId,
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) now: Now,
    /// Changes whenever there may be something to do or to say.
    pub(super) changes: watch::Sender<u64>,
}

/// Why nothing came of a piece of work.
#[derive(Debug, thiserror::Error)]
pub(super) enum WorkError {
    /// It may pass: it is tried again.
    #[error("{0}")]
    Passing(String),
    /// It does not pass.
    #[error("{0}")]
    Final(String),
}

impl WorkError {
    pub(super) fn passing(error: impl std::fmt::Display) -> Self {
        Self::Passing(error.to_string())
    }

    pub(super) fn last(error: impl std::fmt::Display) -> Self {
        Self::Final(error.to_string())
    }
}

impl From<StoreError> for WorkError {
    fn from(error: StoreError) -> Self {
        Self::passing(error)
    }
}

/// A renderer that stays, and for which job.
pub(super) type Standing = Option<(UnitId, Renderer)>;

impl Bench {
    /// Works until it is dropped.
    pub(super) async fn run(self) {
        let mut changed = self.changes.subscribe();
        let (mut standing, mut jobs) = (None, BTreeMap::new());
        loop {
            changed.mark_unchanged();
            match self.work(&mut standing, &mut jobs).await {
                Ok(true) => self.changes.send_modify(|n| *n += 1),
                // Nobody else holds the sender longer than this.
                Ok(false) => drop(changed.changed().await),
                Err(error) => {
                    tracing::warn!(%error, "rendering waits");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// One piece of work; false when there is none.
    async fn work(&self, standing: &mut Standing, jobs: &mut BTreeMap<UnitId, RenderingJob>) -> Result<bool, WorkError> {
        // Others wait for a word in a comparison, for a short time.
        if compare::work(self, standing, jobs).await? {
            return Ok(true);
        }
        let Some(kept) = self.store.next(Vec::new()).await? else { return Ok(false) };
        let stage = match self.frame(&kept, standing, jobs).await {
            Ok(commitment) => Stage::Ready(Box::new(commitment)),
            Err(WorkError::Final(why)) => Stage::Failed(why),
            Err(passing) => return Err(passing),
        };
        self.store.stage(kept.job, kept.number, stage, wall_ms()).await?;
        Ok(true)
    }

    /// The job of the ledger; what is needed of it never changes.
    pub(super) async fn job(&self, id: UnitId, jobs: &mut BTreeMap<UnitId, RenderingJob>) -> Result<RenderingJob, WorkError> {
        if let Some(job) = jobs.get(&id) {
            return Ok(job.clone());
        }
        let found = self.client.rendering().job(id).await.map_err(WorkError::passing)?;
        let job = found.ok_or_else(|| WorkError::last("the ledger does not know the job"))?;
        if jobs.len() >= 64 {
            jobs.clear();
        }
        jobs.insert(id, job.clone());
        Ok(job)
    }

    async fn frame(
        &self,
        kept: &Kept,
        standing: &mut Standing,
        jobs: &mut BTreeMap<UnitId, RenderingJob>,
    ) -> Result<Commitment, WorkError> {
        let (id, number) = (kept.job, kept.number);
        let job = self.job(id, jobs).await?;
        self.pays(&job).await?;
        // Nothing is rendered that cannot be kept.
        self.config.floor.admit(0).map_err(WorkError::passing)?;
        self.set_now(Some(((id, number), 0.0)));
        let rendered = self.rendered(&job, kept.order.frame, standing, (id, number)).await;
        self.set_now(None);
        let (rendered, format) = (Arc::new(rendered?), format_of(job.terms.format));
        for _ in 0..COMMITS {
            let (files, node, rendered) = (self.files.clone(), self.node, Arc::clone(&rendered));
            match blocking(move || commit(&files, node, (id, number), &rendered, format)).await {
                // A disk that is full has room again sooner than the frame is rendered again.
                Err(WorkError::Passing(why)) => tracing::warn!(job = %id, number, why, "a finished frame cannot be kept yet"),
                done => return done,
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(WorkError::passing("a finished frame could not be kept"))
    }

    /// Refuses a frame that pays less for an hour than the operator asks for.
    async fn pays(&self, job: &RenderingJob) -> Result<(), WorkError> {
        let least = self.config.hour_least;
        if least == 0 {
            return Ok(());
        }
        let network = self.client.rendering().network().await.map_err(WorkError::passing)?;
        let tier = job.terms.tier.word();
        let per_credit = network
            .per_credit
            .get(tier)
            .copied()
            .ok_or_else(|| WorkError::passing("the network does not say what a tier costs"))?;
        let paid = hour_price(self.config.score, network.credit, per_credit).map_err(WorkError::last)?;
        if paid >= least {
            return Ok(());
        }
        let told = |millionths: u64| Units::new(millionths.into()).to_decimal(6);
        Err(WorkError::last(format!(
            "an hour of this node earns {} {} in the tier {tier}, and its operator asks for {}",
            told(paid),
            network.priced_in,
            told(least)
        )))
    }

    /// Renders a frame of a job, as the job says.
    pub(super) async fn rendered(
        &self,
        job: &RenderingJob,
        frame: i64,
        standing: &mut Standing,
        told: (UnitId, u32),
    ) -> Result<Rendered, WorkError> {
        let terms = &job.terms;
        let settings = FrameSettings {
            width: terms.width,
            height: terms.height,
            samples: terms.samples,
            seed: terms.seed,
            format: format_of(terms.format),
            threads: self.config.threads,
        };
        for _ in 0..TRIES {
            if standing.as_ref().is_none_or(|(of, _)| *of != job.job) {
                // The one before ends first: two together may need more memory than there is.
                *standing = None;
                *standing = Some((job.job, self.renderer(job).await?));
            }
            let Some((_, renderer)) = standing.as_mut() else { continue };
            let now = Arc::clone(&self.now);
            let progress = move |done| *now.lock().unwrap_or_else(PoisonError::into_inner) = Some((told, done));
            match renderer.render(frame, &settings, progress).await {
                Ok(rendered) => return Ok(rendered),
                Err(error) if error.may_pass() => tracing::warn!(%error, "the renderer failed"),
                Err(RenderError::Sandbox(error)) => return Err(WorkError::passing(error)),
                Err(error) => return Err(WorkError::last(error)),
            }
        }
        Err(WorkError::last("the renderer ended twice before it finished the frame"))
    }

    /// A renderer of a job's scene, which is opened and unpacked for it. It stops a frame that is far more work than the job pays for.
    async fn renderer(&self, job: &RenderingJob) -> Result<Renderer, WorkError> {
        let (id, longest) = (job.job, longest(job.terms.frame_work_most, self.config.score));
        let key = self.store.scene_key(id).await?.ok_or_else(|| WorkError::last("the job's scene is not here"))?;
        let (sealed, scratch, scenes) = (self.files.scene(id), self.files.scratch(), self.config.scenes);
        let unpacked = blocking(move || {
            let mut packed = tempfile::NamedTempFile::new_in(&scratch).map_err(WorkError::passing)?;
            let mut sealed = BufReader::new(File::open(&sealed).map_err(WorkError::passing)?);
            depin_render::open(&mut sealed, &mut packed, &key, scenes.packed_bytes).map_err(WorkError::last)?;
            packed.flush().map_err(WorkError::passing)?;
            Unpacked::new(packed.path(), &scratch, scenes).map_err(WorkError::last)
        });
        let unpacked = unpacked.await?;
        if unpacked.engine() != self.config.found.engine {
            return Err(WorkError::last(format!("the scene is for {}", unpacked.engine())));
        }
        let (memory_bytes, frame_time) = (u64::from(self.config.memory_mb) << 20, self.config.limits.frame_time.min(longest));
        let limits = Limits { memory_bytes, frame_time, ..self.config.limits };
        Ok(Renderer::new(self.config.found.clone(), unpacked, limits))
    }

    fn set_now(&self, now: Option<((UnitId, u32), f32)>) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// What an hour of a node earns, in millionths of what frames are priced in; rounded as work and price are, down each.
fn hour_price(score: u32, credit: u64, per_credit: u64) -> Result<u64, QuantityError> {
    price_of(work_of(score, Span::from_secs(3_600))?, credit, per_credit)
}

/// After how long a node has done more work than a job pays for in one frame: `ceil(3600 * (work_most + 1) / score)` milliseconds.
///
/// - Units: `work_most` in thousandths of an OctaneBench-hour, `score` in OctaneBench points.
/// - Rounding: up: the first millisecond whose work, rounded down, is above the most.
/// - Source: the inverse of [`work_of`].
fn paid_time(work_most: u64, score: u32) -> Duration {
    let millis = ((u128::from(work_most) + 1) * 3_600).div_ceil(u128::from(score.max(1)));
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// How long a frame is worked on at most: twice as long as it is paid for, and a second. A machine that is busy with something else takes longer than
/// its score says, and that is not its artist's fault; whoever means to have more work for it than that has none of it.
fn longest(work_most: u64, score: u32) -> Duration {
    paid_time(work_most, score).saturating_mul(2).saturating_add(Duration::from_secs(1))
}

/// Decodes, hashes, marks and seals a finished frame, and puts it on the disk.
fn commit(
    files: &Files,
    node: UnitId,
    (job, number): (UnitId, u32),
    rendered: &Rendered,
    format: FrameFormat,
) -> Result<Commitment, WorkError> {
    let product = Product::decode(&rendered.image, format).map_err(WorkError::last)?;
    let watermark = Watermark::new(&depin_client::render::watermark_text(node, job, number));
    let picture = product.picture();
    let preview = if matches!(format, FrameFormat::Outputs) { watermark.card(&picture) } else { watermark.preview(&picture) };
    let (salt, key): ([u8; 32], [u8; 32]) = (rand::random(), rand::random());
    // Whoever opens the frame finds the salt of the commitment before it.
    let (plain, mut sealed) = ([&salt[..], &rendered.image].concat(), Vec::new());
    let told = depin_render::seal(&mut plain.as_slice(), &mut sealed, &key).map_err(WorkError::passing)?;
    depin_files::replace(&files.frame(job, number), &sealed, Readers::Owner).map_err(WorkError::passing)?;
    depin_files::replace(&files.preview(job, number), &preview, Readers::Owner).map_err(WorkError::passing)?;
    Ok(Commitment {
        pixels: ContentHash::new(product.hash()),
        salt: Salt::new(salt),
        key: FrameKey::new(key),
        sealed: ContentHash::new(told.hash),
        preview: ContentHash::new(Sha256::digest(&preview).into()),
        watermark: ContentHash::new(watermark.hash()),
        milliseconds: rendered.milliseconds,
    })
}

pub(super) const fn format_of(format: Format) -> FrameFormat {
    match format {
        Format::Png => FrameFormat::Png,
        Format::Exr => FrameFormat::Exr,
        Format::Outputs => FrameFormat::Outputs,
    }
}

/// Wall time, milliseconds since 1970.
pub(super) fn wall_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 500 points for an hour are 500 OctaneBench-hours; a credit of 0.25 buys 200 of them.
    #[test]
    fn an_hour_earns_what_the_tier_says() {
        assert_eq!(hour_price(500, 250_000, 200), Ok(625_000));
        assert_eq!(hour_price(500, 250_000, 25), Ok(5_000_000));
        assert_eq!(hour_price(1, 1, 1_000_000), Ok(0));
    }

    /// The first millisecond that nobody pays for.
    #[test]
    fn a_frame_is_worked_on_about_as_long_as_its_job_pays_for() {
        for (most, score) in [(1, 1), (10_000, 500), (7, 3_600), (10_000, 10_000_000), (123_457, 7)] {
            let millis = u64::try_from(paid_time(most, score).as_millis()).unwrap();
            let work = |millis| work_of(score, Span::from_millis(millis)).unwrap();
            assert!(work(millis) > most && work(millis - 1) <= most, "{most} of {score} points: {millis} ms");
        }
        assert_eq!(paid_time(u64::MAX, 1), Duration::from_millis(u64::MAX));
        assert_eq!(
            longest(10_000, 500),
            Duration::from_millis(2 * 72_008 + 1_000),
            "ten OctaneBench-hours are 72 s of 500 points"
        );
    }
}
