//! What a mobile access point knows of the ledger.

use super::{counters::Counters, radius::Front, store::Due};
use depin_client::api::{MobileAccessPoint, MobileNetwork};
use depin_quantity::UnitId;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What is known: the access point's entry, what the network allows, sessions that the ledger does not know as they are.
#[derive(Clone, Default)]
pub struct View {
    /// The access point's entry; none before it joined.
    pub entry: Option<MobileAccessPoint>,
    /// What the network allows.
    pub network: Option<MobileNetwork>,
    /// The number of the coverage object that its hexes are.
    pub object: u32,
    /// Sessions that are open, and those that are kept.
    pub sessions: (u64, u64),
    /// Carriers that there are on the ledger.
    pub carriers: BTreeSet<u32>,
    /// A carrier that sessions are of, and that is not there.
    pub without: Option<u32>,
    pub(super) due: BTreeMap<UnitId, Due>,
    pub(super) running: Option<(Arc<Counters>, Arc<Front>)>,
}
