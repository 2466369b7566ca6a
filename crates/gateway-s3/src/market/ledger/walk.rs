//! Who offers storage: a walk through the ledger's list of providers that whoever registers often does not fill.
//!
//! In: the list, page by page in order of address. Out: everybody with deals and so many of the others, drawn by chance. A list that is
//! longer than is read is read from a place by chance on, around its end, so that no place in it is better than another.

use depin_client::api::{Provider, ProviderList};
use depin_quantity::Address;
use rand::{Rng, RngExt as _};

/// Providers asked for at once.
pub(super) const PAGE: u32 = 1_000;
/// Pages of one walk.
const PAGES_MOST: usize = 32;
/// Providers without deals that a walk brings back.
const NEWCOMERS_MOST: usize = 1_000;

/// Reads the list through `page`, which answers with what is behind an address.
///
/// # Errors
/// Those of `page`.
pub(super) async fn all<E, P>(page: impl Fn(Option<Address>) -> P, random: &mut (impl Rng + ?Sized)) -> Result<Vec<Provider>, E>
where
    P: Future<Output = Result<ProviderList, E>>,
{
    let mut found = Found::default();
    let mut list = page(None).await?;
    let mut left = PAGES_MOST - 1;
    if list.totals.providers > u64::from(PAGE) * PAGES_MOST as u64 {
        let begin = Address::new(random.random());
        let (mut after, mut last) = (Some(begin), None);
        while left > 0 {
            left -= 1;
            list = page(after).await?;
            found.take(list.items.drain(..).filter(|provider| last.is_none_or(|last| provider.address <= last)), random);
            // A node that answers with a place before the one asked from would lead around for ever.
            after = list.next.filter(|next| after.is_none_or(|after| *next > after));
            match (after, last) {
                (None, None) => last = Some(begin),
                (None, Some(_)) => break,
                (Some(next), Some(last)) if next >= last => break,
                (Some(_), _) => {}
            }
        }
        return Ok(found.into_all());
    }
    let mut after = None;
    loop {
        found.take(list.items.drain(..), random);
        after = list.next.filter(|next| left > 0 && after.is_none_or(|after| *next > after));
        if after.is_none() {
            return Ok(found.into_all());
        }
        left -= 1;
        list = page(after).await?;
    }
}

/// What a walk brings back.
#[derive(Default)]
struct Found {
    with_deals: Vec<Provider>,
    newcomers: Vec<Provider>,
    /// Providers without deals that were seen.
    seen: usize,
}

impl Found {
    /// Keeps those with deals, and each of the others with the same chance.
    fn take(&mut self, providers: impl Iterator<Item = Provider>, random: &mut (impl Rng + ?Sized)) {
        for provider in providers {
            if provider.deals > 0 {
                self.with_deals.push(provider);
                continue;
            }
            self.seen += 1;
            if self.newcomers.len() < NEWCOMERS_MOST {
                self.newcomers.push(provider);
            } else if let Some(place) = self.newcomers.get_mut(random.random_range(0..self.seen)) {
                *place = provider;
            }
        }
    }

    fn into_all(mut self) -> Vec<Provider> {
        self.with_deals.append(&mut self.newcomers);
        self.with_deals
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::{Amount, Ask, StorageTotals};
    use depin_quantity::{Instant, Name, Units};
    use rand::SeedableRng as _;
    use std::{cell::Cell, collections::BTreeSet, convert::Infallible};

    fn entry(address: Address, deals: u32) -> Provider {
        let price = Amount::new(Name::literal("FIL"), Units::new(1), 18);
        let ask = Ask {
            verified_price: price.clone(),
            price,
            piece_min_bytes: 128,
            piece_max_bytes: 1 << 30,
            term_min_epochs: 1,
            term_max_epochs: 2,
            open: true,
        };
        let (name, url) = (Name::literal("p"), "http://192.0.2.1".to_owned());
        let since = Instant::new(0).into();
        Provider { address, name, url, capacity_bytes: 1 << 40, promised_bytes: 0, deals, ask, since }
    }

    /// A stranger's addresses are the lowest ones; every hundredth of the honest has deals.
    fn list(strangers: u32, honest: u32) -> Vec<Provider> {
        let address = |first: u8, n: u32| {
            let mut bytes = [first; 32];
            bytes[1..5].copy_from_slice(&n.to_be_bytes());
            Address::new(bytes)
        };
        let strangers = (0..strangers).map(|n| entry(address(0, n), 0));
        strangers.chain((0..honest).map(|n| entry(address(200, n), u32::from(n % 100 == 0)))).collect()
    }

    fn walk(list: &[Provider], seed: u64) -> (Vec<Address>, usize) {
        let asked = Cell::new(0);
        let page = |after: Option<Address>| {
            asked.set(asked.get() + 1);
            let from = after.map_or(0, |after| list.partition_point(|entry| entry.address <= after));
            let items: Vec<Provider> = list[from..].iter().take(PAGE as usize).cloned().collect();
            let next = items.last().map(|last| last.address).filter(|_| from + items.len() < list.len());
            let totals = StorageTotals { providers: list.len() as u64, ..StorageTotals::default() };
            std::future::ready(Ok::<_, Infallible>(ProviderList { items, next, totals }))
        };
        let found = futures::executor::block_on(all(page, &mut rand::rngs::StdRng::seed_from_u64(seed))).unwrap();
        (found.into_iter().map(|entry| entry.address).collect(), asked.get())
    }

    #[test]
    fn a_stranger_at_the_lowest_addresses_hides_nobody_who_has_deals() {
        let list = list(20_000, 500);
        let (found, asked) = walk(&list, 1);
        let with_deals = list.iter().filter(|entry| entry.deals > 0).map(|entry| entry.address);
        assert_eq!(found[..5], with_deals.collect::<Vec<_>>());
        assert_eq!((found.len(), asked), (5 + NEWCOMERS_MOST, 21));
        let honest = found[5..].iter().filter(|address| address.get()[0] == 200).count();
        assert!((5..50).contains(&honest), "{honest} of 1,000 drawn from 20,495 of which 495 are honest");
    }

    #[test]
    fn a_list_too_long_to_read_is_read_from_anywhere_and_nobody_twice() {
        let list = list(60_000, 60_000);
        let mut seen = [false; 2];
        for seed in 0..20 {
            let (found, asked) = walk(&list, seed);
            assert_eq!(asked, PAGES_MOST);
            assert_eq!(found.len(), found.iter().collect::<BTreeSet<_>>().len());
            found.iter().for_each(|address| seen[usize::from(address.get()[0] == 200)] = true);
        }
        assert_eq!(seen, [true; 2]);
    }

    #[test]
    fn a_short_list_is_one_question() {
        let list = list(3, 4);
        let (found, asked) = walk(&list, 1);
        assert_eq!((found.len(), asked), (7, 1));
        assert_eq!(walk(&[], 1), (Vec::new(), 1));
    }
}
