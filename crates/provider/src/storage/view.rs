//! What is known about this provider: what the ledger says, read whole now and then and part by part as events come; what the
//! store says of the pieces that are looked at; what the ledger refused.

use super::{
    clients::{Clients, ProofTerms, answer_bytes},
    decide::{DealFacts, PieceFact},
    funds,
};
use crate::operator::Look;
use depin_client::{
    Client, ClientError,
    api::{self, Currency, DealQuery, DealStage},
};
use depin_quantity::{Address, Instant, UnitId};
use depin_services::storage::{
    Ask, Challenged, Window,
    piece::{Commitment, PieceSize, PieceSizeError},
};
use std::collections::{BTreeMap, BTreeSet};

/// Deals in one answer of the node.
const PAGE: u32 = 1_000;
/// Times that taking a deal may fail, once for each full reading, until the deal is declined.
const ACCEPTS_TRIED: u32 = 3;

/// A data set with its open window, if it has one.
#[derive(Clone, Debug)]
pub(super) struct SetFacts {
    /// Whose deals it holds.
    pub(super) client: Address,
    /// The open window.
    pub(super) window: Option<Window>,
    /// How many leaves its window asks for.
    pub(super) leaves: u32,
}

/// Everything known.
#[derive(Debug, Default)]
pub struct View {
    /// The provider's address.
    pub(super) address: Address,
    /// Ledger time of the last look.
    pub(super) now: Instant,
    /// The provider's own entry.
    pub(super) entry: Option<api::Provider>,
    /// The entry's ask; once the entry has lapsed, the one that it had.
    pub(super) ask: Option<Ask>,
    /// The entry was taken out of the network, whether it is still there or has lapsed since.
    pub(super) removed: bool,
    /// What deals are paid in.
    pub(super) currency: Option<Currency>,
    /// What proofs cost, where that can be compared with what deals pay.
    pub(super) proofs: Option<ProofTerms>,
    /// Most data sets that may pay less than their proofs cost.
    pub(super) small_clients: u32,
    /// Deals that are not over, and those of which an event told that they are.
    pub(super) deals: BTreeMap<UnitId, DealFacts>,
    /// Data sets by number.
    pub(super) sets: BTreeMap<u32, SetFacts>,
    /// What the store says of the pieces of the deals that are looked at.
    pub(super) pieces: BTreeMap<Commitment, PieceFact>,
    /// Deals that the store keeps those pieces for.
    pub(super) pinned: BTreeSet<UnitId>,
    /// How often taking a deal failed, and what was said last.
    pub(super) failed_accepts: BTreeMap<UnitId, (u32, String)>,
}

impl View {
    /// Reads anew what is dirty on the ledger. Returns the deals to look at.
    ///
    /// - Errors: the node; then what was read so far counts, and everything is to be read anew.
    pub(super) async fn read(&mut self, look: Look<'_>) -> Result<BTreeSet<UnitId>, ClientError> {
        let Look { client, address: own, now, dirty } = look;
        (self.address, self.now) = (own, now);
        if dirty.all || dirty.entry {
            self.read_entry(client, own).await?;
            self.read_sets(client, own).await?;
        }
        if dirty.all {
            if let Some(proofs) = &mut self.proofs {
                let status = client.status().await?;
                (proofs.base_fee, proofs.row_fee) = (status.base_fee.units, status.row_fee.units);
            }
            let query = DealQuery { provider: Some(own), limit: Some(PAGE), ..DealQuery::default() };
            let deals = client.storage().all_deals(query).await?;
            let open = deals.iter().filter(|deal| !deal.state.is_final());
            self.deals = open.map(|deal| facts(client, deal).map(|facts| (deal.id, facts))).collect::<Result<_, _>>()?;
            return Ok(self.deals.keys().copied().collect());
        }
        for id in &dirty.units {
            match client.storage().deal(*id).await? {
                Some(deal) if deal.provider == own => {
                    self.deals.insert(*id, facts(client, &deal)?);
                }
                // Closed long ago; if its piece is still kept, the next full reading lets it go.
                _ => {
                    self.deals.remove(id);
                }
            }
        }
        Ok(dirty.units.clone())
    }

    async fn read_entry(&mut self, client: &Client, own: Address) -> Result<(), ClientError> {
        if self.currency.is_none() {
            let (currency, proofs) = funds::deals(client).await?;
            (self.currency, self.proofs) = (Some(currency), proofs);
        }
        let entry = client.storage().provider(own).await?;
        self.see_entry(entry).map_err(|e| unreadable(client, &e))
    }

    /// Takes note of the entry, or that there is none: then what it was stays known, to register it anew as it was.
    pub(super) fn see_entry(&mut self, entry: Option<api::Provider>) -> Result<(), PieceSizeError> {
        if let Some(entry) = &entry {
            self.ask = Some(ask_of(&entry.ask)?);
            self.removed = entry.capacity_bytes == 0 && !entry.ask.open;
        }
        self.entry = entry;
        Ok(())
    }

    async fn read_sets(&mut self, client: &Client, own: Address) -> Result<(), ClientError> {
        let sets = client.storage().all_sets(Some(own)).await?;
        let facts = sets.into_iter().map(|set| {
            let window = set.window.map(window_of).transpose()?;
            Ok((set.set, SetFacts { client: set.client, window, leaves: set.leaves }))
        });
        self.sets = facts.collect::<Result<_, _>>().map_err(|e| unreadable(client, &e))?;
        Ok(())
    }

