//! What is brought to nodes and fetched from them: scenes, orders, previews and sealed frames, images of comparisons.
//!
//! One errand at a time to a node for a job; a slow node keeps nobody else waiting. Whatever comes is held against the hashes that the node
//! put on the ledger. All of it may be asked for twice.

use crate::{
    board::Seen,
    desk::{Desk, Errand},
    preview::{self, WrongPreview},
    scenes::{FrameFile, SceneError},
    store::Draft,
};
use depin_client::{
    api::{RenderingComparison, RenderingEligible, RenderingTicket},
    render::{Order, RenderCallError, RenderNode, SCENE_PART, Side, TicketStage, content_of},
};
use depin_quantity::{ContentHash, UnitId};
use depin_services::rendering::Against;
use std::{fmt, sync::Arc};
use zeroize::Zeroizing;

/// Why an errand was not finished.
#[derive(Debug, thiserror::Error)]
enum ErrandError {
    #[error(transparent)]
    Call(#[from] RenderCallError),
    #[error("the scene cannot be read: {0}")]
    Scene(std::io::Error),
    #[error(transparent)]
    File(#[from] SceneError),
    #[error("its {what} of ticket {number} is not what it put on the ledger")]
    Other { what: What, number: u32 },
    #[error("its preview of ticket {number} is none, {why}: look at nothing of it, and reject the frame")]
    Preview { number: u32, why: WrongPreview },
}

#[derive(Clone, Copy, Debug)]
enum What {
    Frame,
    Preview,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frame => "frame",
            Self::Preview => "preview",
        })
    }
}

/// One node of one job.
struct Trip {
    desk: Arc<Desk>,
    job: UnitId,
    node: RenderNode,
    id: UnitId,
    sealed: ContentHash,
    scene_key: Zeroizing<[u8; 32]>,
    seen: Seen,
}

/// Sets out to every node of a job that something is to be brought to or fetched from, and that nobody is on the way to.
pub(crate) fn set_out(desk: &Arc<Desk>, draft: &Draft, job: UnitId, seen: &Seen) {
    for eligible in &seen.view.nodes {
        if !has_to(desk, job, seen, eligible.node) {
            continue;
        }
        let Some(errand) = Errand::begin(desk, job, eligible.node) else { continue };
        let trip = match trip(desk, draft, job, seen, eligible) {
            Ok(trip) => trip,
            Err(error) => {
                desk.board.note(Some(job), concerns(eligible.node), &error);
                continue;
            }
        };
        tokio::spawn(async move {
            let _errand = errand;
            match trip.go().await {
                Ok(()) => trip.desk.board.solved(Some(trip.job), &concerns(trip.id)),
                Err(error) => trip.desk.board.note(Some(trip.job), concerns(trip.id), &error),
            }
        });
    }
}

/// What a problem with a node is called.
fn concerns(node: UnitId) -> String {
    format!("node {node}")
}

fn trip(
    desk: &Arc<Desk>,
    draft: &Draft,
    job: UnitId,
    seen: &Seen,
    eligible: &RenderingEligible,
) -> Result<Trip, RenderCallError> {
    let at = (eligible.node, eligible.url.as_str());
    let node = RenderNode::new(at, Arc::clone(&desk.key), desk.chain_id, &desk.config.trust, &desk.config.reach)?;
    let (sealed, scene_key) = (draft.sealed, draft.scene_key.clone());
    Ok(Trip { desk: Arc::clone(desk), job, node, id: eligible.node, sealed, scene_key, seen: seen.clone() })
}

/// Whether there is anything to do at a node.
fn has_to(desk: &Desk, job: UnitId, seen: &Seen, node: UnitId) -> bool {
    let own = |ticket: &&RenderingTicket| ticket.node == node;
    let works = seen.view.tickets.iter().filter(own).any(|ticket| {
        ticket.state == "issued" || lacks(desk, job, ticket, FrameFile::Preview) || lacks(desk, job, ticket, FrameFile::Sealed)
    });
    works || seen.view.tickets.iter().any(|ticket| !given(seen, ticket, node).is_empty())
}

