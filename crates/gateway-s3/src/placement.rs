//! Which providers get the shards of a segment.
//!
//! In: offers, the size of a shard, how providers stand with this gateway, a seed. Out: all providers that can take a shard, in the
//! order in which they are tried: a weighted draw without replacement. Cheap, roomy and healthy providers come first more often, but
//! not always, so that data spreads; a price below half the median gains nothing more. The same input gives the same order.
//!
//! Registering costs little, so whoever was never proven to this gateway comes behind those who were, but for a trial in every eighth
//! segment, and takes at most n − k shards of a segment ([`Queue`]): the proven ones alone give it back. On a young network, where
//! fewer than k are proven and healthy, everybody is taken.

use crate::{
    market::{Offer, Provider},
    price::Prices,
};
use depin_quantity::{Address, Units};
use std::collections::VecDeque;

/// What a shard needs of a provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Need {
    /// Padded piece in bytes.
    pub(crate) piece_size: u64,
    /// Payload in bytes.
    pub(crate) payload: u64,
    /// What prices are compared with.
    pub(crate) prices: Prices,
}

/// How a provider stands with this gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// It has a proven deal of this gateway.
    pub(crate) proven: bool,
    /// It failed lately.
    pub(crate) doubtful: bool,
}

/// A provider that can take a shard, and the price that is agreed on when it does: what it asks now.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) provider: Provider,
    pub(crate) price: Units,
    pub(crate) standing: Standing,
}

/// One segment in so many tries a provider that was never proven before all that were not.
const TRIAL: u64 = 8;

/// Whether enough of these are proven and healthy for a segment to rest on them.
pub(crate) fn is_settled(order: &[Candidate], k: usize) -> bool {
    order.iter().filter(|candidate| candidate.standing.proven && !candidate.standing.doubtful).count() >= k
}

/// Hands out the candidates of one segment, such that those never proven hold at most n − k of its shards at any time.
pub(crate) struct Queue {
    left: VecDeque<Candidate>,
    /// How many more of those never proven may be in use.
    unknown: usize,
}

impl Queue {
    /// Of candidates in the order to try them. With `trial`, the last of the first n is one that was never proven, if there is one.
    pub(crate) fn new(mut order: Vec<Candidate>, k: usize, n: usize, trial: bool) -> Self {
        let settled = is_settled(&order, k);
        if trial && settled && n > k {
            let sound = |candidate: &Candidate| !candidate.standing.proven && !candidate.standing.doubtful;
            if let Some(at) = order.iter().position(sound).filter(|at| *at >= n) {
                let newcomer = order.remove(at);
                order.insert(n - 1, newcomer);
            }
        }
        Self { left: order.into(), unknown: if settled { n - k } else { usize::MAX } }
    }

    /// Whether a segment is tried with a newcomer.
    pub(crate) fn is_trial(segment: i64) -> bool {
        segment.unsigned_abs().is_multiple_of(TRIAL)
    }

    /// The next one that may be tried.
    pub(crate) fn next(&mut self) -> Option<Candidate> {
        let at = self.left.iter().position(|candidate| candidate.standing.proven || self.unknown > 0)?;
        let found = self.left.remove(at)?;
        self.unknown -= usize::from(!found.standing.proven && self.unknown < usize::MAX);
        Some(found)
    }

    /// One that was handed out did not take its shard.
    pub(crate) fn failed(&mut self, candidate: &Candidate) {
        self.unknown = self.unknown.saturating_add(usize::from(!candidate.standing.proven));
    }
}

/// Why a provider cannot take a shard.
pub(crate) fn obstacle(offer: &Offer, need: &Need) -> Option<String> {
    if !offer.accepting {
        return Some("takes no new deals".to_owned());
    }
    if need.piece_size < offer.piece_min || need.piece_size > offer.piece_max {
        return Some(format!("takes pieces of {} to {} bytes, not {}", offer.piece_min, offer.piece_max, need.piece_size));
    }
    if let Some(dear) = need.prices.refusal(offer.ask) {
        return Some(dear);
    }
    match offer.free_bytes {
        Some(free) if free < need.payload => Some(format!("has {free} bytes free, {} are needed", need.payload)),
        _ => None,
    }
}

/// Who can take a shard, in the order to try them: the proven first, the doubtful last.
pub(crate) fn order(offers: &[Offer], need: &Need, standing: impl Fn(Address) -> Standing, seed: u64) -> Vec<Candidate> {
    let mut usable: Vec<&Offer> = offers.iter().filter(|offer| obstacle(offer, need).is_none()).collect();
    // The ledger's order must not matter.
    usable.sort_by_key(|usable| usable.provider.address);
    let cheapest = usable.iter().map(|offer| offer.ask.get()).min().unwrap_or(0);
    let enough = cheapest.max(need.prices.low_median.map_or(0, |median| median.get() / 2));
    let mut random = SplitMix(seed);
    let mut order = Vec::with_capacity(usable.len());
    // Asked once: a standing that changes meanwhile must not bring anybody in twice.
    let usable: Vec<(&Offer, Standing)> = usable.into_iter().map(|offer| (offer, standing(offer.provider.address))).collect();
    for (doubtful, proven) in [(false, true), (false, false), (true, true), (true, false)] {
        let group = Standing { proven, doubtful };
        let offers = usable.iter().filter(|(_, standing)| *standing == group).map(|(offer, _)| *offer).collect();
        order.extend(draw(offers, need, enough, &mut random).into_iter().map(|offer| Candidate {
            provider: offer.provider.clone(),
            price: offer.ask,
            standing: group,
        }));
    }
    order
}

