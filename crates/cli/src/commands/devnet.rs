//! `depin devnet radio`: a simulated radio in a process of its own.

use crate::{
    args::{LossArg, RadioArgs},
    commands::coverage::network_server,
    error::Result,
    output::Output,
    remote::Remote,
    settings::Settings,
    up::Interrupt,
};
use depin_air::{Loss, Surroundings};
use depin_devnet::services::coverage::{
    HotspotSettings,
    radio::{AirWishes, Forwarded, RadioMemory, RadioPart, list},
};
use depin_lorawan::Micros;
use serde::Serialize;
use std::{net::SocketAddr, time::Duration};

/// How often the terminal is told how it goes.
const TOLD: Duration = Duration::from_secs(10);

#[derive(Serialize)]
struct Running {
    simulated: bool,
    hotspots: Vec<SocketAddr>,
    devices: u32,
    seed: u64,
}

fn hotspots(args: &RadioArgs) -> Vec<Forwarded> {
    let at = |number: u32, latitude: f64, longitude: f64, udp: SocketAddr| Forwarded {
        udp,
        settings: HotspotSettings { latitude, longitude, ..HotspotSettings::new(number) },
    };
    if !args.hotspot.is_empty() {
        let named = (1..).zip(&args.hotspot);
        return named.map(|(number, one)| at(number, one.place.latitude, one.place.longitude, one.udp)).collect();
    }
    let (first, wished) = (HotspotSettings::new(1), args.area.0);
    let around = (1..=args.hotspots.unwrap_or_default()).map(|number| {
        let usual = HotspotSettings::new(number);
        let shrink = first.latitude.to_radians().cos() / wished.latitude.to_radians().cos().max(0.01);
        let latitude = wished.latitude + usual.latitude - first.latitude;
        let longitude = wished.longitude + (usual.longitude - first.longitude) * shrink;
        let port = args.first_port.saturating_add(u16::try_from(number - 1).unwrap_or(u16::MAX));
        at(number, latitude, longitude, SocketAddr::from(([127, 0, 0, 1], port)))
    });
    around.collect()
}

pub async fn radio(args: &RadioArgs, settings: &Settings, out: &Output) -> Result<()> {
    let mut interrupt = Interrupt::listen()?;
    let mut memory = RadioMemory::begin(&args.memory)?;
    memory.seed = args.seed;
    if args.devices > 0 {
        let remote = Remote::new(settings)?;
        let (url, key) = network_server(&args.server, &remote)?;
        list(&url, &key, &memory, args.devices.into(), &settings.trust()?).await?;
    }
    let hotspots = hotspots(args);
    let loss = match args.loss {
        LossArg::Okumura => Loss::OkumuraHata { surroundings: Surroundings::Urban },
        LossArg::FreeSpace => Loss::FreeSpace,
    };
    let every = Micros::seconds(args.every.into());
    let running = Running {
        simulated: true,
        hotspots: hotspots.iter().map(|hotspot| hotspot.udp).collect(),
        devices: args.devices,
        seed: args.seed,
    };
    let radio = RadioPart::start(AirWishes { hotspots, devices: args.devices.into(), every, loss }, &memory).await?;
    out.result(&running, |_| {
        format!(
            "simulated radio: {} devices around {} hotspots; nothing of it touches an antenna. Ctrl-C stops it.",
            running.devices,
            running.hotspots.len()
        )
    })?;
    let mut told = tokio::time::interval(TOLD);
    told.tick().await;
    loop {
        tokio::select! {
            () = interrupt.next() => break,
            _ = told.tick() => {
                let (joined, downlinks) = radio.joined();
                out.note(format_args!("{joined} of {} devices have joined, {downlinks} downlinks were heard", running.devices));
            }
        }
    }
    radio.close().await;
    Ok(())
}
