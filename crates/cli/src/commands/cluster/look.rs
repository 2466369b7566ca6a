//! Devices, hours and hires, as the ledger has them.

use super::named::{Named, points, short};
use crate::{
    args::{ClusterDeviceArgs, ClusterDevicesArgs, ClusterHireName, ClusterListArgs, ClusterNominationsArgs},
    error::{CliError, Result},
    output::{Table, bytes, in_time, minute, shorten},
};
use depin_client::api::{ClusterDevice, ClusterHire, ClustersNetwork};
use depin_quantity::Instant;
use depin_services::clusters::{ClusterKind, HireState};

/// Whether a device can be hired now, in a word.
pub(super) fn state(device: &ClusterDevice, network: &ClustersNetwork, now: Instant) -> &'static str {
    let young = now.get() < device.since.ms.saturating_add(network.first_hire_after_ms);
    match device {
        device if !device.active => "left",
        device if device.hire.is_some() => "hired",
        device if device.due.is_none() => "out",
        device if device.below_pledge => "stake too small",
        device if device.uptime < network.uptime => "proving",
        device if !device.terms.accepts => "not for hire",
        _ if young => "new",
        _ => "free",
    }
}

fn asks(device: &ClusterDevice) -> String {
    let asks: Vec<String> =
        device.terms.asks.iter().map(|ask| shorten(&format!("{} {}", ask.amount.to_decimal(), ask.currency))).collect();
    if asks.is_empty() { "-".to_owned() } else { asks.join(", ") }
}

fn memory(mib: u32) -> String {
    bytes(u64::from(mib) << 20)
}

/// The columns of a device and of what it proves.
fn proved(device: &ClusterDevice, at: &Named<'_>) -> [String; 4] {
    let profile = &device.terms.profile;
    [short(device.device), at.name(device.owner), profile.processors.to_string(), memory(profile.memory_mib)]
}

pub(super) async fn devices(args: &ClusterDevicesArgs, at: &Named<'_>) -> Result<()> {
    let owner = at.remote.address_of(args.owner.as_ref()).await?;
    let network = at.network().await?;
    let mut devices = at.devices(owner, None).await?;
    devices.retain(|device| !args.free || state(device, &network, at.now) == "free");
    at.out.result(&devices, |out| {
        let mut table = Table::new(&["DEVICE", "OWNER", ">CORES", ">MEMORY", ">PASSED", ">FAILED", "STATE", "ASKS AN HOUR"]);
        for device in &devices {
            table.row(proved(device, at).into_iter().chain([
                device.passed_hours.to_string(),
                device.failed_hours.to_string(),
                format!("{}{}", state(device, &network, at.now), if device.terms.profile.slice { ", slice" } else { "" }),
                asks(device),
            ]));
        }
        table.render_or(out, "no devices; `depin provider cluster` runs one")
    })
}

pub(super) async fn device(args: &ClusterDeviceArgs, at: &Named<'_>) -> Result<()> {
    let (device, network) = (at.device(&args.device).await?, at.network().await?);
    at.out.result(&device, |out| {
        let profile = &device.terms.profile;
        let mut table = Table::new(&["", ""]);
        let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
        row("Device", device.device.to_string());
        row("Name", device.name.to_string());
        row("Owner", at.name(device.owner));
        row("State", state(&device, &network, at.now).to_owned());
        let slice = if profile.slice { ", a slice of a machine" } else { "" };
        row("Proved every hour", format!("{} cores, {} of memory{slice}", profile.processors, memory(profile.memory_mib)));
        row(
            "Reported, not proved",
            format!("{} GiB of disk, {} Mbit/s down, {} up", profile.disk_gib, profile.download_mbps, profile.upload_mbps),
        );
        row("URL", device.terms.url.clone());
        row("Asks an hour", asks(&device));
        row("Hours", format!("{} passed, {} failed", device.passed_hours, device.failed_hours));
        row("Uptime", format!("{} of {} hours needed", device.uptime, network.uptime));
        row("Reliability", format!("{}.{} %", device.reliability / 10, device.reliability % 10));
        row("Score", format!("{} points in all", points(&device.score)));
        if let Some(hour) = device.due {
            let nominated = if device.nominated { ", nominated" } else { "" };
            row("Checked next", format!("in block {hour}{nominated}"));
        }
        if let Some(hire) = device.hire {
            row("Hired by", short(hire));
        }
        for miss in &device.misses {
            row(&format!("Failed block {}", miss.hour), miss.reason.word().to_owned());
        }
        row("Since", minute(device.since.instant()));
        table.render(out)
    })
}