fn draw<'a>(offers: Vec<&'a Offer>, need: &Need, enough: u128, random: &mut SplitMix) -> Vec<&'a Offer> {
    let mut lots = Lots::new(offers.iter().map(|offer| weight(offer, need, enough)));
    std::iter::from_fn(|| lots.draw(random)).map(|winner| offers[winner]).collect()
}

/// A weighted draw without replacement in logarithmic time each: a list of offers may be long.
struct Lots {
    weights: Vec<u128>,
    /// Sums of ranges of weights (a Fenwick tree): place `i`, counted from one, has those of the lowest bit of `i` many up to it.
    sums: Vec<u128>,
    total: u128,
}

impl Lots {
    fn new(weights: impl Iterator<Item = u128>) -> Self {
        let weights: Vec<u128> = weights.collect();
        let mut lots = Self { sums: vec![0; weights.len()], total: weights.iter().sum(), weights };
        for place in 1..=lots.sums.len() {
            let above = place + (place & place.wrapping_neg());
            lots.sums[place - 1] += lots.weights[place - 1];
            if above <= lots.sums.len() {
                lots.sums[above - 1] += lots.sums[place - 1];
            }
        }
        lots
    }

    /// Who is drawn next; none when all were.
    fn draw(&mut self, random: &mut SplitMix) -> Option<usize> {
        if self.total == 0 {
            return None;
        }
        let mut ticket = u128::from(random.next()) % self.total;
        let (mut before, mut step) = (0, self.sums.len().next_power_of_two());
        while step > 0 {
            // Those that were drawn weigh nothing, so a ticket never falls on one.
            if let Some(sum) = self.sums.get(before + step - 1).filter(|sum| **sum <= ticket) {
                ticket -= sum;
                before += step;
            }
            step /= 2;
        }
        let weight = std::mem::take(&mut self.weights[before]);
        self.total -= weight;
        let mut place = before + 1;
        while place <= self.sums.len() {
            self.sums[place - 1] -= weight;
            place += place & place.wrapping_neg();
        }
        Some(before)
    }
}

/// 1 to 10^6: a provider twice as dear as `enough` weighs a quarter, one with little room left a quarter again; to be cheaper than
/// `enough` gains nothing.
fn weight(offer: &Offer, need: &Need, enough: u128) -> u128 {
    // One is added to both, so that free offers do not drown cheap ones.
    let ratio = (enough.saturating_add(1).saturating_mul(1_000) / offer.ask.get().saturating_add(1)).min(1_000);
    let scarce = offer.free_bytes.is_some_and(|free| free / 16 < need.payload);
    (ratio * ratio / if scarce { 4 } else { 1 }).max(1)
}

