//! Nodes come, change what they say, are judged, and go.

use super::{
    error::RenderingError,
    event::RenderingEvent,
    message::check_node,
    names::ABANDONED,
    records::node_id,
    rows::{Id, IndexKey, Node, Person},
    service::Rendering,
    terms::{NodeTerms, Tier},
};
use crate::context::Context;
use depin_quantity::{Address, Name, UnitId};

impl Context<'_, Rendering> {
    /// Order of refusals: what a node says, nodes of its owner, registration, pledge.
    pub(super) fn register(&mut self, owner: Address, name: Name, terms: &NodeTerms) -> Result<(), RenderingError> {
        check_node(name, terms)?;
        let id = node_id(owner, name);
        let known = self.load::<Node>(Id::Node(id));
        let most = self.params().per_owner;
        let has = self.load::<Person>(Id::Person(owner)).map_or(0, |person| person.nodes);
        if !known.as_ref().is_some_and(|node| node.active) && has >= most {
            return Err(RenderingError::NodesMost(most));
        }
        if known.is_none() {
            self.register_subject(owner, id)?;
        }
        let mut node = known.unwrap_or_else(|| Node {
            owner,
            name,
            terms: terms.clone(),
            since: self.now(),
            active: false,
            pledged: false,
            below_pledge: false,
            open: 0,
            pending: 0,
            judged: 0,
            right: 0,
            lapses: 0,
            frames: 0,
            work: 0,
            value: 0,
            beat: None,
            free_since: self.now(),
            idle_rest: 0,
            absences: Vec::new(),
        });
        if self.params().rules.pledges {
            self.pledge(owner, id, node.pledged)?;
            (node.pledged, node.below_pledge) = (true, false);
        }
        if node.active {
            self.list_tiers(id, &node.terms.tiers, false);
            self.count(&node, false);
        } else {
            self.stand(owner, id, true)?;
            self.person(owner, |person| person.nodes += 1);
            self.list(IndexKey::NodeOf(owner, id), 0);
        }
        self.list_tiers(id, &terms.tiers, true);
        let mut node = Node { terms: terms.clone(), active: true, lapses: 0, ..node };
        node.set_away(false, self.now());
        self.count(&node, true);
        self.save(Id::Node(id), node);
        self.emit(RenderingEvent::NodeChanged { node: id, owner });
        Ok(())
    }

    /// Counts a node among those that take part, or not any more.
    fn count(&mut self, node: &Node, more: bool) {
        let (score, memory, since) = (u64::from(node.terms.score), u64::from(node.terms.memory_mb), u128::from(node.since.get()));
        self.totals(|totals| {
            if more {
                totals.nodes += 1;
                (totals.score, totals.memory_mb) = (totals.score + score, totals.memory_mb + memory);
                totals.since_sum += since;
            } else {
                totals.nodes = totals.nodes.saturating_sub(1);
                totals.score = totals.score.saturating_sub(score);
                totals.memory_mb = totals.memory_mb.saturating_sub(memory);
                totals.since_sum = totals.since_sum.saturating_sub(since);
            }
        });
    }

    fn list_tiers(&mut self, node: UnitId, tiers: &[Tier], listed: bool) {
        for tier in tiers {
            let key = IndexKey::Tier(*tier, node);
            if listed { self.list(key, 0) } else { self.unlist(key) }
        }
    }

    pub(super) fn leave(&mut self, sender: Address, id: UnitId) -> Result<(), RenderingError> {
        let mut node = self.own_node(sender, id)?;
        let is_out = node.pledged && self.is_out(&node);
        if !node.active && !is_out {
            return Err(RenderingError::UnknownNode(id));
        }
        if node.open > 0 || node.pending > 0 {
            return Err(RenderingError::InWork { open: node.open, pending: node.pending });
        }
        node.lapses = 0;
        if node.active {
            self.retire(id, &mut node, false)?;
        } else {
            self.free_pledge(id, &mut node)?;
        }
        self.save(Id::Node(id), node);
        Ok(())
    }

    /// Whether a node was put out for frames that it let lie. Its pledge stays locked, so that it can come back without waiting for a cool-down; its
    /// owner has it back by leaving.
    fn is_out(&self, node: &Node) -> bool {
        !node.active && node.lapses >= self.params().lapses_most
    }

    /// A node that the sender speaks for.
    pub(super) fn own_node(&mut self, sender: Address, id: UnitId) -> Result<Node, RenderingError> {
        let node = self.node(id)?;
        if node.owner == sender { Ok(node) } else { Err(RenderingError::NotYourNode { node: id, owner: node.owner }) }
    }

    /// The node takes no part any more. What it pledged stays while its frames may still be judged.
    fn retire(&mut self, id: UnitId, node: &mut Node, abandoned: bool) -> Result<(), RenderingError> {
        self.stand(node.owner, id, false)?;
        node.active = false;
        node.set_away(true, self.now());
        self.free_pledge(id, node)?;
        self.count(node, false);
        self.person(node.owner, |person| person.nodes = person.nodes.saturating_sub(1));
        self.list_tiers(id, &node.terms.tiers, false);
        self.emit(RenderingEvent::NodeLeft { node: id, owner: node.owner, abandoned });
        Ok(())
    }

    /// Gives the pledge of a node that left back, when the last of its frames is decided.
    pub(super) fn free_pledge(&mut self, id: UnitId, node: &mut Node) -> Result<(), RenderingError> {
        if node.pledged && !node.active && !self.is_out(node) && node.open == 0 && node.pending == 0 {
            self.release_pledge(node.owner, id)?;
            node.pledged = false;
        }
        Ok(())
    }

    /// A node let a ticket lie; it counts once for each job, so that no job puts a node out by itself. After so many in a row it is out; that is said
    /// to the economy before anything is written.
    pub(super) fn let_lie(&mut self, id: UnitId, counts: bool) -> Result<(), RenderingError> {
        let mut node = self.node(id)?;
        let out = counts && node.active && node.lapses + 1 >= self.params().lapses_most;
        if out {
            self.fault(id, &node, ABANDONED)?;
        }
        node.freed(self.now());
        node.lapses += u32::from(counts);
        node.judged += u64::from(counts);
        if out {
            self.retire(id, &mut node, true)?;
        }
        self.free_pledge(id, &mut node)?;
        self.save(Id::Node(id), node);
        Ok(())
    }

    /// One frame of a node is judged.
    pub(super) fn judged(&mut self, id: UnitId, right: bool) {
        self.judged_as(id, 1, right);
    }

    /// One frame of a node is judged, and counts as so many.
    pub(super) fn judged_as(&mut self, id: UnitId, frames: u64, right: bool) {
        if let Some(mut node) = self.load::<Node>(Id::Node(id)) {
            node.judged += frames;
            node.right += if right { frames } else { 0 };
            self.save(Id::Node(id), node);
        }
    }

    /// The economy says that a fault left a node's pledge too small.
    pub(super) fn below_pledge(&mut self, id: UnitId) {
        if let Some(mut node) = self.load::<Node>(Id::Node(id)) {
            node.below_pledge = true;
            node.set_away(true, self.now());
            self.save(Id::Node(id), node);
        }
    }
}
