//! Reading what the storage service remembers, for APIs and audits.

use super::rows::{ByClient, ByProvider, DataSet, Deal, DealState, OpenSet, ProposalsOf, Provider, Totals};
use crate::lists::{after_key, listed};
use depin_quantity::{Address, UnitId};
use depin_state::ReadState;
use std::collections::{BTreeMap, BTreeSet};

/// The id before all.
const LEAST: UnitId = UnitId::new([0; 32]);

/// One deal.
pub fn deal(state: &dyn ReadState, id: UnitId) -> Option<Deal> {
    state.get::<Deal>(&id)
}

/// Every deal after `after` in the order of ids.
pub fn deals(state: &dyn ReadState, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Deal)> {
    after_key::<Deal>(state, after)
}

/// Every deal of a client after `after` in the order of ids.
pub fn deals_of_client(state: &dyn ReadState, client: Address, after: Option<UnitId>) -> impl Iterator<Item = (UnitId, Deal)> {
    listed::<ByClient, Deal, _>(state, client, after, LEAST)
}

/// Every deal of a provider after `after` in the order of ids.
pub fn deals_of_provider(
    state: &dyn ReadState,
    provider: Address,
    after: Option<UnitId>,
) -> impl Iterator<Item = (UnitId, Deal)> {
    listed::<ByProvider, Deal, _>(state, provider, after, LEAST)
}

/// Every provider after `after` in the order of addresses.
pub fn providers(state: &dyn ReadState, after: Option<Address>) -> impl Iterator<Item = (Address, Provider)> {
    after_key::<Provider>(state, after)
}

/// One provider.
pub fn provider(state: &dyn ReadState, address: Address) -> Option<Provider> {
    state.get::<Provider>(&address)
}

/// Every data set after `after` in the order of providers and numbers.
pub fn all_sets(state: &dyn ReadState, after: Option<(Address, u32)>) -> impl Iterator<Item = ((Address, u32), DataSet)> {
    after_key::<DataSet>(state, after)
}

/// A provider's data sets in the order of their numbers.
pub fn sets(state: &dyn ReadState, provider: Address) -> impl Iterator<Item = (u32, DataSet)> {
    state.rows_with::<DataSet>(&provider).map(|((_, number), set)| (number, set))
}

/// Sums over all sectors.
pub fn totals(state: &dyn ReadState) -> Totals {
    state.get::<Totals>(&()).unwrap_or_default()
}

/// What is wrong with the service's rows, recomputed from the deals alone; empty when nothing is. A data set takes `set_sectors`.
pub fn audit(state: &dyn ReadState, set_sectors: u32, quality: impl Fn(&Deal) -> u128) -> Vec<String> {
    let mut found = audit_sets(state, set_sectors);
    let (mut entries, mut active, mut faulty, mut raw, mut adjusted) = (0u64, 0u64, 0u64, 0u128, 0u128);
    for (address, provider) in providers(state, None) {
        entries += 1;
        let (mut promised, mut deals, mut own_raw, mut own_quality) = (0u64, 0u32, 0u128, 0u128);
        for (id, deal) in deals_of_provider(state, address, None) {
            let name = deal.state.name();
            if matches!(name, "accepted" | "active" | "faulty") {
                promised += deal.size.get();
                deals += 1;
            }
            active += u64::from(matches!(name, "active" | "faulty"));
            faulty += u64::from(name == "faulty");
            if deal.has_power() {
                own_raw += u128::from(deal.size.get());
                own_quality += quality(&deal);
            }
            let in_set = deal.set.is_some_and(|n| state.get::<DataSet>(&(address, n)).is_some_and(|s| s.sectors.contains(&id)));
            if in_set != matches!(name, "active" | "faulty") {
                found.push(format!("deal {id} is {name} and {} a data set", if in_set { "in" } else { "not in" }));
            }
        }
        let kept = (provider.promised, provider.deals, provider.raw_bytes, provider.quality_bytes);
        if kept != (promised, deals, own_raw, own_quality) {
            found.push(format!(
                "provider {address} keeps {kept:?}, its deals sum to {:?}",
                (promised, deals, own_raw, own_quality)
            ));
        }
        raw += own_raw;
        adjusted += own_quality;
    }
    let mut waiting: BTreeMap<Address, u32> = BTreeMap::new();
    for (_, deal) in deals(state, None).filter(|(_, deal)| deal.state == DealState::Proposed) {
        *waiting.entry(deal.client).or_default() += 1;
    }
    let counted: BTreeMap<_, _> = state.rows::<ProposalsOf>().map(|(client, ProposalsOf(open))| (client, open)).collect();
    if counted != waiting {
        found.push(format!("clients are said to have {counted:?} open proposals, and have {waiting:?}"));
    }
    let kept = totals(state);
    if (kept.active, kept.faulty, kept.raw_bytes, kept.quality_bytes) != (active, faulty, raw, adjusted) {
        found.push(format!("totals keep {kept:?}, deals sum to {active} active, {faulty} faulty, {raw} raw, {adjusted} quality"));
    }
    if kept.providers != entries {
        found.push(format!("totals keep {} providers, there are {entries}", kept.providers));
    }
    found
}

/// A data set is of one client and one provider, and is listed as open exactly while it has room.
fn audit_sets(state: &dyn ReadState, set_sectors: u32) -> Vec<String> {
    let (mut found, mut with_room) = (Vec::new(), BTreeSet::new());
    for ((provider, number), set) in all_sets(state, None) {
        for id in &set.sectors {
            let deal = state.get::<Deal>(id).map(|deal| (deal.provider, deal.client, deal.set));
            if deal != Some((provider, set.client, Some(number))) {
                found.push(format!("deal {id} is in data set {number} of {provider} and {}, and is {deal:?}", set.client));
            }
        }
        if set.sectors.len() < set_sectors as usize {
            with_room.insert((provider, set.client, number));
        }
    }
    let open: BTreeSet<_> = state.rows::<OpenSet>().map(|(key, OpenSet)| key).collect();
    found.extend(open.symmetric_difference(&with_room).map(|(provider, client, number)| {
        format!("data set {number} of {provider} and {client} is listed as open, or has room, and not both")
    }));
    found
}
