//! What a node finds when frames of a comparison are laid before it.
//!
//! As one of the two nodes: whether the other's frame is within the measured bounds of its own, and if not, whether its own comes out the same once
//! more; if that does not, it was wrong, and says so. As a third one: it renders the frame, and says
//! which sides have the same pixels or are within the bounds; or, where a key is disputed, whether it opens what was committed to.

use super::{
    bench::{Bench, Standing, WorkError, format_of},
    store::{Given, Stage, Verdict},
};
use crate::operator::blocking;
use depin_client::{
    api::{RenderingComparison, RenderingJob, RenderingTicket},
    render::{IMAGE_MAX, Side},
};
use depin_quantity::{ContentHash, UnitId};
use depin_render::{FrameFormat, Product};
use depin_services::rendering::{Against, Salt, commitment};
use std::{collections::BTreeMap, fs, path::Path};

/// Looks at the first comparison that waits for this node; false when none does.
pub(super) async fn work(
    bench: &Bench,
    standing: &mut Standing,
    jobs: &mut BTreeMap<UnitId, RenderingJob>,
) -> Result<bool, WorkError> {
    for given in bench.store.given().await?.into_iter().filter(|given| given.verdict.is_none()) {
        let asked = bench.client.rendering().ticket(given.job, given.first).await.map_err(WorkError::passing)?;
        let Some(first) = asked else { continue };
        let Some(comparison) = first.comparison.clone() else { continue };
        let verdict = match comparison.step.as_str() {
            "agreeing" => agree(bench, &given, &first, &comparison, standing, jobs).await,
            "judging" if comparison.third == Some(bench.node) => judge(bench, &given, &first, &comparison, standing, jobs).await,
            _ => Ok(None),
        };
        match verdict {
            Ok(None) => {}
            Ok(Some(verdict)) => {
                bench.store.found(given.job, given.first, verdict).await?;
                return Ok(true);
            }
            Err(WorkError::Final(why)) if comparison.step == "judging" => {
                tracing::warn!(job = %given.job, first = given.first, why, "a comparison cannot be judged here, and another node is asked");
                bench.store.found(given.job, given.first, Verdict::Unclear).await?;
                return Ok(true);
            }
            Err(WorkError::Final(why)) => {
                // A third node is drawn.
                tracing::warn!(job = %given.job, first = given.first, why, "a comparison could not be looked at");
                bench.store.forget_given(given.job, given.first).await?;
            }
            Err(passing) => return Err(passing),
        }
    }
    Ok(false)
}

/// Whether the other's frame is alike its own; if not, whether its own is what it renders now.
async fn agree(
    bench: &Bench,
    given: &Given,
    first: &RenderingTicket,
    comparison: &RenderingComparison,
    standing: &mut Standing,
    jobs: &mut BTreeMap<UnitId, RenderingJob>,
) -> Result<Option<Verdict>, WorkError> {
    let (own, side) = match comparison.against {
        Against::Ticket(other) if first.node != bench.node => (other, Side::Left),
        Against::Ticket(_) => (given.first, Side::Right),
        Against::Planted(_) | Against::Key => return Ok(None),
    };
    if !given.sides.iter().any(|have| have == side.word()) {
        return Ok(None);
    }
    let kept = bench.store.ticket(given.job, own).await?;
    let Some(Stage::Ready(ready)) = kept.map(|kept| kept.stage) else { return Ok(None) };
    let job = bench.job(given.job, jobs).await?;
    let format = format_of(job.terms.format);
    let (mine, theirs) = (bench.files.frame(given.job, own), bench.files.compared(given.job, given.first, side.word()));
    let alike = blocking(move || {
        let (_, image) = opened(&mine, &ready.key.get())?;
        let mine = Product::decode(&image, format).map_err(WorkError::last)?;
        let alike = mine.is_alike(&decoded(&theirs, format)?);
        Ok::<_, WorkError>((mine, alike))
    });
    let (mine, alike) = alike.await?;
    let frame = job.terms.frames.number(comparison.frame);
    let (Some(frame), false, true) = (frame, alike, bench.store.scene_key(given.job).await?.is_some()) else {
        return Ok(Some(Verdict::Alike(alike)));
    };
    // A renderer that fails now says nothing about the frame that was handed in: a third node looks at it.
    let again = match once_more(bench, &job, frame, standing, (given.job, own)).await {
        Ok(again) => again,
        Err(WorkError::Final(_)) => return Ok(Some(Verdict::Alike(false))),
        Err(passing) => return Err(passing),
    };
    if again.is_alike(&mine) {
        return Ok(Some(Verdict::Alike(false)));
    }
    if is_fickle(bench, &job, frame, &again, standing, (given.job, own)).await? {
        return Ok(Some(Verdict::Alike(true)));
    }
    Ok(Some(Verdict::OwnWrong))
}

/// Renders a frame, or runs a part, and decodes it.
async fn once_more(
    bench: &Bench,
    job: &RenderingJob,
    frame: i64,
    standing: &mut Standing,
    told: (UnitId, u32),
) -> Result<Product, WorkError> {
    let rendered = bench.rendered(job, frame, standing, told).await?;
    let format = format_of(job.terms.format);
    blocking(move || Product::decode(&rendered.image, format).map_err(WorkError::last)).await
}

