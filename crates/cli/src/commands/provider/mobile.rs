//! `depin provider mobile`: a mobile access point in a process of its own.

use super::{
    run::Venture,
    stand::{Typed, stands, told},
};
use crate::{
    args::{PlaceArgs, ProviderMobileArgs},
    error::{CliError, Result},
};
use depin_client::{Keyring, api::PriceEntry};
use depin_devnet::{
    operators::Post,
    services::coverage::mobile::{self, Owner},
};
use depin_economy::Spec;
use depin_provider::mobile::{MobileConfig, MobileHandle, Site};
use depin_quantity::Name;
use depin_services::coverage::{Location, mobile::Place};
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    radius: String,
    latitude: f64,
    longitude: f64,
    cell: String,
    hexes: usize,
    /// Radios whose accounting is taken.
    radios: usize,
    /// Nobody is authenticated here.
    authentication: bool,
    /// What joining and asserting a location cost; each of them once.
    fees: Vec<String>,
}

/// What was typed, checked.
pub struct Terms {
    location: Location,
    site: Site,
    fees: Vec<String>,
}

impl Venture for ProviderMobileArgs {
    type Terms = Terms;
    type Offer = Offer;
    type Daemon = MobileHandle;

    const WHAT: &'static str = "access point";
    const NEEDS: &'static str = "fees: to join, to assert a location, and for what it reports";
    const KEPT: &'static str = "sessions that were answered are reported after the next start";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<Terms> {
        let typed = Typed { place: &self.location, gain: &self.gain, elevation: self.elevation, region: self.region };
        let (location, fees) = stands(spec, &typed)?;
        let site = Site::read(&self.coverage).map_err(|error| {
            CliError::refused("coverage-file", error).hint("`depin provider mobile --help` shows what it says")
        })?;
        Ok(Terms { location, site, fees })
    }

    fn offer(&self, terms: &Terms) -> Offer {
        Offer {
            radius: self.radius.0.to_string(),
            latitude: self.location.latitude,
            longitude: self.location.longitude,
            cell: format!("{:x}", terms.location.cell),
            hexes: terms.site.hexes.len(),
            radios: terms.site.secrets.len(),
            authentication: false,
            fees: terms.fees.clone(),
        }
    }

    fn words(offer: &Offer) -> String {
        let fees = told(&offer.fees);
        format!(
            "at {},{} covers {} hexes and takes RADIUS accounting of {} radios on UDP {}; authentication is not served{fees}",
            offer.latitude, offer.longitude, offer.hexes, offer.radios, offer.radius
        )
    }

    async fn start(&self, terms: Terms, post: Post) -> Result<MobileHandle> {
        let owner = Owner { client: &post.client, address: post.key.address(), anew: self.new_store };
        let own = mobile::own_key(&post.folder, owner, &terms.location, &Keyring::default()).await?;
        let place = Place {
            latitude: (self.location.latitude * 1e7).round() as i32,
            longitude: (self.location.longitude * 1e7).round() as i32,
        };
        let config = MobileConfig {
            radius: self.radius.0,
            speed_server: self.speed_server.clone(),
            ..MobileConfig::new(post.operator, post.folder, own, terms.site, (terms.location, place))
        };
        mobile::start(config, post.client, post.key).await
    }
}
