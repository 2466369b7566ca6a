//! `depin render watch`: frames as they come.

use super::{
    look::{JobPage, print},
    named::{Named, of_desk, short},
};
use crate::{args::JobArgs, error::Result, output::Progress, up::Interrupt};
use depin_client::render::{Desk, DeskFrame, FrameStage};
use depin_quantity::UnitId;
use std::{collections::BTreeMap, time::Duration};

/// Pause between two looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long a job that was ordered just now may be unknown to its dispatcher, looks.
const UNKNOWN_MOST: u32 = 60;

pub(super) async fn run(args: &JobArgs, at: &Named<'_>) -> Result<()> {
    let (job, desk) = (at.job(&args.job).await?, at.desk(&args.desk)?);
    until_here(&desk, job.job, at).await
}

/// Follows a job until nothing of it comes any more without its artist, then shows it.
pub(super) async fn until_here(desk: &Desk, job: UnitId, at: &Named<'_>) -> Result<()> {
    let mut interrupt = Interrupt::listen()?;
    let mut progress = Progress::start(at.out);
    let (mut before, mut unknown) = (BTreeMap::new(), 0);
    loop {
        match desk.frames(job).await {
            Ok(frames) => {
                tell(&frames, &mut before, &mut progress);
                if frames.iter().all(|frame| is_here(frame.stage)) {
                    break;
                }
                unknown = 0;
            }
            Err(error) if unknown < UNKNOWN_MOST && (error.is_passing() || error.status() == Some(404)) => unknown += 1,
            Err(error) => return Err(of_desk(&error)),
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = interrupt.next() => {
                at.out.note(format_args!("the job goes on; `depin render watch {}` follows it again", short(job)));
                break;
            }
        }
    }
    progress.done();
    let dispatcher = desk.job(job).await.ok();
    let row = at.rendering().job(job).await?;
    match row {
        Some(job) => print(&JobPage { job, dispatcher }, at).await,
        None => Ok(()),
    }
}

/// Whether a frame waits for nobody but its artist.
const fn is_here(stage: FrameStage) -> bool {
    matches!(stage, FrameStage::Ready | FrameStage::Done | FrameStage::Failed)
}

/// Tells what changed: one line for each frame that is here, and how many are how far.
fn tell(frames: &[DeskFrame], before: &mut BTreeMap<i64, FrameStage>, progress: &mut Progress) {
    let mut counts = BTreeMap::<FrameStage, u32>::new();
    let mut changed = before.is_empty();
    for frame in frames {
        *counts.entry(frame.stage).or_default() += 1;
        changed |= before.insert(frame.frame, frame.stage) != Some(frame.stage);
    }
    if changed {
        let far: Vec<String> = counts.iter().map(|(stage, many)| format!("{many} {}", stage.word())).collect();
        progress.step(format!("{} frames: {}", frames.len(), far.join(", ")));
    }
}
