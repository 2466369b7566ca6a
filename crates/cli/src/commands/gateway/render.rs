//! `depin gateway render`: a dispatcher in a process of its own.

use crate::{
    args::GatewayRenderArgs,
    error::{CliError, Result},
    exposure,
    output::{Output, Progress, Table, shown},
    remote::{Remote, STARTS_RENDERERS, begins_anew, key_of, needs_service},
    settings::Settings,
    up::Interrupt,
};
use depin_client::{Reach, api::RenderingJobQuery};
use depin_devnet::{
    home::Endpoint,
    listen_address,
    services::rendering::gateway::{Dispatcher, KEY},
};
use depin_files::Floor;
use depin_gateway_render::Config;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Serialize)]
struct Running {
    /// As in `endpoints.json`; its key is in the file that it names, unless a terminal reads.
    endpoints: [Endpoint; 1],
    node: String,
    dir: PathBuf,
}

pub async fn run(args: &GatewayRenderArgs, settings: &Settings, out: &Output) -> Result<()> {
    let remote = Remote::new(settings)?;
    let mut interrupt = Interrupt::listen()?;
    let gateway = tokio::select! {
        started = start(args, &remote, out) => started?,
        () = interrupt.next() => return Err(CliError::refused("interrupted", "stopped while starting")),
    };
    let endpoint = shown(&gateway.endpoint(), KEY, &args.dir.join("access.key"));
    let running = Running { endpoints: [endpoint], node: remote.client.url().to_owned(), dir: args.dir.clone() };
    out.result(&running, |out| {
        let mut table = Table::new(&["", ""]);
        for endpoint in &running.endpoints {
            table.row(["  URL", endpoint.url.as_str()]);
            for (name, value) in &endpoint.settings {
                table.row([format!("  {name}"), value.clone()]);
            }
        }
        table.row(["  node", running.node.as_str()]);
        table.row(["  folder".to_owned(), running.dir.display().to_string()]);
        format!("{}\n{}Ctrl-C stops it.\n", out.bold("the dispatcher runs"), table.render(out))
    })?;
    interrupt.next().await;
    out.note("stopping; jobs go on after the next start, and open secrets are due on the ledger meanwhile");
    gateway.close().await;
    Ok(())
}

async fn start(args: &GatewayRenderArgs, remote: &Remote, out: &Output) -> Result<Dispatcher> {
    // A port that is taken is told before anything is made.
    let listen = listen_address("the dispatcher", args.listen)?;
    let tls = exposure::tls(&args.tls)?;
    exposure::warn(exposure::Port::Rendering, listen.ip(), tls.is_some(), out);
    let mut progress = Progress::start(out);
    progress.step(format!("looking for the node at {}", remote.client.url()));
    let used = args.dir.join("rendering.db").exists() || args.dir.join("access.key").exists();
    let status = remote.status(used, out).await?;
    needs_service(status.network, status.service, "rendering", STARTS_RENDERERS)?;
    std::fs::create_dir_all(&args.dir).map_err(|error| CliError::file("create", &args.dir, &error))?;
    let key = key_of(args.key_file.as_deref(), &args.dir.join("dispatcher.key"), used, remote.settings.home.keyring())?;
    if !used && !args.new_store {
        let query = RenderingJobQuery { dispatcher: Some(key.address()), limit: Some(1), ..RenderingJobQuery::default() };
        if !remote.client.rendering().jobs(&query).await?.items.is_empty() {
            let lost = "the secrets of its open jobs are lost, and with them their bonds";
            out.warn(begins_anew("jobs", key.address(), &args.dir, lost));
        }
    }
    progress.step("opening the store");
    let config = Config {
        listen,
        floor: Floor::new(&args.dir, args.disk_floor.map(|floor| floor.0)),
        scene_most: args.scene_limit.0,
        new_store: args.new_store,
        tls,
        trust: remote.settings.trust()?,
        reach: if args.local_network { Reach::local() } else { Reach::public() },
        ..Config::new(&args.dir)
    };
    let gateway = Dispatcher::open(config, remote.client.clone(), status.chain_id, key).await?;
    progress.done();
    Ok(gateway)
}
