//! `depin provider metered`: an operator of a founder's own service in a process of its own.

use super::run::Venture;
use crate::{
    args::{AmountArg, PlaceArgs, PolicyArg, ProviderMeteredArgs},
    error::{CliError, Result},
    output::shorten,
    remote::amount,
};
use depin_client::api::PriceEntry;
use depin_devnet::{operators::Post, services::metered::daemon};
use depin_economy::{Money, Spec};
use depin_provider::metered::{DisputePolicy, MeteredConfig, MeteredHandle};
use depin_quantity::{Decimal18, Name};
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    asks: Vec<String>,
    disputes: DisputePolicy,
}

impl Venture for ProviderMeteredArgs {
    type Terms = (Vec<Money>, DisputePolicy);
    type Offer = Offer;
    type Daemon = MeteredHandle;

    const WHAT: &'static str = "operator";
    const NEEDS: &'static str = "fees, pledge and deposits";
    const KEPT: &'static str = "disputes that are not answered in time are lost, so start it again soon";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<Self::Terms> {
        let one = |typed: &AmountArg| {
            let amount = Decimal18::parse(&typed.number).map_err(|error| CliError::refused("amount", error))?;
            Ok(Money { currency: typed.token.unwrap_or(spec.fee().token), amount })
        };
        Ok((self.ask.iter().map(one).collect::<Result<_>>()?, policy(self, spec)?))
    }

    fn offer(&self, (asks, disputes): &Self::Terms) -> Offer {
        let asks = asks.iter().map(|ask| shorten(&format!("{} {}", ask.amount.to_decimal(), ask.currency)));
        Offer { asks: asks.collect(), disputes: *disputes }
    }

    fn words(offer: &Offer) -> String {
        let asks = if offer.asks.is_empty() { "the network's price".to_owned() } else { offer.asks.join(", ") };
        format!("delivers for {asks} a unit")
    }

    async fn start(&self, (asks, disputes): Self::Terms, post: Post) -> Result<MeteredHandle> {
        let config = MeteredConfig { disputes, folder: Some(post.folder), ..MeteredConfig::new(post.operator, asks) };
        daemon::start(config, post.client, post.key).await
    }
}

fn policy(args: &ProviderMeteredArgs, spec: &Spec) -> Result<DisputePolicy> {
    Ok(match (args.disputes, &args.deposit_most) {
        (PolicyArg::Ask, _) => DisputePolicy::Ask,
        (PolicyArg::Concede, _) => DisputePolicy::Concede,
        (PolicyArg::StandBy, Some(most)) => DisputePolicy::StandBy { deposit_most: amount(spec, most)?.1 },
        (PolicyArg::StandBy, None) => {
            return Err(CliError::refused(
                "deposit",
                "standing by reports costs deposits; say up to how much with --deposit-most",
            ));
        }
    })
}
