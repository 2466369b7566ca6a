//! What storage may cost.
//!
//! In: what the owner set, the live asks. Out: their median and the highest price that is taken. Absent on purpose: which provider is
//! preferred (`placement`), what a day may cost (`spending`).

use crate::{
    config::{DealPolicy, PRICE_TIMES_MEDIAN},
    market::Offer,
};
use depin_client::api::Currency;
use depin_quantity::{Address, Units};

/// What prices are compared with, all per GiB of piece and epoch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prices {
    /// Median of the asks, the upper of two: a few that ask nothing must not price out the rest. Absent when nobody takes deals.
    median: Option<Units>,
    /// The lower of two: a few that ask much must not make themselves cheap.
    pub(crate) low_median: Option<Units>,
    /// Highest price taken; absent when nobody takes deals and the owner set none.
    pub(crate) ceiling: Option<Units>,
    /// Whether the owner set it.
    given: bool,
    /// What they are in.
    currency: Currency,
}

impl Prices {
    /// By the owner's policy and the offers that take new deals. Registering costs little, so medians are those of the proven, where
    /// `least` of them are there; else of those with deals; else of all.
    pub(crate) fn of(
        policy: &DealPolicy,
        offers: &[Offer],
        currency: Currency,
        least: usize,
        proven: impl Fn(Address) -> bool,
    ) -> Self {
        let asks = |counts: &dyn Fn(&Offer) -> bool| -> Vec<Units> {
            let counted = offers.iter().filter(|offer| offer.accepting && counts(offer));
            let mut asks: Vec<Units> = counted.map(|offer| offer.ask).collect();
            asks.sort_unstable();
            asks
        };
        let trusted = [asks(&|offer| proven(offer.provider.address)), asks(&|offer| offer.deals > 0)];
        let asks = trusted.into_iter().find(|asks| asks.len() >= least).unwrap_or_else(|| asks(&|_| true));
        let median = asks.get(asks.len() / 2).copied();
        let low_median = asks.get(asks.len().saturating_sub(1) / 2).copied();
        // Above what 128 bits hold there is no ask.
        let usual = median.map(|median| Units::new(median.get().saturating_mul(PRICE_TIMES_MEDIAN)));
        Self { median, low_median, ceiling: policy.max_price.or(usual), given: policy.max_price.is_some(), currency }
    }

    /// Why a price is not paid, as the rest of a sentence about who asks it; nothing when it is.
    pub(crate) fn refusal(&self, ask: Units) -> Option<String> {
        let ceiling = self.ceiling.filter(|ceiling| ask > *ceiling)?;
        let text = |units| self.currency.text(units);
        let whence = match self.median.filter(|_| !self.given) {
            Some(median) => format!(", {PRICE_TIMES_MEDIAN} times the median ask of {}", text(median)),
            None => String::new(),
        };
        Some(format!("asks {} per GiB and epoch, more than the limit of {}{whence}", text(ask), text(ceiling)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Provider;
    use depin_quantity::Name;

    const FIL: Currency = Currency { token: Name::literal("FIL"), decimals: 2 };

    fn offers(asks: &[u128]) -> Vec<Offer> {
        let offer = |(index, ask): (usize, &u128)| Offer {
            provider: Provider { address: Address::new([index as u8; 32]), name: String::new(), url: String::new() },
            ask: Units::new(*ask),
            piece_min: 128,
            piece_max: 1 << 35,
            free_bytes: None,
            deals: 0,
            accepting: true,
        };
        asks.iter().enumerate().map(offer).collect()
    }

    #[test]
    fn without_a_limit_of_the_owner_four_times_the_median_is_the_highest_price() {
        let of = |asks: &[u128]| Prices::of(&DealPolicy::default(), &offers(asks), FIL, 2, |_| false);
        let prices = of(&[1, 100, 9_999, 110, 1]);
        assert_eq!((prices.median, prices.ceiling), (Some(Units::new(100)), Some(Units::new(400))));
        assert_eq!(prices.refusal(Units::new(400)), None);
        let why = prices.refusal(Units::new(401)).unwrap();
        assert_eq!(why, "asks 4.01 FIL per GiB and epoch, more than the limit of 4 FIL, 4 times the median ask of 1 FIL");
        assert_eq!(of(&[1, 100]).median, Some(Units::new(100)), "the upper of two");
        assert_eq!(of(&[1, 100]).low_median, Some(Units::new(1)), "the lower of two");
        assert_eq!(of(&[]).refusal(Units::new(u128::MAX)), None);
    }

    #[test]
    fn what_the_owner_set_holds_and_closed_offers_do_not_count() {
        let policy = DealPolicy { max_price: Some(Units::new(7)), ..DealPolicy::default() };
        let mut offers = offers(&[100, 200, 300]);
        assert_eq!(Prices::of(&policy, &offers, FIL, 2, |_| true).ceiling, Some(Units::new(7)));
        offers[2].accepting = false;
        offers[1].accepting = false;
        assert_eq!(Prices::of(&DealPolicy::default(), &offers, FIL, 2, |_| true).median, Some(Units::new(100)));
    }

    #[test]
    fn registrations_that_ask_nothing_do_not_price_out_who_is_proven() {
        let mut offers = offers(&[1, 1, 1, 1, 1, 100, 110]);
        let honest = |provider: Address| provider.get()[0] >= 5;
        assert_eq!(Prices::of(&DealPolicy::default(), &offers, FIL, 2, honest).median, Some(Units::new(110)));
        assert_eq!(Prices::of(&DealPolicy::default(), &offers, FIL, 2, |provider| !honest(provider)).median, Some(Units::new(1)));
        offers[5].deals = 1;
        offers[6].deals = 1;
        assert_eq!(
            Prices::of(&DealPolicy::default(), &offers, FIL, 2, |_| false).median,
            Some(Units::new(110)),
            "they have deals"
        );
    }
}
