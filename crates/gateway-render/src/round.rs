//! The dispatcher's looks at the ledger: jobs that were ordered are found, what is next for each is planned and sent.

use crate::{
    board::Seen,
    courier,
    desk::{Desk, DeskError},
    plan::{Book, Issuance, JobView, Step, plan},
    store::{Draft, DraftOf, drafts, tickets},
};
use depin_client::{SubmitError, api::RenderingJobQuery, whole_list};
use depin_ledger::Message;
use depin_quantity::UnitId;
use depin_services::rendering::{Issued, JobState, Opening, RenderingMessage};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// Longest pause after something failed.
const PAUSE_MOST: Duration = Duration::from_secs(15);
/// Pages of jobs that are read at a look.
const PAGES: usize = 64;
/// How often scenes are looked for that nobody needs.
const SWEEP: Duration = Duration::from_secs(600);

/// Looks for ever.
pub(crate) async fn run(desk: Arc<Desk>) {
    let (mut pause, mut swept) = (desk.config.look, None::<Instant>);
    // What was sent before a restart is decided before anything is planned from what the ledger says.
    while let Err(error) = desk.sender.settled().await {
        desk.board.note(None, "node", &error);
        tokio::time::sleep(PAUSE_MOST.min(desk.config.look * 4)).await;
    }
    loop {
        match look(&desk).await {
            Ok(()) => {
                desk.board.solved(None, "node");
                pause = desk.config.look;
            }
            Err(error) => {
                desk.board.note(None, "node", &error);
                pause = (pause * 2).min(PAUSE_MOST);
            }
        }
        if swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            sweep(&desk).await;
            swept = Some(Instant::now());
        }
        tokio::time::sleep(pause).await;
    }
}

/// One look at all jobs that are not closed.
async fn look(desk: &Arc<Desk>) -> Result<(), DeskError> {
    let dispatcher = Some(desk.sender.address());
    let page = |after: Option<String>| async move {
        let query = RenderingJobQuery { dispatcher, after, limit: Some(200), ..RenderingJobQuery::default() };
        desk.client.rendering().jobs(&query).await
    };
    let listed = whole_list(PAGES, page).await?;
    let mut here = BTreeSet::new();
    for job in listed {
        here.insert(job.job);
        let commitment = job.terms.secret;
        let Some(draft) = desk.draft(DraftOf::Commitment(commitment)).await? else {
            // Anybody may name this account; what it has no secret for it cannot give out.
            tracing::debug!(job = %job.job, "a job names this dispatcher that was not drafted here");
            continue;
        };
        let id = job.job;
        if draft.job.is_none() {
            desk.store.run(move |db| drafts::is_ordered(db, commitment, id)).await?;
            tracing::info!(job = %id, name = draft.name, "a drafted job was ordered");
        } else if draft.job != Some(id) {
            desk.board.note(Some(id), "order", &"it commits to the secret of another job, and is not given out");
            continue;
        }
        if let Err(error) = one(desk, &draft, id).await {
            desk.board.note(Some(id), "ledger", &error);
        } else {
            desk.board.solved(Some(id), "ledger");
        }
    }
    close_forgotten(desk, &here).await
}

/// Jobs that the ledger forgot are closed.
async fn close_forgotten(desk: &Desk, here: &BTreeSet<UnitId>) -> Result<(), DeskError> {
    let open = desk.store.run(|db| drafts::ordered(db, false, u32::MAX)).await?;
    for id in open.iter().filter_map(|draft| draft.job).filter(|id| !here.contains(id)) {
        desk.store.run(move |db| drafts::close(db, id)).await?;
        desk.board.close(id);
    }
    Ok(())
}

/// Looks at one job, sends what is next, and sets out to its nodes.
async fn one(desk: &Arc<Desk>, draft: &Draft, id: UnitId) -> Result<(), DeskError> {
    if desk.board.job(id).is_some_and(|seen| seen.view.job.state == JobState::Closed) {
        return Ok(());
    }
    let Some(seen) = desk.look(draft, id).await? else { return Ok(()) };
    tell_of(desk, &seen.view, &seen.book);
    for step in plan(&seen.view, &seen.book) {
        send(desk, id, &seen, step).await?;
    }
    courier::set_out(desk, draft, id, &seen);
    if seen.view.job.state == JobState::Closed {
        desk.store.run(move |db| drafts::close(db, id)).await?;
        desk.board.close(id);
        tracing::info!(job = %id, "a job is closed");
    }
    Ok(())
}