/// Whether a part of a task comes out otherwise each time, more than the task says that it may: then no run of it says anything about another, and
/// nobody was wrong. Renderers are forced to give the same picture, so of a frame this is never asked.
async fn is_fickle(
    bench: &Bench,
    job: &RenderingJob,
    frame: i64,
    before: &Product,
    standing: &mut Standing,
    told: (UnitId, u32),
) -> Result<bool, WorkError> {
    if !job.terms.format.is_task() {
        return Ok(false);
    }
    Ok(!once_more(bench, job, frame, standing, told).await?.is_alike(before))
}

/// Which sides are right.
async fn judge(
    bench: &Bench,
    given: &Given,
    first: &RenderingTicket,
    comparison: &RenderingComparison,
    standing: &mut Standing,
    jobs: &mut BTreeMap<UnitId, RenderingJob>,
) -> Result<Option<Verdict>, WorkError> {
    let has = |side: Side| given.sides.iter().any(|have| have == side.word());
    let place = |side: Side| bench.files.compared(given.job, given.first, side.word());
    let job = bench.job(given.job, jobs).await?;
    let format = format_of(job.terms.format);
    match comparison.against {
        Against::Key => {
            let (true, Some(key), Some(handed)) = (has(Side::Sealed), first.key, first.handed) else { return Ok(None) };
            let (sealed, node) = (place(Side::Sealed), first.node);
            let fits = blocking(move || key_fits(&sealed, &key.get(), format, node, handed.pixels)).await?;
            return Ok(Some(Verdict::Right { left: fits, right: true }));
        }
        Against::Ticket(_) if !(has(Side::Left) && has(Side::Right)) => return Ok(None),
        Against::Planted(_) if !has(Side::Sealed) => return Ok(None),
        Against::Ticket(_) | Against::Planted(_) => {}
    }
    if bench.store.scene_key(given.job).await?.is_none() {
        return Ok(None);
    }
    let frame = job.terms.frames.number(comparison.frame).ok_or_else(|| WorkError::last("the job has no such frame"))?;
    let told = (given.job, given.first);
    let mine = once_more(bench, &job, frame, standing, told).await?;
    if let Against::Planted(planted) = comparison.against {
        if is_fickle(bench, &job, frame, &mine, standing, told).await? {
            return Ok(Some(Verdict::Right { left: true, right: true }));
        }
        return Ok(Some(of_planted(ContentHash::new(mine.hash()), first.pixels, planted)));
    }
    let (left, right, own) = (place(Side::Left), place(Side::Right), mine.clone());
    let (left, right) = blocking(move || {
        let is_right = |path: &Path| Ok::<_, WorkError>(decoded(path, format).is_ok_and(|theirs| own.is_alike(&theirs)));
        Ok::<_, WorkError>((is_right(&left)?, is_right(&right)?))
    })
    .await?;
    if !(left && right) && is_fickle(bench, &job, frame, &mine, standing, told).await? {
        return Ok(Some(Verdict::Right { left: true, right: true }));
    }
    Ok(Some(Verdict::Right { left, right }))
}

/// What a third node says of a planted frame: it has what it rendered itself, what the frame's node said and what was planted, as hashes, and no clear
/// frame. Who has other pixels than both, as another processor may give, cannot say who is right.
fn of_planted(own: ContentHash, said: Option<ContentHash>, planted: ContentHash) -> Verdict {
    match said == Some(own) {
        true => Verdict::Right { left: true, right: planted == own },
        false if planted == own => Verdict::Right { left: false, right: true },
        false => Verdict::Unclear,
    }
}

fn decoded(path: &Path, format: FrameFormat) -> Result<Product, WorkError> {
    let bytes = fs::read(path).map_err(WorkError::passing)?;
    Product::decode(&bytes, format).map_err(WorkError::last)
}

/// The salt and the file of a sealed frame.
pub(super) fn opened(path: &Path, key: &[u8; 32]) -> Result<(Salt, Vec<u8>), WorkError> {
    let mut plain = Vec::new();
    let sealed = fs::read(path).map_err(WorkError::passing)?;
    depin_render::open(&mut sealed.as_slice(), &mut plain, key, IMAGE_MAX as u64 + 32).map_err(WorkError::last)?;
    let (salt, image) = plain.split_first_chunk::<32>().ok_or_else(|| WorkError::last("the sealed frame has no salt"))?;
    Ok((Salt::new(*salt), image.to_vec()))
}

/// Whether a key opens what a node committed to.
fn key_fits(path: &Path, key: &[u8; 32], format: FrameFormat, node: UnitId, committed: ContentHash) -> Result<bool, WorkError> {
    let (salt, image) = match opened(path, key) {
        Ok(found) => found,
        Err(WorkError::Final(_)) => return Ok(false),
        Err(passing) => return Err(passing),
    };
    let product = Product::decode(&image, format).ok();
    Ok(product.is_some_and(|product| commitment(ContentHash::new(product.hash()), salt, node) == committed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_frame_is_judged_by_hashes_and_by_nobody_who_has_neither() {
        let of = |n: u8| ContentHash::new([n; 32]);
        assert_eq!(
            of_planted(of(1), Some(of(1)), of(2)),
            Verdict::Right { left: true, right: false },
            "what was planted is made up"
        );
        assert_eq!(of_planted(of(2), Some(of(1)), of(2)), Verdict::Right { left: false, right: true });
        assert_eq!(of_planted(of(1), Some(of(1)), of(1)), Verdict::Right { left: true, right: true });
        assert_eq!(of_planted(of(3), Some(of(1)), of(2)), Verdict::Unclear);
        assert_eq!(of_planted(of(3), None, of(2)), Verdict::Unclear);
    }
}
