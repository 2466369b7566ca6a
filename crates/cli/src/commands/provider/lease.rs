//! `depin provider lease`: a provider of leases in a process of its own.

use super::run::Venture;
use crate::{
    args::{PlaceArgs, ProviderLeaseArgs},
    error::{CliError, Result},
    remote::needs_service,
};
use depin_client::api::PriceEntry;
use depin_devnet::{
    operators::Post,
    services::leasing::daemon::{self, LeaseProvider},
};
use depin_economy::Spec;
use depin_provider::leasing::{
    Attribute, Capacity, HostNames, LeasingConfig, Offer as Bidding, Pricing, RuntimePlace, open_runtime, read_attributes,
    read_prices, storage_attributes,
};
use depin_quantity::Name;
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    capacity: Capacity,
    attributes: Vec<Attribute>,
    ingress: String,
    domain: Option<String>,
}

impl Venture for ProviderLeaseArgs {
    type Terms = (Bidding, Vec<Attribute>);
    type Offer = Offer;
    type Daemon = LeaseProvider;

    const ALWAYS_TLS: bool = true;
    const WHAT: &'static str = "provider";
    const NEEDS: &'static str = "fees, its pledge and a deposit for each bid";
    const KEPT: &'static str = "what runs for tenants goes on, and is taken over at the next start";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<Self::Terms> {
        let how = "`depin up --network akash` starts a network of leases";
        needs_service(spec.network().name, spec.network().service, "leasing", how)?;
        let pricing = match (&self.price, &self.price_script) {
            (Some(text), _) => read_prices(text).map_err(|error| CliError::refused("price", error))?,
            (None, Some(path)) => {
                let script = std::path::absolute(path).map_err(|error| CliError::file("find", path, &error))?;
                if !script.is_file() {
                    return Err(CliError::refused("price-script", format_args!("there is no file {}", script.display())));
                }
                Pricing::Script(script)
            }
            (None, None) => Pricing::RandomRange,
        };
        let mut attributes = storage_attributes();
        attributes.extend(read_attributes(&self.attributes).map_err(|error| CliError::refused("attributes", error))?);
        let reclaim_window = self.reclaim_window.map(|window| window.0);
        Ok((Bidding { reclaim_window, ..Bidding::new(pricing) }, attributes))
    }

    fn offer(&self, (_, attributes): &Self::Terms) -> Offer {
        Offer {
            capacity: self.capacity,
            attributes: attributes.clone(),
            ingress: self.ingress.to_string(),
            domain: self.domain.clone(),
        }
    }

    fn words(offer: &Offer) -> String {
        let Capacity { cpu_milli, memory, storage, .. } = offer.capacity;
        let (memory, storage) = (crate::output::bytes(memory), crate::output::bytes(storage));
        format!("sells {} CPU, {memory} of memory and {storage} of disk", super::leases::cpus(cpu_milli))
    }

    async fn start(&self, (bidding, attributes): Self::Terms, post: Post) -> Result<LeaseProvider> {
        let Post { operator, folder, client, key, .. } = post;
        let folder = std::path::absolute(&folder).map_err(|error| CliError::file("find", &folder, &error))?;
        let images = self.images.clone().unwrap_or_else(|| folder.join("images"));
        let place = RuntimePlace {
            provider: key.address(),
            folder: folder.join("runtime"),
            images: images.clone(),
            publish: operator.listen.ip(),
            mirror: self.mirror.clone(),
            registries: self.registries,
        };
        let (runtime, remark) =
            open_runtime(self.runtime.into(), &place).await.map_err(|error| CliError::refused("runtime", error))?;
        let public = operator.listen.ip();
        let config = LeasingConfig {
            attributes,
            status: self.status,
            ingress: self.ingress,
            domain: self.domain.clone(),
            public,
            images,
            collect_every: self.collect_every.0,
            new_store: self.new_store,
            host_names: HostNames { is_proven: !self.unproven_host_names, ..HostNames::default() },
            ..LeasingConfig::new(operator, folder, runtime, bidding, self.capacity)
        };
        Ok(daemon::start(config, client, key).await?.remarking(remark))
    }
}