/// Says what its owner has to know of a job.
fn tell_of(desk: &Desk, view: &JobView, book: &Book) {
    let (id, job) = (view.job.job, &view.job);
    let strange = view.tickets.iter().filter(|ticket| !book.issued.contains_key(&ticket.hash)).count();
    let stolen = || {
        format!(
            "{strange} of its tickets were not given out by this dispatcher: another program uses its key, or its store is an old copy; no more are given out"
        )
    };
    tell(desk, id, "tickets", (strange > 0).then(stolen));
    let short = || "its money is too little for one more frame; `depin render topup` goes on with it".to_owned();
    tell(desk, id, "money", (job.paused && job.open == 0).then(short));
    let gone = || "none of its nodes takes part any more; its frames wait until one comes back".to_owned();
    let nobody = job.state == JobState::Open && view.nodes.iter().all(|node| !node.active);
    tell(desk, id, "nodes", nobody.then(gone));
    let broken = || {
        "the ledger found that tickets were not given out as drawn: everything handed in is approved, and the bond is paid"
            .to_owned()
    };
    tell(desk, id, "word", (job.word == "broken").then(broken));
}

fn tell(desk: &Desk, id: UnitId, concerns: &str, what: Option<String>) {
    match what {
        Some(why) => desk.board.note(Some(id), concerns, &why),
        None => desk.board.solved(Some(id), concerns),
    }
}

/// Sends a step. What the ledger refuses is told, and planned again at the next look from what the ledger says then.
async fn send(desk: &Desk, id: UnitId, seen: &Seen, step: Step) -> Result<(), DeskError> {
    match step {
        Step::Issue(tickets) => issue(desk, id, seen, tickets).await,
        Step::Compare { left, right } => compare(desk, id, seen, (left, right)).await,
        Step::End => submit(desk, id, "end", RenderingMessage::EndJob { job: id }).await.map(drop),
        Step::OpenSecret => {
            let message = RenderingMessage::OpenSecret { job: id, secret: seen.book.secret };
            submit(desk, id, "secret", message).await.map(drop)
        }
        Step::Show(shown) => {
            let all = RenderingMessage::ShowTickets { job: id, shown: shown.clone() };
            if submit(desk, id, "show", all).await? || shown.len() == 1 {
                return Ok(());
            }
            // One that cannot be shown keeps none of the others from it.
            for one in shown {
                submit(desk, id, "show", RenderingMessage::ShowTickets { job: id, shown: vec![one] }).await?;
            }
            Ok(())
        }
    }
}

/// Gives tickets out: what they are for is on the disk before they are sent.
async fn issue(desk: &Desk, id: UnitId, seen: &Seen, given: Vec<Issuance>) -> Result<(), DeskError> {
    let secret = seen.book.secret;
    let kept: Vec<(UnitId, Issuance)> = given.into_iter().map(|one| (one.hash(secret, id), one)).collect();
    let tickets: Vec<Issued> = kept.iter().map(|(hash, one)| Issued { hash: *hash, node: one.node }).collect();
    desk.store.run(move |db| tickets::keep(db, id, &kept)).await?;
    submit(desk, id, "issue", RenderingMessage::Issue { job: id, tickets }).await.map(drop)
}

/// Has two tickets compared, or a planted one; a pair that the ledger refuses is not asked for again.
async fn compare(desk: &Desk, id: UnitId, seen: &Seen, (left, right): (u32, Option<u32>)) -> Result<(), DeskError> {
    let opening = |number: u32| -> Option<(u32, Opening)> {
        let ticket = seen.view.tickets.iter().find(|ticket| ticket.number == number)?;
        let issuance = seen.book.issued.get(&ticket.hash)?;
        Some((number, issuance.opening(seen.book.secret, id)))
    };
    let Some(first) = opening(left) else { return Ok(()) };
    let second = right.and_then(opening);
    if right.is_some() && second.is_none() {
        return Ok(());
    }
    submit(desk, id, "compare", RenderingMessage::Compare { job: id, left: first, right: second }).await?;
    let pair = (left, right.unwrap_or(left));
    Ok(desk.store.run(move |db| tickets::set_compared(db, id, pair)).await?)
}

/// Sends a message and waits until it is final; whether the ledger took it.
async fn submit(desk: &Desk, id: UnitId, concerns: &str, message: RenderingMessage) -> Result<bool, DeskError> {
    match desk.sender.submit(Message::service(message)).await {
        Ok(_) => {
            desk.board.solved(Some(id), concerns);
            Ok(true)
        }
        Err(error) if error.refusal().is_some() => {
            desk.board.note(Some(id), concerns, &error);
            Ok(false)
        }
        Err(error) => {
            if matches!(error, SubmitError::Uncertain { .. }) {
                // Whatever became of it is on the ledger before anything else is planned.
                desk.sender.settled().await?;
            }
            Err(error.into())
        }
    }
}

/// Forgets scenes that no job needs and that were not touched for long.
async fn sweep(desk: &Desk) {
    let Ok(scenes) = desk.files.scenes() else { return };
    for sealed in scenes {
        let age = desk.files.touched(sealed).and_then(|at| SystemTime::now().duration_since(at).ok());
        let is_old = age.is_some_and(|age| age >= desk.config.keep_scenes);
        if is_old && matches!(desk.store.run(move |db| drafts::needs_scene(db, sealed)).await, Ok(false)) {
            desk.files.forget_scene(sealed);
        }
    }
}
