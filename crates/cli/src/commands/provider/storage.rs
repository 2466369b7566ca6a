//! `depin provider storage`: a storage provider in a process of its own.

use super::run::Venture;
use crate::{
    args::{PlaceArgs, ProviderStorageArgs},
    error::Result,
    output::bytes,
    pricing::{Pricing, per_tib_month},
    remote::storage_params,
};
use depin_client::api::{Amount, PriceEntry};
use depin_devnet::{
    operators::Post,
    services::storage::{ProviderSettings, daemon},
};
use depin_economy::Spec;
use depin_provider::storage::ProviderHandle;
use depin_quantity::{Name, Rounding};
use depin_services::storage::StorageParams;
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    capacity_bytes: u64,
    /// Per GiB and epoch.
    price: Amount,
    /// The same per TiB and month, for people.
    #[serde(skip)]
    month: String,
}

impl Venture for ProviderStorageArgs {
    type Terms = (ProviderSettings, StorageParams);
    type Offer = Offer;
    type Daemon = ProviderHandle;

    const WHAT: &'static str = "provider";
    const NEEDS: &'static str = "fees and collateral";
    const KEPT: &'static str = "deals that it took go on, so start it again in time";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, prices: &[PriceEntry]) -> Result<Self::Terms> {
        let (params, pricing) = (storage_params(spec)?, Pricing::at(spec.clone(), prices)?);
        let asked = pricing.units(&self.price, Rounding::Up)?;
        let verified_price = self.verified_price.as_ref().map_or(Ok(asked), |typed| pricing.units(typed, Rounding::Up))?;
        let usual = ProviderSettings::new(&params, self.capacity.0);
        let small_clients = self.small_clients.unwrap_or(usual.small_clients);
        Ok((ProviderSettings { price: asked, verified_price, small_clients, ..usual }, params))
    }

    fn offer(&self, (settings, params): &Self::Terms) -> Offer {
        let ProviderSettings { capacity_bytes, price, .. } = *settings;
        let price = Amount::new(params.token, price, params.decimals);
        let month = per_tib_month(&price, params);
        Offer { capacity_bytes, price, month }
    }

    fn words(offer: &Offer) -> String {
        format!("offers {} at {} per TiB and month", bytes(offer.capacity_bytes), offer.month)
    }

    async fn start(&self, (settings, params): Self::Terms, post: Post) -> Result<ProviderHandle> {
        let post = Post { disk_floor: self.disk_floor.map(|floor| floor.0), new_store: self.new_store, ..post };
        daemon::start(post, &settings, &params).await
    }
}
