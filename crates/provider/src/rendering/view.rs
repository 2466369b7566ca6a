//! What a node knows: its entry and its tickets on the ledger, and what it has of its own about them.

use super::{
    store::{Given, Kept, Store},
    task::RenderingTask,
};
use crate::operator::{Look, RoundError};
use depin_client::{
    Client,
    api::{RenderingNetwork, RenderingNode, RenderingTicket},
};
use depin_quantity::{Instant, UnitId};
use std::collections::{BTreeMap, BTreeSet};

/// Pages of tickets of one node; a longer list is an error, since what is left out would be let lie.
const PAGES_MAX: usize = 1_000;

/// A ticket that is not decided, with what this node has about it.
#[derive(Clone, Debug)]
pub struct KnownTicket {
    /// The ledger's.
    pub ticket: RenderingTicket,
    /// This node's own; none when it was never ordered here.
    pub kept: Option<Kept>,
}

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The node.
    pub node: Option<UnitId>,
    /// Its entry; none before it registered.
    pub entry: Option<RenderingNode>,
    /// What the network allows.
    pub network: Option<RenderingNetwork>,
    /// Its tickets that are not decided, by job and number.
    pub tickets: BTreeMap<(UnitId, u32), KnownTicket>,
    /// Comparisons of which it was given images, with their first tickets.
    pub compared: Vec<(Given, RenderingTicket)>,
    /// Scenes that are whole here.
    pub scenes: BTreeSet<UnitId>,
    /// Ledger time of the last look.
    pub now: Instant,
    /// What it said about a ticket in a comparison, and when: the ledger does not tell until the other side has spoken, too.
    pub said: BTreeMap<(UnitId, Said), Instant>,
    /// What is being said in this round.
    pub(super) saying: Vec<RenderingTask>,
}

/// A word in a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Said {
    /// What it committed to.
    Pixels,
    /// That both are alike.
    Alike,
}

/// All tickets of a node that it has to do something about.
async fn own_tickets(client: &Client, node: UnitId) -> Result<Vec<RenderingTicket>, RoundError> {
    let (mut found, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES_MAX {
        let page = client.rendering().node_tickets(node, after.as_deref(), Some(500)).await?;
        found.extend(page.items);
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
    Err(RoundError::own("tickets", &format!("the node has more than {} tickets that are not decided", found.len())))
}

impl View {
    /// Reads everything that the ledger says of the node.
    pub(super) async fn read(&mut self, look: Look<'_>, node: UnitId) -> Result<(), RoundError> {
        let rendering = look.client.rendering();
        self.node = Some(node);
        if look.dirty.all || self.network.is_none() {
            self.network = Some(rendering.network().await?);
        }
        self.entry = rendering.node(node).await?;
        let tickets = if self.entry.is_some() { own_tickets(look.client, node).await? } else { Vec::new() };
        self.tickets =
            tickets.into_iter().map(|ticket| ((ticket.job, ticket.number), KnownTicket { ticket, kept: None })).collect();
        Ok(())
    }

    /// Adds what the node has of its own.
    pub(super) async fn add_own(&mut self, client: &Client, store: &Store) -> Result<(), RoundError> {
        self.tickets.values_mut().for_each(|known| known.kept = None);
        for kept in store.tickets().await? {
            if let Some(known) = self.tickets.get_mut(&(kept.job, kept.number)) {
                known.kept = Some(kept);
            }
        }
        self.scenes = store.scenes().await?.into_iter().collect();
        let mut compared = Vec::new();
        for given in store.given().await? {
            match client.rendering().ticket(given.job, given.first).await? {
                Some(ticket) if ticket.comparison.is_some() => compared.push((given, ticket)),
                _ => store.forget_given(given.job, given.first).await?,
            }
        }
        self.compared = compared;
        Ok(())
    }

    /// What was said without a refusal is not said again at once.
    pub(super) fn note_said(&mut self, refused: &BTreeSet<UnitId>) {
        for task in std::mem::take(&mut self.saying) {
            let key = match task {
                RenderingTask::Reveal { subject, .. } => (subject, Said::Pixels),
                RenderingTask::Settle { subject, .. } => (subject, Said::Alike),
                _ => continue,
            };
            if !refused.contains(&key.0) {
                self.said.insert(key, self.now);
            }
        }
        let known: BTreeSet<UnitId> = self.tickets.values().map(|known| known.ticket.hash).collect();
        self.said.retain(|(subject, _), _| known.contains(subject));
    }

    /// Whether a word about a ticket may be said: it was not, or so long ago that it seems lost.
    pub(super) fn may_say(&self, subject: UnitId, said: Said) -> bool {
        let window = match said {
            Said::Pixels => "reveal",
            Said::Alike => "agree",
        };
        let within = self.network.as_ref().and_then(|network| network.windows_ms.get(window)).copied().unwrap_or(0);
        self.said.get(&(subject, said)).is_none_or(|at| self.now.get() >= at.get().saturating_add(within / 4))
    }

    /// What may be planned about: tickets by their hashes, and the node.
    pub(super) fn units(&self) -> BTreeSet<UnitId> {
        let tickets = self.tickets.values().map(|known| known.ticket.hash);
        let compared = self.compared.iter().map(|(_, ticket)| ticket.hash);
        tickets.chain(compared).chain(self.node).collect()
    }
}