/// Whether something of a ticket is to be fetched.
fn lacks(desk: &Desk, job: UnitId, ticket: &RenderingTicket, kind: FrameFile) -> bool {
    let counts = !matches!(ticket.state.as_str(), "wrong" | "withheld");
    let is_refused = kind == FrameFile::Preview && desk.board.told_of(job, &refused_preview(ticket.number));
    ticket.handed.is_some() && counts && !is_refused && !desk.files.has(job, ticket.number, kind)
}

/// How a preview is called that was looked at and is none: it is not asked for again.
fn refused_preview(number: u32) -> String {
    format!("preview of ticket {number}")
}

/// The images of a comparison that a node is to be given, with the ticket whose node has each.
fn given(seen: &Seen, ticket: &RenderingTicket, node: UnitId) -> Vec<(Side, u32)> {
    let Some(RenderingComparison { first, against, step, third, .. }) = &ticket.comparison else { return Vec::new() };
    if *first != ticket.number {
        return Vec::new();
    }
    let node_of = |number: u32| seen.view.tickets.iter().find(|ticket| ticket.number == number).map(|ticket| ticket.node);
    match (against, step.as_str()) {
        (Against::Ticket(other), "agreeing") if node == ticket.node => vec![(Side::Right, *other)],
        (Against::Ticket(other), "agreeing") if Some(node) == node_of(*other) => vec![(Side::Left, *first)],
        (Against::Ticket(other), "judging") if *third == Some(node) => vec![(Side::Left, *first), (Side::Right, *other)],
        // No node gives the clear form of a planted frame out: the third one renders it, and has the hashes on the ledger.
        (Against::Planted(_) | Against::Key, "judging") if *third == Some(node) => vec![(Side::Sealed, *first)],
        _ => Vec::new(),
    }
}

impl Trip {
    async fn go(&self) -> Result<(), ErrandError> {
        let tickets = &self.seen.view.tickets;
        let own: Vec<&RenderingTicket> = tickets.iter().filter(|ticket| ticket.node == self.id).collect();
        let judges = tickets.iter().any(|ticket| ticket.comparison.as_ref().is_some_and(|one| one.third == Some(self.id)));
        if own.iter().any(|ticket| ticket.state == "issued") || judges {
            self.scene().await?;
        }
        for ticket in own.iter().filter(|ticket| ticket.state == "issued") {
            self.order(ticket).await?;
        }
        for ticket in &own {
            self.fetch(ticket).await?;
        }
        for ticket in tickets {
            for (side, of) in given(&self.seen, ticket, self.id) {
                self.give(ticket.number, side, of).await?;
            }
        }
        Ok(())
    }

    /// Brings the scene, from where an earlier errand broke off.
    async fn scene(&self) -> Result<(), ErrandError> {
        if self.desk.board.knows_scene(self.job, self.id) {
            return Ok(());
        }
        let mut has = self.node.scene(self.job).await?;
        while !has.whole {
            let (desk, sealed, at) = (Arc::clone(&self.desk), self.sealed, has.have);
            let read = tokio::task::spawn_blocking(move || desk.files.read_scene(sealed, at, SCENE_PART)).await;
            let (part, of) = read.map_err(std::io::Error::other).and_then(|read| read).map_err(ErrandError::Scene)?;
            let before = has.have;
            has = self.node.put_scene(self.job, (at, of), part, &self.scene_key).await?;
            if !has.whole && has.have <= before {
                let why = format!("it has {} bytes of the scene after it was sent those from {before} on", has.have);
                return Err(RenderCallError::Answer { url: self.node.url().to_owned(), why }.into());
            }
        }
        self.desk.board.has_scene(self.job, self.id);
        Ok(())
    }

    /// Asks for a ticket's frame, or how far it is.
    async fn order(&self, ticket: &RenderingTicket) -> Result<(), ErrandError> {
        let Some(issuance) = self.seen.book.issued.get(&ticket.hash) else { return Ok(()) };
        let Some(frame) = self.seen.view.job.terms.frames.number(issuance.frame) else { return Ok(()) };
        let (job, number) = (self.job, ticket.number);
        let is_ordered = self.desk.board.told(job, number).is_some();
        let told = if is_ordered { self.node.ticket(job, number).await } else { Err(not_ordered()) };
        let view = match told {
            Ok(view) => view,
            // A node that was started anew may have forgotten it, and its scene.
            Err(error) if error.status() == Some(404) => {
                if is_ordered {
                    self.desk.board.lacks_scene(job, self.id);
                    self.scene().await?;
                }
                self.node.order(job, number, Order { frame, index: issuance.frame }).await?
            }
            Err(error) => return Err(error.into()),
        };
        if view.state == TicketStage::Failed {
            let why = view.why.as_deref().unwrap_or("it does not say why");
            tracing::warn!(%job, number, node = %self.id, why, "a node could not render a frame");
        }
        self.desk.board.tell(job, number, view);
        Ok(())
    }

