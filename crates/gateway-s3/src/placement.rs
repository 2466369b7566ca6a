//! Which providers get the shards of a segment.
//!
//! In: offers, the size of a shard, who did badly lately, a seed. Out: all providers that can take a shard, in the order in which they
//! are tried: a weighted draw without replacement. Cheap, roomy and healthy providers come first more often, but not always, so that
//! data spreads. The same input gives the same order.

use crate::{
    market::{Offer, Provider},
    price::Prices,
};
use depin_quantity::{Address, Units};

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

/// A provider that can take a shard, and the price that is agreed on when it does: what it asks now.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) provider: Provider,
    pub(crate) price: Units,
}

impl From<&Offer> for Candidate {
    fn from(offer: &Offer) -> Self {
        Self { provider: offer.provider.clone(), price: offer.ask }
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

/// The usable offers in the order to try them; doubtful providers come after all others.
pub(crate) fn order<'a>(offers: &'a [Offer], need: &Need, doubtful: impl Fn(Address) -> bool, seed: u64) -> Vec<&'a Offer> {
    let mut usable: Vec<&Offer> = offers.iter().filter(|offer| obstacle(offer, need).is_none()).collect();
    // The ledger's order must not matter.
    usable.sort_by_key(|usable| usable.provider.address);
    let cheapest = usable.iter().map(|offer| offer.ask.get()).min().unwrap_or(0);
    let (doubtful, sound): (Vec<&Offer>, Vec<&Offer>) = usable.into_iter().partition(|offer| doubtful(offer.provider.address));
    let mut random = SplitMix(seed);
    let mut order = draw(sound, need, cheapest, &mut random);
    order.extend(draw(doubtful, need, cheapest, &mut random));
    order
}

fn draw<'a>(mut left: Vec<&'a Offer>, need: &Need, cheapest: u128, random: &mut SplitMix) -> Vec<&'a Offer> {
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let weights: Vec<u128> = left.iter().map(|offer| weight(offer, need, cheapest)).collect();
        let mut ticket = u128::from(random.next()) % weights.iter().sum::<u128>().max(1);
        let mut winner = 0;
        for (index, weight) in weights.iter().enumerate() {
            if ticket < *weight {
                winner = index;
                break;
            }
            ticket -= weight;
        }
        order.push(left.remove(winner));
    }
    order
}

/// 1 to about 10^6: a provider twice as dear as the cheapest weighs a quarter, one with little room left a quarter again.
fn weight(offer: &Offer, need: &Need, cheapest: u128) -> u128 {
    // One is added to both, so that free offers do not drown cheap ones.
    let ratio = (cheapest + 1).saturating_mul(1_000) / offer.ask.get().saturating_add(1);
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
        Offer { provider, ask: Units::new(ask), piece_min: 128, piece_max: 1 << 35, free_bytes: free, accepting: true }
    }

    const FIL: Currency = Currency { token: Name::literal("FIL"), decimals: 18 };

    fn need(offers: &[Offer], max_price: Option<u128>) -> Need {
        let policy = DealPolicy { max_price: max_price.map(Units::new), ..DealPolicy::default() };
        Need { piece_size: 1 << 20, payload: 127 << 13, prices: Prices::of(&policy, offers, FIL) }
    }

    fn first_counts(offers: &[Offer], doubtful: &str) -> Vec<usize> {
        let mut counts = vec![0; offers.len()];
        for seed in 0..1000 {
            let order = order(offers, &need(offers, Some(u128::MAX)), |found| found == address(doubtful), seed);
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
    fn a_doubtful_provider_comes_last_and_a_full_one_less_often() {
        let counts = first_counts(&[offer("a", 1, None), offer("b", 1, Some(127 << 13)), offer("c", 1, None)], "c");
        assert_eq!(counts[2], 0);
        assert!(counts[0] > 3 * counts[1] && counts[1] > 0, "{counts:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_order_whatever_the_order_of_offers() {
        let mut offers = vec![offer("a", 5, None), offer("b", 5, None), offer("c", 5, None), offer("d", 5, None)];
        let names = |offers: &[Offer]| {
            order(offers, &need(offers, None), |_| false, 7).iter().map(|o| o.provider.address).collect::<Vec<_>>()
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
