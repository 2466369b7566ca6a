//! The provider's entry on the ledger.

use super::{config::ProviderConfig, view::View};
use depin_client::api::Provider;
use depin_services::storage::StorageMessage;

/// The message that brings the ledger's entry in line with the settings; `None` when it is.
///
/// The ask of an entry stays, since people change it there; when the entry lapsed for want of deals, it comes back with it. `begun` is whether this process has seen the provider registered: an
/// entry that was taken out of the network (it keeps no capacity) is put back only by starting the provider anew.
pub(super) fn registration(config: &ProviderConfig, url: &str, view: &View, begun: bool) -> Option<StorageMessage> {
    let register = |ask| StorageMessage::RegisterProvider {
        name: config.operator.name,
        url: url.to_owned(),
        capacity: config.capacity_bytes,
        ask,
    };
    if view.removed {
        return (!begun).then(|| register(config.ask.clone()));
    }
    let ask = || view.ask.as_ref().unwrap_or(&config.ask).clone();
    let same = view.entry.as_ref().is_some_and(|entry| is_same(config, url, entry));
    (!same).then(|| register(ask()))
}

fn is_same(config: &ProviderConfig, url: &str, entry: &Provider) -> bool {
    entry.name == config.operator.name && entry.url == url && entry.capacity_bytes == config.capacity_bytes
}

/// What somebody else who has the key wrote after this process had seen its own entry (`begun`), and what to do about it; none when
/// nobody did.
pub(super) fn contested(config: &ProviderConfig, url: &str, view: &View, begun: bool) -> Option<String> {
    let entry = view.entry.as_ref().filter(|entry| begun && !view.removed && !is_same(config, url, entry))?;
    Some(format!(
        "somebody else with this provider's key registered it anew: as `{}` at {}, with {} bytes; it is left so. If another daemon runs \
         with the key, stop one of the two; start this one again to register its own settings",
        entry.name, entry.url, entry.capacity_bytes
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::OperatorConfig;
    use depin_client::api::{self, Amount};
    use depin_quantity::{Address, Instant, Name, Units};
    use depin_services::storage::{Ask, piece::PieceSize};

    const URL: &str = "http://127.0.0.1:7001";

    fn ask(price: u128) -> Ask {
        Ask {
            price: Units::new(price),
            verified_price: Units::new(price),
            piece_min: PieceSize::MIN,
            piece_max: PieceSize::MAX,
            term_min: 1,
            term_max: 100,
            open: true,
        }
    }

    fn config() -> ProviderConfig {
        ProviderConfig::new(OperatorConfig::new(Name::literal("garage")), "/nowhere", 1 << 30, ask(5))
    }

    fn view(capacity: u64, open: bool) -> View {
        let amount = Amount::new(Name::literal("FIL"), Units::new(9), 18);
        let wire = api::Ask {
            price: amount.clone(),
            verified_price: amount,
            piece_min_bytes: 128,
            piece_max_bytes: 1 << 20,
            term_min_epochs: 1,
            term_max_epochs: 100,
            open,
        };
        let entry = api::Provider {
            address: Address::new([1; 32]),
            name: Name::literal("garage"),
            url: URL.to_owned(),
            capacity_bytes: capacity,
            promised_bytes: 0,
            deals: 0,
            ask: wire,
            since: Instant::new(0).into(),
        };
        let mut view = View::default();
        view.see_entry(Some(entry)).unwrap();
        view
    }

    fn asked(message: Option<StorageMessage>) -> Option<u128> {
        message.map(|m| match m {
            StorageMessage::RegisterProvider { ask, .. } => ask.price.get(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_new_provider_registers_with_the_ask_of_its_settings() {
        assert_eq!(asked(registration(&config(), URL, &View::default(), false)), Some(5));
    }

    #[test]
    fn an_entry_that_fits_is_left_alone_and_one_that_does_not_keeps_its_ask() {
        let fits = view(1 << 30, true);
        assert_eq!(asked(registration(&config(), URL, &fits, false)), None);
        assert_eq!(asked(registration(&config(), "http://127.0.0.1:7002", &fits, false)), Some(9));
        assert_eq!(asked(registration(&config(), URL, &view(1 << 29, true), false)), Some(9));
        assert_eq!(asked(registration(&config(), URL, &view(1 << 30, false), false)), None, "closed, but there");
    }

    /// Two daemons with one key would otherwise register over each other for ever, at a fee each time.
    #[test]
    fn what_somebody_else_with_the_key_registered_is_told_and_left_as_it_is() {
        let fits = view(1 << 30, true);
        let elsewhere = |begun| contested(&config(), "http://127.0.0.1:7002", &fits, begun);
        assert!(elsewhere(true).is_some_and(|why| why.contains(URL) && why.contains("stop one of the two")));
        assert!(elsewhere(false).is_none() && contested(&config(), URL, &fits, true).is_none());
        assert!(contested(&config(), URL, &view(0, false), true).is_none(), "taken out is not written over");
    }

    #[test]
    fn a_provider_that_was_taken_out_comes_back_by_a_new_start_only() {
        let mut out = view(0, false);
        for _ in 0..2 {
            assert!(out.removed);
            assert_eq!(asked(registration(&config(), URL, &out, true)), None);
            assert_eq!(asked(registration(&config(), URL, &out, false)), Some(5));
            // Entries without deals lapse.
            out.see_entry(None).unwrap();
        }
    }

    #[test]
    fn an_entry_that_lapsed_for_want_of_deals_is_registered_anew_with_its_ask() {
        let mut lapsed = view(1 << 30, true);
        lapsed.see_entry(None).unwrap();
        assert_eq!(asked(registration(&config(), URL, &lapsed, true)), Some(9));
        assert!(contested(&config(), URL, &lapsed, true).is_none());
    }
}
