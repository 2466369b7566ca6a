//! `depin provider cluster` and `depin provider checker`: a device of a network of clusters, and who times its answers, each in a process of its own.

use super::run::Venture;
use crate::{
    args::{AmountArg, PlaceArgs, ProviderCheckerArgs, ProviderClusterArgs},
    error::{CliError, Result},
    remote::{RUNS_CLUSTERS, amount, needs_service},
};
use depin_client::{Reach, api::PriceEntry};
use depin_devnet::{operators::Post, services::clusters::daemon};
use depin_economy::{Money, Spec};
use depin_provider::clusters::{CheckerConfig, CheckerHandle, ClusterConfig, ClusterHandle, RayPython, Wish};
use depin_quantity::{Decimal18, Name};
use depin_services::clusters::device_id;
use serde::Serialize;

#[derive(Serialize)]
pub struct Offer {
    /// What an hour costs, in each token that is taken.
    asks: Vec<String>,
    /// Whether its owner offers it.
    for_hire: bool,
}

fn only_clusters(spec: &Spec) -> Result<()> {
    needs_service(spec.network().name, spec.network().service, "clusters", RUNS_CLUSTERS)
}

/// A price as typed, as the ledger takes it.
fn money(spec: &Spec, typed: &AmountArg) -> Result<Money> {
    let (currency, units) = amount(spec, typed)?;
    let decimals = spec.token(currency).map_or(18, |rule| rule.decimals);
    let step = 10_u128.pow(u32::from(18_u8.saturating_sub(decimals)));
    let amount = units.get().checked_mul(step).filter(|amount| *amount > 0);
    let amount = amount
        .ok_or_else(|| CliError::refused("price", format_args!("\"{typed}\" is no price of an hour")).hint("write \"0.5 IO\""))?;
    Ok(Money { currency, amount: Decimal18::new(amount) })
}

impl Venture for ProviderClusterArgs {
    type Terms = Vec<Money>;
    type Offer = Offer;
    type Daemon = ClusterHandle;

    const WHAT: &'static str = "device";
    const NEEDS: &'static str = "fees and its stake";
    const KEPT: &'static str = "hours in which it does not run are failed, so start it again soon";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<Vec<Money>> {
        only_clusters(spec)?;
        let asks = self.price.iter().map(|typed| money(spec, typed)).collect::<Result<Vec<Money>>>()?;
        let twice = asks.iter().enumerate().find(|(i, ask)| asks[..*i].iter().any(|one| one.currency == ask.currency));
        if let Some((_, ask)) = twice {
            return Err(
                CliError::refused("price", format_args!("two prices are in {}", ask.currency)).hint("name one for each token")
            );
        }
        Ok(asks)
    }

    fn offer(&self, asks: &Vec<Money>) -> Offer {
        let for_hire = !self.closed && !asks.is_empty();
        Offer { asks: asks.iter().map(|ask| format!("{} {}", ask.amount.to_decimal(), ask.currency)).collect(), for_hire }
    }

    fn words(offer: &Offer) -> String {
        match offer.for_hire {
            true => format!("proves itself every hour, and asks {} for one", offer.asks.join(" or ")),
            false => "proves itself every hour, and is not for hire".to_owned(),
        }
    }

    async fn start(&self, asks: Vec<Money>, post: Post) -> Result<ClusterHandle> {
        let Post { operator, folder, client, key, .. } = post;
        let folder = std::path::absolute(&folder).map_err(|error| CliError::file("find", &folder, &error))?;
        let wish = Wish {
            cores: self.cores,
            memory_mib: self.memory.map(|memory| u32::try_from(memory.0 >> 20).unwrap_or(u32::MAX)),
            disk_gib: self.disk.map(|disk| u32::try_from(disk.0 >> 30).unwrap_or(u32::MAX)),
            download_mbps: self.download,
            upload_mbps: self.upload,
            slice: self.slice,
        };
        let device = device_id(key.address(), operator.name);
        let profile = daemon::claim(&client, &folder, device, &wish, self.measure).await?;
        let python = match &self.python {
            Some(program) => Some(RayPython::find(program).await.map_err(|error| CliError::refused("python", error))?),
            None => None,
        };
        let config = ClusterConfig {
            checker: self.checker.clone(),
            trust: client.trust().clone(),
            tunnels: self.tunnels,
            python,
            accepts: !self.closed && !asks.is_empty(),
            ..ClusterConfig::new(operator, folder, profile, asks)
        };
        daemon::start(config, client, key).await
    }
}

/// The checker has nothing to offer.
#[derive(Serialize)]
pub struct Nothing {}

impl Venture for ProviderCheckerArgs {
    type Terms = ();
    type Offer = Nothing;
    type Daemon = CheckerHandle;

    const WHAT: &'static str = "checker";
    const NEEDS: &'static str = "fees of accusations";
    const KEPT: &'static str = "no device passes an hour without it, so start it again soon";

    fn name(&self) -> Name {
        self.name
    }

    fn place(&self) -> &PlaceArgs {
        &self.place
    }

    fn terms(&self, spec: &Spec, _: &[PriceEntry]) -> Result<()> {
        only_clusters(spec)
    }

    fn offer(&self, (): &()) -> Nothing {
        Nothing {}
    }

    fn words(_: &Nothing) -> String {
        "says how long answers took, and which hired devices are there".to_owned()
    }

    async fn start(&self, (): (), post: Post) -> Result<CheckerHandle> {
        let Post { operator, folder, client, key, .. } = post;
        let reach = if self.local_network { Reach::local() } else { Reach::public() };
        let config = CheckerConfig { listen: operator.listen, tls: operator.tls, folder, reach, trust: client.trust().clone() };
        let network = client.clusters().network().await?;
        if network.checker != Some(key.address()) {
            let is = network.checker.map_or_else(|| "nobody".to_owned(), |checker| checker.to_string());
            return Err(CliError::refused("role", format_args!("{} is not this network's checker, but {is}", key.address()))
                .hint("name the checker's key with --key-file: the ledger takes no other's word"));
        }
        daemon::start_checker(config, client, key).await
    }
}