pub(super) async fn blocks(at: &Named<'_>) -> Result<()> {
    let mut hours = at.hours().await?;
    hours.reverse();
    at.out.result(&hours, |out| {
        let mut table = Table::new(&[
            ">BLOCK",
            "BEGINS",
            "STATE",
            ">WAIT",
            ">NOMINATED",
            ">PASSED",
            ">FAILED",
            ">SPARED",
            ">PROVING",
            ">SCORE",
        ]);
        for hour in &hours {
            table.row([
                hour.hour.to_string(),
                minute(hour.begins.instant()),
                hour.state.word().to_owned(),
                hour.waiting.to_string(),
                hour.nominated.to_string(),
                hour.completed.to_string(),
                hour.failed.to_string(),
                hour.spared.to_string(),
                hour.probing.to_string(),
                points(&hour.score),
            ]);
        }
        table.render_or(out, "no blocks: hours rest while no device waits for one")
    })
}

pub(super) async fn nominations(args: &ClusterNominationsArgs, at: &Named<'_>) -> Result<()> {
    let network = at.network().await?;
    let (hour, devices) = match args.block {
        Some(block) => (block, at.devices(None, Some(block)).await?),
        // The block that devices wait for; without any, the one that runs.
        None => {
            let mut devices = at.devices(None, None).await?;
            let next = devices.iter().filter_map(|device| device.due).min();
            devices.retain(|device| next.is_some() && device.due == next);
            (next.unwrap_or_else(|| at.hour(&network)), devices)
        }
    };
    at.out.result(&devices, |out| {
        let mut table = Table::new(&["DEVICE", "OWNER", ">CORES", ">MEMORY", ">UPTIME", "NOMINATED"]);
        for device in &devices {
            table.row(proved(device, at).into_iter().chain([
                device.uptime.to_string(),
                if device.nominated { "yes" } else { "no, it proves itself first" }.to_owned(),
            ]));
        }
        table.render_or(
            out,
            &format!("no device waits for block {hour}; `depin cluster blocks` has the results of those that were"),
        )
    })
}

const fn kind(kind: ClusterKind) -> &'static str {
    match kind {
        ClusterKind::Ray => "ray",
        ClusterKind::Containers => "containers",
        ClusterKind::Processes => "process",
    }
}

pub(super) async fn hires(args: &ClusterListArgs, at: &Named<'_>) -> Result<()> {
    let hirer = at.remote.address_of(args.hirer.as_ref()).await?;
    let mut hires = at.hires(hirer).await?;
    hires.sort_by_key(|hire| std::cmp::Reverse(hire.created.ms));
    at.out.result(&hires, |out| {
        let mut table = Table::new(&["HIRE", "HIRER", "KIND", "STATE", "UNTIL", ">DEPOSITED", ">PAID", ">HELD"]);
        for hire in &hires {
            table.row([
                short(hire.hire),
                at.name(hire.hirer),
                kind(hire.terms.kind).to_owned(),
                hire.state.word().to_owned(),
                minute(hire.until.instant()),
                shorten(&hire.deposited.display),
                shorten(&hire.paid.display),
                shorten(&hire.held.display),
            ]);
        }
        table.render_or(out, "no hires; `depin cluster hire --devices 3 --hours 2` hires some")
    })
}

pub(super) async fn hire(args: &ClusterHireName, at: &Named<'_>) -> Result<()> {
    let hire = at.hire(&args.hire).await?;
    print(&hire, at)
}

/// A hire with its devices.
pub(super) fn print(hire: &ClusterHire, at: &Named<'_>) -> Result<()> {
    at.out.result(hire, |out| {
        let mut head = Table::new(&["", ""]);
        let mut row = |name: &str, value: String| head.row([name.to_owned(), value]);
        row("Hire", hire.hire.to_string());
        row("Hirer", at.name(hire.hirer));
        row("Kind", kind(hire.terms.kind).to_owned());
        row("State", hire.state.word().to_owned());
        row("Until", format!("{} ({})", minute(hire.until.instant()), in_time(at.now, hire.until.instant())));
        row(
            "Money",
            format!(
                "{} deposited, {} paid, {} held",
                shorten(&hire.deposited.display),
                shorten(&hire.paid.display),
                shorten(&hire.held.display)
            ),
        );
        let mut table = Table::new(&[">SLOT", "DEVICE", "OWNER", ">CORES", ">AN HOUR", ">HOURS", ">OWED", "STAGE", "END"]);
        for slot in &hire.slots {
            table.row([
                slot.slot.to_string(),
                short(slot.device),
                at.name(slot.owner),
                slot.processors.to_string(),
                shorten(&slot.rate.display),
                slot.hours.to_string(),
                slot.owed.map_or_else(|| "-".to_owned(), |owed| owed.to_string()),
                format!("{:?}", slot.stage).to_lowercase(),
                slot.end.map_or("-", |end| end.word()).to_owned(),
            ]);
        }
        format!("{}\n{}", head.render(out), table.render(out))
    })
}

/// Refuses what is only done while a hire runs.
pub(super) fn runs(hire: &ClusterHire) -> Result<()> {
    if hire.state == HireState::Running {
        return Ok(());
    }
    Err(CliError::refused("not-running", format_args!("hire {} is {}", short(hire.hire), hire.state.word()))
        .hint("`depin cluster list` shows those that run"))
}