/// SplitMix64: a small generator with a fixed, documented sequence, since placements should be repeatable.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DealPolicy;
    use depin_client::api::Currency;
    use depin_quantity::Name;

    fn address(name: &str) -> Address {
        Address::new([name.bytes().next().unwrap_or_default(); 32])
    }

    fn offer(name: &str, ask: u128, free: Option<u64>) -> Offer {
        let provider = Provider { address: address(name), name: String::new(), url: String::new() };
        Offer { provider, ask: Units::new(ask), piece_min: 128, piece_max: 1 << 35, free_bytes: free, deals: 0, accepting: true }
    }

    const FIL: Currency = Currency { token: Name::literal("FIL"), decimals: 18 };

    fn need(offers: &[Offer], max_price: Option<u128>) -> Need {
        let policy = DealPolicy { max_price: max_price.map(Units::new), ..DealPolicy::default() };
        Need { piece_size: 1 << 20, payload: 127 << 13, prices: Prices::of(&policy, offers, FIL, 2, |_| false) }
    }

    fn standing(proven: bool, doubtful: bool) -> Standing {
        Standing { proven, doubtful }
    }

    #[test]
    fn a_price_next_to_nothing_is_worth_no_more_than_half_the_median() {
        let offers = ["a", "b", "c", "d", "e"].map(|name| offer(name, if name < "c" { 1 } else { 1_000 }, None));
        let counts = first_counts(&offers, "");
        assert!(counts[2] + counts[3] + counts[4] > 200, "{counts:?}");
        assert!(counts[0] + counts[1] > 600, "cheap ones come first more often: {counts:?}");
    }

    #[test]
    fn those_never_proven_come_last_and_hold_at_most_n_less_k_shards() {
        let offers = ["a", "b", "c", "d", "e", "f"].map(|name| offer(name, if name < "d" { 1 } else { 900 }, None));
        let honest = |found: Address| found >= address("d");
        let names = |queue: &mut Queue| -> Vec<u8> {
            std::iter::from_fn(|| queue.next()).map(|found| found.provider.address.get()[0]).collect()
        };
        for seed in 0..50 {
            let order = order(&offers, &need(&offers, None), |found| standing(honest(found), false), seed);
            assert!(order[..3].iter().all(|found| honest(found.provider.address)), "the proven come first");
            let mut queue = Queue::new(order.clone(), 2, 3, false);
            assert_eq!(names(&mut queue).len(), 4, "three proven and one of the others");
            queue.failed(&order[5]);
            assert_eq!(names(&mut queue).len(), 1, "another one in its place");
            let tried = names(&mut Queue::new(order, 2, 3, true));
            assert!(tried[..2].iter().all(|name| *name >= b'd') && tried[2] < b'd', "{tried:?}");
        }
        // Young: one is proven, and one was and does not answer.
        let young = |found: Address| standing(found >= address("e"), found == address("f"));
        let order = order(&offers, &need(&offers, None), young, 1);
        assert_eq!(names(&mut Queue::new(order, 2, 3, false)).len(), 6, "everybody is taken");
    }

    fn first_counts(offers: &[Offer], doubtful: &str) -> Vec<usize> {
        let mut counts = vec![0; offers.len()];
        for seed in 0..1000 {
            let order = order(offers, &need(offers, Some(u128::MAX)), |found| standing(false, found == address(doubtful)), seed);
            assert_eq!(order.len(), offers.len());
            let first = offers.iter().position(|offer| offer.provider == order[0].provider).unwrap();
            counts[first] += 1;
        }
        counts
    }

    #[test]
    fn the_cheaper_a_provider_the_more_often_it_comes_first() {
        let counts = first_counts(&[offer("a", 100, None), offer("b", 200, None), offer("c", 1000, None)], "");
        assert!(counts[0] > 2 * counts[1] && counts[1] > 5 * counts[2], "{counts:?}");
        assert!(counts[1] > 100 && counts[2] > 0, "{counts:?}");
    }

    #[test]
    fn a_long_list_is_drawn_at_once_each_as_often_as_it_weighs() {
        let offers: Vec<Offer> = (0..30_000_u32)
            .map(|n| {
                let mut offer = offer("a", 1, None);
                offer.provider.address = Address::new(std::array::from_fn(|at| n.to_be_bytes().get(at).copied().unwrap_or(0)));
                offer
            })
            .collect();
        let order = order(&offers, &need(&offers, None), |_| Standing::default(), 7);
        let distinct: std::collections::BTreeSet<_> = order.iter().map(|candidate| candidate.provider.address).collect();
        assert_eq!(distinct.len(), offers.len());
        let mut random = SplitMix(3);
        let mut firsts = [0; 3];
        for _ in 0..6_000 {
            let mut lots = Lots::new([1, 2, 3].into_iter());
            firsts[lots.draw(&mut random).unwrap()] += 1;
            assert_eq!(std::iter::from_fn(|| lots.draw(&mut random)).count(), 2);
        }
        assert!((900..1_100).contains(&firsts[0]) && (2_850..3_150).contains(&firsts[2]), "{firsts:?}");
    }

    #[test]
    fn a_doubtful_provider_comes_last_and_a_full_one_less_often() {
        let counts = first_counts(&[offer("a", 1, None), offer("b", 1, Some(127 << 13)), offer("c", 1, None)], "c");
        assert_eq!(counts[2], 0);
        assert!(counts[0] > 3 * counts[1] && counts[1] > 0, "{counts:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_order_whatever_the_order_of_offers() {
        let mut offers = vec![offer("a", 5, None), offer("b", 5, None), offer("c", 5, None), offer("d", 5, None)];
        let names = |offers: &[Offer]| {
            order(offers, &need(offers, None), |_| Standing::default(), 7).iter().map(|o| o.provider.address).collect::<Vec<_>>()
        };
        let before = names(&offers);
        offers.reverse();
        assert_eq!(names(&offers), before);
    }

    #[test]
    fn providers_that_cannot_take_the_shard_are_left_out_with_a_reason() {
        let mut closed = offer("a", 1, None);
        closed.accepting = false;
        let mut small = offer("b", 1, None);
        small.piece_max = 1 << 10;
        let full = offer("c", 1, Some(5));
        let dear = offer("d", 99, None);
        let need = need(&[], Some(50));
        let reasons: Vec<String> = [closed, small, full, dear].iter().map(|offer| obstacle(offer, &need).unwrap()).collect();
        for (reason, word) in reasons.iter().zip(["no new deals", "pieces of", "bytes free", "0.000000000000000099 FIL per GiB"])
        {
            assert!(reason.contains(word), "{reason}");
        }
    }
}