    /// Forgets deals that are over and worked off.
    pub(super) fn forget_closed(&mut self) {
        self.deals.retain(|_, deal| !deal.stage.is_final());
    }

    /// Forgets failures to take deals that are over.
    pub(super) fn forget_failed_accepts(&mut self) {
        let deals = &self.deals;
        self.failed_accepts.retain(|id, _| deals.contains_key(id));
    }

    /// Notes that a deal could not be taken.
    pub(super) fn accept_failed(&mut self, id: UnitId, why: &str) {
        let failed = self.failed_accepts.entry(id).or_default();
        *failed = (failed.0 + 1, why.to_owned());
    }

    /// Deals that could not be taken often enough, with the ledger's words.
    pub(super) fn hopeless(&self) -> BTreeMap<UnitId, String> {
        let tried = self.failed_accepts.iter().filter(|(_, (count, _))| *count >= ACCEPTS_TRIED);
        tried.map(|(id, (_, why))| (*id, format!("the provider cannot take it now: {why}"))).collect()
    }

    /// Padded bytes that can still be promised.
    pub(super) fn room(&self) -> u64 {
        self.entry.as_ref().map_or(0, |entry| entry.capacity_bytes.saturating_sub(entry.promised_bytes))
    }

    /// Length of the longest answer to a window: each challenge may fall on the largest piece.
    pub(super) fn answer_bytes(&self) -> u64 {
        let leaves = self.sets.values().map(|set| u64::from(set.leaves)).max().unwrap_or(0);
        let largest = self.deals.values().map(|deal| deal.size).max().unwrap_or(PieceSize::MIN);
        answer_bytes(leaves, largest)
    }

    /// The clients by what they pay for their proofs.
    pub(super) fn clients(&self) -> Clients {
        let Some(proofs) = self.proofs else { return Clients::default() };
        let sets = self.sets.values().map(|set| set.client);
        Clients::new(proofs, self.now, self.small_clients, self.deals.values(), sets)
    }

    /// Faulty deals: a piece that comes back concerns them.
    pub(super) fn faulty(&self) -> impl Iterator<Item = &DealFacts> {
        self.deals.values().filter(|deal| deal.stage == DealStage::Faulty)
    }

    /// Data sets whose window waits for an answer. A window of which every sector is skipped needs none.
    pub(super) fn waiting_sets(&self) -> impl Iterator<Item = u32> {
        self.sets.iter().filter_map(|(number, set)| {
            let window = set.window.as_ref()?;
            let asked = window.sectors.iter().any(|sector| !sector.skipped);
            (asked && !window.proven && self.now < window.closes).then_some(*number)
        })
    }
}

fn unreadable(client: &Client, error: &PieceSizeError) -> ClientError {
    let (url, what) = (client.url().to_owned(), "the provider's own entry, deals or sets".to_owned());
    ClientError::Answer { url, what, reason: error.to_string() }
}

fn facts(client: &Client, deal: &api::Deal) -> Result<DealFacts, ClientError> {
    DealFacts::try_from(deal).map_err(|e| unreadable(client, &e))
}

fn ask_of(ask: &api::Ask) -> Result<Ask, PieceSizeError> {
    Ok(Ask {
        price: ask.price.units,
        verified_price: ask.verified_price.units,
        piece_min: PieceSize::new(ask.piece_min_bytes)?,
        piece_max: PieceSize::new(ask.piece_max_bytes)?,
        term_min: ask.term_min_epochs,
        term_max: ask.term_max_epochs,
        open: ask.open,
    })
}

fn window_of(window: api::Window) -> Result<Window, PieceSizeError> {
    let sector = |s: &api::ChallengedSector| {
        Ok(Challenged { deal: s.deal, piece: s.piece, size: PieceSize::new(s.size_bytes)?, skipped: s.skipped })
    };
    Ok(Window {
        seed: window.seed,
        opened: window.opened.instant(),
        closes: window.closes.instant(),
        sectors: window.sectors.iter().map(sector).collect::<Result<_, _>>()?,
        proven: window.proven,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_services::storage::{StorageMessage, piece::LeafProof};

    #[test]
    fn the_length_of_an_answer_is_known_before_it_is_made() {
        let size = PieceSize::new(16 << 20).unwrap();
        let deal = DealFacts {
            id: UnitId::new([1; 32]),
            client: Address::default(),
            piece: Commitment::of_zeros(size),
            size,
            price: depin_quantity::Units::new(1),
            term: 10,
            verified: false,
            stage: DealStage::Active,
            start_by: Instant::new(0),
            until: None,
            challenge: None,
            recovering: false,
            extension: None,
            end_asked: false,
        };
        let mut view = View::default();
        assert!(view.answer_bytes() < 1_024, "nothing is proven yet");
        view.deals.insert(deal.id, deal);
        view.sets.insert(0, SetFacts { client: Address::default(), window: None, leaves: 5 });
        let leaf = LeafProof { leaf: [0; 32], path: vec![[0; 32]; 19] };
        let message = StorageMessage::ProveSet { set: 0, leaves: vec![leaf; 5] };
        let bytes = borsh::object_length(&message).unwrap() as u64;
        assert!((bytes..bytes + 256).contains(&view.answer_bytes()), "{bytes} and {}", view.answer_bytes());
    }
}
