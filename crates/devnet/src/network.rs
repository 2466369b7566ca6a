//! A running network: its parts, and the orders that it takes.

use crate::{
    Error, Notice, Options, Parts, Result, Site,
    control::{self, Asked, Order},
    home::{self, Endpoints, Home, Opened, ProviderEndpoint},
    operators::{self, Operator},
    parts::{bridge, feeder::Feeder, node::NodePart},
    services,
};
use tokio::sync::mpsc;

/// Everything that runs.
pub struct Network {
    parts: Parts,
    _control: control::Server,
    orders: mpsc::Receiver<Asked>,
    endpoints: Endpoints,
}

impl Network {
    /// Starts all parts, one after another, and tells of every step. When one does not start, those before it are stopped.
    ///
    /// # Errors
    /// Refused for a speed out of bounds or files of another network; broken when a part does not start.
    pub async fn start(home: &Home, opened: &Opened, options: &Options, tell: &mut (dyn FnMut(Notice) + Send)) -> Result<Self> {
        let mut parts = Parts::default();
        match Self::start_parts(home, opened, options, tell, &mut parts).await {
            Ok((control, orders, endpoints)) => Ok(Self { parts, _control: control, orders, endpoints }),
            Err(error) => {
                parts.stop().await;
                Err(error)
            }
        }
    }

    async fn start_parts(
        home: &Home,
        opened: &Opened,
        options: &Options,
        tell: &mut (dyn FnMut(Notice) + Send),
        parts: &mut Parts,
    ) -> Result<(control::Server, mpsc::Receiver<Asked>, Endpoints)> {
        let genesis = &opened.genesis;
        let mut site = Site::new(home, genesis, options, tell)?;
        let name = site.rules().network().service;
        let service = services::live(name.as_str()).ok_or_else(|| {
            Error::refused("service", format_args!("the service `{name}` of this home does not run live in this version"))
                .hint("use the version of depin that made the home, or begin anew with --fresh")
        })?;
        site.step("starting the node");
        let node = NodePart::start(&site).await?;
        for note in node.notes() {
            site.warn(note);
        }
        let failed = node.watch();
        parts.add(node, &mut site).await;
        // What starts now waits for the node, for ever if need be.
        tokio::select! {
            started = Self::start_rest(site, service, parts) => started,
            reason = failed => Err(reason),
        }
    }

    /// Starts what stands on the node.
    async fn start_rest(
        mut site: Site<'_>,
        service: &dyn services::Service,
        parts: &mut Parts,
    ) -> Result<(control::Server, mpsc::Receiver<Asked>, Endpoints)> {
        let (home, genesis, options) = (site.home, site.genesis, site.options);
        let feeder = Feeder::start(&site)?;
        parts.add(feeder, &mut site).await;
        bridge::stand_in(&mut site).await?;
        tell_of_missing(&mut site, service).await?;
        service.start(&mut site, parts).await?;
        home.write_ports(&site.ports.chosen())?;
        let (control, orders) = control::serve(home).await?;
        let endpoints = Endpoints {
            api: site.client.url().to_owned(),
            endpoints: parts.endpoints(),
            providers: Vec::new(),
            chain_id: genesis.chain_id,
            network: genesis.network,
            service: site.rules().network().service,
            speed: options.speed,
            home: home.path().to_owned(),
            pid: std::process::id(),
            tls_certificate: options.tls.as_ref().and_then(|tls| tls.certificate().map(ToOwned::to_owned)),
        };
        Ok((control, orders, endpoints))
    }

    /// Where everything is.
    pub fn endpoints(&mut self) -> Endpoints {
        let endpoint =
            |operator: Operator| ProviderEndpoint { name: operator.name, address: operator.address, url: operator.url };
        let operators = self.parts.operators().map(|operators| operators.list()).unwrap_or_default();
        Endpoints { providers: operators.into_iter().map(endpoint).collect(), ..self.endpoints.clone() }
    }

    /// Obeys orders until a part cannot go on; gives the reason.
    pub async fn failed(&mut self) -> Error {
        loop {
            let asked = tokio::select! {
                reason = self.parts.failed() => return reason,
                Some(asked) = self.orders.recv() => asked,
            };
            let done = self.obey(asked.order).await;
            // Whoever asked may have gone away; the order is carried out all the same.
            let _ = asked.answer.send(done);
        }
    }

    async fn obey(&mut self, order: Order) -> Result<Vec<Operator>> {
        let Some(operators) = self.parts.operators() else {
            return match order {
                Order::List => Ok(Vec::new()),
                Order::Stop(name) | Order::Start(name) | Order::Remove(name) => Err(operators::unknown(name, [].into_iter())),
            };
        };
        match order {
            Order::List => {}
            Order::Stop(name) => operators.stop(name).await?,
            Order::Start(name) => operators.start(name).await?,
            Order::Remove(name) => operators.remove(name).await?,
        }
        Ok(operators.list())
    }

    /// Stops everything in good order: no orders any more, then the parts, the last one first.
    pub async fn stop(self) {
        let Self { parts, _control, orders, .. } = self;
        drop((orders, _control));
        parts.stop().await;
    }
}

/// Tells of operators that the ledger has from this home and that the home has no folder of: they would not run, without a word.
async fn tell_of_missing(site: &mut Site<'_>, service: &dyn services::Service) -> Result<()> {
    let registered = service.registered(&site.client).await?;
    for name in home::operators_without_folder(site.home, site.genesis, &registered)? {
        let folder = site.home.provider(name);
        site.warn(format!(
            "{name} is registered on this chain and {} is gone: it does not run, its disputes are lost and its deals fail; put a copy of \
             the folder back, or start with more --providers, which makes the lowest that is missing anew with its own key",
            folder.display()
        ));
    }
    Ok(())
}