    /// Fetches what a ticket has and is not here.
    async fn fetch(&self, ticket: &RenderingTicket) -> Result<(), ErrandError> {
        let (desk, job, number) = (&self.desk, self.job, ticket.number);
        let Some(handed) = ticket.handed else { return Ok(()) };
        if lacks(desk, job, ticket, FrameFile::Sealed) {
            let bytes = self.node.frame(job, number).await?;
            self.keep(ticket, (FrameFile::Sealed, What::Frame), bytes, handed.sealed).await?;
        }
        if lacks(desk, job, ticket, FrameFile::Preview) {
            let bytes = self.node.preview(job, number).await?;
            let kept = self.keep(ticket, (FrameFile::Preview, What::Preview), bytes, handed.preview).await;
            if let Err(wrong @ ErrandError::Preview { .. }) = kept {
                // What is on the ledger is what it is: the same would come again, and must not keep other frames from coming.
                desk.board.note(Some(job), refused_preview(number), &wrong);
                desk.board.tell_of(job, refused_preview(number));
                return Ok(());
            }
            kept?;
        }
        Ok(())
    }

    async fn keep(
        &self,
        ticket: &RenderingTicket,
        (kind, what): (FrameFile, What),
        bytes: Vec<u8>,
        hash: ContentHash,
    ) -> Result<(), ErrandError> {
        let (desk, job, number) = (Arc::clone(&self.desk), self.job, ticket.number);
        let (ticket, terms) = (ticket.clone(), self.seen.view.job.terms.clone());
        let kept = tokio::task::spawn_blocking(move || {
            if content_of(&bytes) != hash {
                return Err(ErrandError::Other { what, number });
            }
            if kind == FrameFile::Preview {
                preview::check(&bytes, &ticket, &terms).map_err(|why| ErrandError::Preview { number, why })?;
            }
            Ok(desk.files.keep(job, number, kind, &bytes)?)
        });
        kept.await.map_err(|error| ErrandError::Scene(std::io::Error::other(error)))?
    }

    /// Gives the node an image of a comparison, once: the one that has it says so in what it does on the ledger.
    async fn give(&self, first: u32, side: Side, of: u32) -> Result<(), ErrandError> {
        let concerns = format!("{side} of comparison {first} at {}", self.id);
        if self.desk.board.told_of(self.job, &concerns) {
            return Ok(());
        }
        let image = match side {
            Side::Sealed => {
                let (desk, job) = (Arc::clone(&self.desk), self.job);
                let read = tokio::task::spawn_blocking(move || desk.files.read(job, of, FrameFile::Sealed)).await;
                read.map_err(std::io::Error::other).and_then(|read| read).map_err(ErrandError::Scene)?
            }
            Side::Left | Side::Right => self.clear(of).await?,
        };
        if let Some(image) = image {
            self.node.give(self.job, first, side, image).await?;
            self.desk.board.tell_of(self.job, concerns);
        }
        Ok(())
    }

    /// The clear frame of another node's ticket.
    async fn clear(&self, number: u32) -> Result<Option<Vec<u8>>, ErrandError> {
        let view = &self.seen.view;
        let Some(ticket) = view.tickets.iter().find(|ticket| ticket.number == number) else { return Ok(None) };
        let Some(holder) = view.nodes.iter().find(|node| node.node == ticket.node) else { return Ok(None) };
        let (trust, reach) = (&self.desk.config.trust, &self.desk.config.reach);
        let at = (holder.node, holder.url.as_str());
        let holder = RenderNode::new(at, Arc::clone(&self.desk.key), self.desk.chain_id, trust, reach)?;
        Ok(Some(holder.clear(self.job, number).await?))
    }
}

/// What a ticket that was never ordered is answered with.
fn not_ordered() -> RenderCallError {
    RenderCallError::Refused { status: 404, code: "not-found".to_owned(), message: String::new(), hint: String::new() }
}
