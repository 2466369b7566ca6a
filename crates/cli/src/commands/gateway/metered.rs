//! `depin gateway metered`: a metering gateway in a process of its own.

use crate::{
    args::GatewayMeteredArgs,
    error::{CliError, Result},
    exposure,
    output::{Output, Progress, shown},
    remote::{Remote, begins_anew, key_of},
    settings::Settings,
    up::Interrupt,
};
use depin_client::api::OrderQuery;
use depin_devnet::{
    home::Endpoint,
    listen_address,
    services::metered::gateway::{KEY, MeteringGateway},
};
use depin_files::Floor;
use depin_gateway_metered::Config;
use depin_services::metered::MeteredParams;
use serde::Serialize;
use std::path::{Path, PathBuf};

#[derive(Serialize)]
struct Running {
    /// As in `endpoints.json`; its key is in the file that it names, unless a terminal reads.
    endpoints: [Endpoint; 1],
    node: String,
    dir: PathBuf,
}

pub async fn run(args: &GatewayMeteredArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut interrupt = Interrupt::listen()?;
    let starting = start(args, &remote, out);
    let gateway = tokio::select! {
        started = starting => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")),
    };
    let endpoint = shown(&gateway.endpoint(), KEY, &args.dir.join("access.key"));
    let running = Running { endpoints: [endpoint], node: remote.client.url().to_owned(), dir: args.dir.clone() };
    out.result(&running, |out| running.text(out))?;
    interrupt.next().await;
    out.note("stopping; reports that wait are sent after the next start");
    gateway.close().await;
    Ok(())
}

async fn start(args: &GatewayMeteredArgs, remote: &Remote, out: &Output) -> Result<MeteringGateway> {
    // A port that is taken is told before anything is made.
    let listen = listen_address("the metering gateway", args.listen)?;
    let tls = exposure::tls(&args.tls)?;
    exposure::warn(exposure::Port::Metering, listen.ip(), tls.is_some(), out);
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let used = args.dir.join("metering.db").exists() || args.dir.join("access.key").exists();
    let (status, spec) = (remote.status(used, out).await?, remote.spec().await?);
    let params = MeteredParams::read(&spec).map_err(|error| CliError::refused("network-file", error))?;
    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file("create", &args.dir, &error))?;
    let key = |given: Option<&Path>, own: &str| key_of(given, &args.dir.join(own), used, remote.settings.home.keyring());
    let customer = key(args.key_file.as_deref(), "customer.key")?;
    let reporter = key(args.reporter_key_file.as_deref(), "reporter.key")?;
    if !used && !args.new_store {
        let query = OrderQuery { customer: Some(customer.address()), limit: Some(1), ..OrderQuery::default() };
        if !remote.client.metered().orders(&query).await?.items.is_empty() {
            let lost = "reports that waited in it are lost, and its access key is another";
            out.warn(begins_anew("orders", customer.address(), &args.dir, lost));
        }
    }
    let network = remote.client.metered().network().await?;
    if let Some(is) = network.reporter.filter(|is| *is != reporter.address()) {
        out.warn(format_args!(
            "this network takes reports of {is} only, and {} reports here; name its key with --reporter-key-file",
            reporter.address()
        ));
    }
    progress.step("opening the store");
    let floor = Floor::new(&args.dir, args.disk_floor.map(|floor| floor.0));
    let config = Config {
        listen,
        floor,
        keep: std::time::Duration::from_millis(args.keep.0.get()),
        new_store: args.new_store,
        tls,
        ..Config::new(&args.dir, params)
    };
    let gateway = MeteringGateway::open(config, remote.client.clone(), status.chain_id, customer, reporter).await?;
    progress.done();
    Ok(gateway)
}

impl Running {
    fn text(&self, out: &Output) -> String {
        let [endpoint] = &self.endpoints;
        let setting = |name: &str| endpoint.settings.get(name).map_or("", String::as_str);
        format!(
            "{} for the node at {}\n  URL       {}\n  key       {}\n  paid by   {}\n  reporter  {}\n  folder    {} (keep it: what is queued is in it)\n\nBoth accounts need tokens for fees, the first also for orders. Ctrl-C stops it.",
            out.bold("metering gateway"),
            self.node,
            endpoint.url,
            if endpoint.settings.contains_key(KEY) { setting(KEY).to_owned() } else { format!("in {}", setting("key_file")) },
            setting("customer"),
            setting("reporter"),
            self.dir.display()
        )
    }
}
