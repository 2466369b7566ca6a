//! A persistent renderer of one scene: started once, fed frame after frame.

use crate::{
    driver::{Driver, Request},
    engine::Found,
    error::RenderError,
    pixels::FrameFormat,
    scene::Unpacked,
};
use std::time::{Duration, Instant};

/// What a renderer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Memory of its own, bytes.
    pub memory_bytes: u64,
    /// What it may write, in memory, beside that; bytes.
    pub scratch_bytes: u64,
    /// The most bytes of one finished frame.
    pub output_bytes: u64,
    /// How long it may take to start and read the scene.
    pub load_time: Duration,
    /// How long one frame may take.
    pub frame_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let frame = 512 << 20;
        Self {
            memory_bytes: 8 << 30,
            scratch_bytes: 2 * frame,
            output_bytes: frame,
            load_time: Duration::from_secs(120),
            frame_time: Duration::from_secs(3_600),
        }
    }
}

/// What a job says of its frames, whatever the scene says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameSettings {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Samples of each pixel.
    pub samples: u32,
    /// The job's seed; each frame has noise of its own, see [`FrameSettings::seed_of`].
    pub seed: u64,
    /// The form of the frame.
    pub format: FrameFormat,
    /// Threads that render it. Pixels do not depend on it.
    pub threads: u32,
}

impl FrameSettings {
    /// What the renderer's noise begins with in one frame: the sum of seed and frame number, modulo 2^31, which both renderers take.
    pub const fn seed_of(&self, frame: i64) -> u32 {
        (self.seed.wrapping_add(frame.cast_unsigned()) % (1 << 31)) as u32
    }
}

/// A finished frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The file: PNG, EXR, or a zip of a task's outputs. It came from a foreign scene: decode it by [`Product::decode`](crate::Product::decode),
    /// which has bounds.
    pub image: Vec<u8>,
    /// How long the renderer worked on it, milliseconds of wall time, without its start.
    pub milliseconds: u64,
}

/// A renderer of one scene. It holds one process, which ends when this is dropped.
#[derive(Debug)]
pub struct Renderer {
    found: Found,
    scene: Unpacked,
    limits: Limits,
    driver: Option<Driver>,
}

impl Renderer {
    /// Takes a scene; the process starts with its first frame. `scene` is kept as long as this.
    pub const fn new(found: Found, scene: Unpacked, limits: Limits) -> Self {
        Self { found, scene, limits, driver: None }
    }

    /// Renders a frame, or runs a part of a task. After an error the next call starts the renderer anew; each part of a task has a sandbox of
    /// its own, so that nothing of one is left for the next.
    ///
    /// `told` is called about twice a second with how far it is, 0 to 1, as far as the renderer tells: Mitsuba does not.
    ///
    /// # Errors
    /// [`RenderError`].
    pub async fn render(
        &mut self,
        frame: i64,
        settings: &FrameSettings,
        told: impl Fn(f32) + Send,
    ) -> Result<Rendered, RenderError> {
        let mut driver = match self.driver.take() {
            Some(driver) => driver,
            None => Driver::start(&self.found, Some((self.scene.folder(), self.scene.main())), self.limits).await?,
        };
        let rendered = rendered(&mut driver, frame, settings, self.limits, told).await;
        // A frame that the renderer refuses says nothing against the next; whatever else happened may have left it in disorder.
        let is_clean = matches!(rendered, Ok(_) | Err(RenderError::Refused { .. }));
        if is_clean && !self.found.engine.runs_tasks() {
            self.driver = Some(driver);
        }
        rendered
    }
}

/// Asks a driver for a frame.
pub(crate) async fn rendered(
    driver: &mut Driver,
    frame: i64,
    settings: &FrameSettings,
    limits: Limits,
    told: impl Fn(f32) + Send,
) -> Result<Rendered, RenderError> {
    let FrameSettings { width, height, samples, format, threads, .. } = *settings;
    let seed = settings.seed_of(frame);
    let request = Request::Render { frame, width, height, samples, seed, format: format.word(), threads };
    let (begun, progress) = (Instant::now(), driver.progress());
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let asked = driver.ask(&request, "finish the frame", limits.frame_time);
    tokio::pin!(asked);
    let (answer, image) = loop {
        tokio::select! {
            answer = &mut asked => break answer?,
            _ = ticks.tick() => told(progress()),
        }
    };
    // What it says of its own time is taken only where it is not above what went by. A task's script could say it in the driver's place, and
    // would have its node work for nothing: there the time that went by counts.
    let most = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let milliseconds = if format == FrameFormat::Outputs { most.max(1) } else { answer.milliseconds.min(most) };
    Ok(Rendered { image, milliseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_has_noise_of_its_own_within_what_renderers_take() {
        let with = |seed| FrameSettings { width: 1, height: 1, samples: 1, seed, format: FrameFormat::Png, threads: 1 };
        assert_eq!((with(7).seed_of(0), with(7).seed_of(3)), (7, 10));
        assert_eq!(with(u64::MAX).seed_of(1), 0);
        assert_eq!(with((1 << 31) + 5).seed_of(0), 5);
    }
}
