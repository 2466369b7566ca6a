//! Devices of a customer's network server.

use super::named::Named;
use crate::{
    args::{AddDeviceArgs, RemoveDeviceArgs, ServerArgs},
    error::{CliError, Result},
    output::Table,
    remote::Remote,
};
use depin_client::{
    Reach,
    lorawan::{NetworkServer, NetworkServerError, NewDevice},
};
use depin_devnet::services::coverage::gateway::{KEY, NAME};
use depin_lorawan::IdError;
use serde::Serialize;

/// The calls of a network server.
pub(super) fn calls(url: &str, at: &Named<'_>) -> Result<NetworkServer> {
    NetworkServer::new(url, &at.remote.settings.trust()?, &Reach::local()).map_err(|error| refused(&error))
}

pub(super) fn refused(error: &NetworkServerError) -> CliError {
    match error {
        NetworkServerError::Away { .. } => CliError::broken("network-server", error)
            .hint("`depin up --network helium` runs one, `depin gateway lorawan` your own"),
        _ => CliError::refused("network-server", error),
    }
}

/// The calls of the network server that is meant, and its access key.
pub(super) fn server(args: &ServerArgs, at: &Named<'_>) -> Result<(NetworkServer, String)> {
    let (url, key) = network_server(args, at.remote)?;
    Ok((calls(&url, at)?, key))
}

/// URL and access key of the network server that is meant.
pub fn network_server(args: &ServerArgs, remote: &Remote) -> Result<(String, String)> {
    if let (Some(url), Some(file)) = (&args.server, &args.server_key_file) {
        let key = std::fs::read_to_string(file).map_err(|error| CliError::file("read", file, &error))?;
        return Ok((url.clone(), key.trim().to_owned()));
    }
    let endpoints = if remote.settings.names_node() { None } else { remote.settings.home.endpoints()? };
    let found = endpoints.and_then(|all| all.endpoints.into_iter().find(|one| one.name == NAME)).ok_or_else(|| {
        CliError::refused("network-server", "no network server runs in this home")
            .hint("name one with --server URL --server-key-file FILE; the file is access.key in its folder")
    })?;
    let key = found.settings.get(KEY).cloned().unwrap_or_default();
    Ok((found.url, key))
}

fn id<T: std::str::FromStr<Err = IdError>>(text: &str, what: &'static str) -> Result<T> {
    text.parse().map_err(|error| CliError::refused(what, error))
}

pub(super) async fn add(args: &AddDeviceArgs, at: &Named<'_>) -> Result<()> {
    let (calls, key) = server(&args.server, at)?;
    let device = NewDevice {
        dev_eui: id(&args.dev_eui, "dev-eui")?,
        join_eui: id(&args.join_eui, "join-eui")?,
        app_key: id(&args.app_key, "app-key")?,
        name: args.name.clone(),
    };
    let view = calls.add_device(&key, &device).await.map_err(|error| refused(&error))?;
    at.out.result(&view, |_| format!("device {} can join; its joins are routed within some seconds", view.dev_eui))
}

pub(super) async fn list(args: &ServerArgs, at: &Named<'_>) -> Result<()> {
    let (calls, key) = server(args, at)?;
    let devices = calls.devices(&key).await.map_err(|error| refused(&error))?;
    at.out.result(&devices, |out| {
        let mut table = Table::new(&["DEVEUI", "NAME", "DEVADDR", ">UPLINKS", ">DOWNLINKS", ">QUEUE"]);
        let cell = |count: Option<u32>| count.map_or_else(|| "-".to_owned(), |count| count.to_string());
        for device in &devices {
            table.row([
                device.dev_eui.to_string(),
                device.name.clone(),
                device.dev_addr.map_or_else(|| "not joined".to_owned(), |address| address.to_string()),
                cell(device.f_cnt_up.map(|last| last + 1)),
                cell(device.n_f_cnt_down),
                device.queue.len().to_string(),
            ]);
        }
        table.render_or(out, "no devices; `depin coverage device add` adds one")
    })
}

#[derive(Serialize)]
struct Removed {
    removed: String,
}

pub(super) async fn remove(args: &RemoveDeviceArgs, at: &Named<'_>) -> Result<()> {
    let (calls, key) = server(&args.server, at)?;
    let device = id(&args.dev_eui, "dev-eui")?;
    calls.remove_device(&key, device).await.map_err(|error| refused(&error))?;
    let done = Removed { removed: device.to_string() };
    at.out.result(&done, |_| format!("device {device} is removed"))
}
