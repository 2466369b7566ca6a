//! `depin provider storage`: a storage provider in a process of its own.

use super::run::Venture;
use crate::{
    args::{PlaceArgs, ProviderStorageArgs},
    error::Result,
    output::{bytes, shorten},
    remote::{price, storage_params},
};
use depin_client::api::Amount;
use depin_devnet::{
    operators::Post,
    services::storage::{ProviderSettings, daemon},
};
use depin_economy::Spec;
use depin_provider::storage::ProviderHandle;
use depin_quantity::Name;
use depin_services::storage::StorageParams;
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    capacity_bytes: u64,
    price: Amount,
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

    fn terms(&self, spec: &Spec) -> Result<Self::Terms> {
        let (params, asked) = (storage_params(spec)?, price(spec, &self.price)?);
        let verified_price = self.verified_price.as_ref().map_or(Ok(asked), |typed| price(spec, typed))?;
        let usual = ProviderSettings::new(&params, self.capacity.0);
        let small_clients = self.small_clients.unwrap_or(usual.small_clients);
        Ok((ProviderSettings { price: asked, verified_price, small_clients, ..usual }, params))
    }

    fn offer(&self, (settings, params): &Self::Terms) -> Offer {
        let ProviderSettings { capacity_bytes, price, .. } = *settings;
        Offer { capacity_bytes, price: Amount::new(params.token, price, params.decimals) }
    }

    fn words(offer: &Offer) -> String {
        format!("offers {} at {} per GiB and epoch", bytes(offer.capacity_bytes), shorten(&offer.price.display))
    }

    async fn start(&self, (settings, params): Self::Terms, post: Post) -> Result<ProviderHandle> {
        let post = Post { disk_floor: self.disk_floor.map(|floor| floor.0), new_store: self.new_store, ..post };
        daemon::start(post, &settings, &params).await
    }
}
