//! `depin provider coverage`: a hotspot in a process of its own.

use super::{
    run::Venture,
    stand::{Typed, stands, told},
};
use crate::{
    args::{PlaceArgs, ProviderCoverageArgs},
    error::{CliError, Result},
};
use depin_client::{Keyring, Reach, api::PriceEntry};
use depin_devnet::{operators::Post, services::coverage::daemon};
use depin_economy::Spec;
use depin_lorawan::Eui;
use depin_provider::coverage::{CoverageConfig, HotspotHandle};
use depin_quantity::Name;
use depin_services::coverage::Location;
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    udp: String,
    latitude: f64,
    longitude: f64,
    cell: String,
    gain_tenths_dbi: i16,
    full: bool,
    /// What joining and asserting a location cost; each of them once.
    fees: Vec<String>,
}

/// What was typed, checked.
pub struct Terms {
    location: Location,
    eui: Option<Eui>,
    fees: Vec<String>,
}

impl Venture for ProviderCoverageArgs {
    type Terms = Terms;
    type Offer = Offer;
    type Daemon = HotspotHandle;

    const WHAT: &'static str = "hotspot";
    const NEEDS: &'static str = "fees: to join, to assert a location, and for what it reports";
    const KEPT: &'static str = "packets that customers acknowledged are reported after the next start, if that is soon";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<Terms> {
        let typed = Typed { place: &self.location, gain: &self.gain, elevation: self.elevation, region: self.region };
        let (location, fees) = stands(spec, &typed)?;
        let eui = self.eui.as_deref().map(str::parse).transpose().map_err(|error| CliError::refused("eui", error))?;
        Ok(Terms { location, eui, fees })
    }

    fn offer(&self, terms: &Terms) -> Offer {
        Offer {
            udp: self.udp.0.to_string(),
            latitude: self.location.latitude,
            longitude: self.location.longitude,
            cell: format!("{:x}", terms.location.cell),
            gain_tenths_dbi: terms.location.gain,
            full: !self.data_only,
            fees: terms.fees.clone(),
        }
    }

    fn words(offer: &Offer) -> String {
        let fees = told(&offer.fees);
        format!("at {},{} takes GWMP on UDP {}{fees}", offer.latitude, offer.longitude, offer.udp)
    }

    async fn start(&self, terms: Terms, post: Post) -> Result<HotspotHandle> {
        let post = Post { new_store: self.new_store, ..post };
        let own = daemon::own_key(&post, &terms.location, &Keyring::default()).await?;
        let config = CoverageConfig {
            udp: self.udp.0,
            eui: terms.eui,
            forwarder: self.forwarder.map(|ip| ip.to_canonical()),
            full: !self.data_only,
            used: own.used,
            new_store: self.new_store,
            reach: if self.local_network { Reach::local() } else { Reach::public() },
            ..CoverageConfig::new(post.operator, post.folder, own.key, terms.location)
        };
        daemon::start(config, post.client, post.key).await
    }
}
