//! The simulated air of a home: packet forwarders of its hotspots, and devices between them.
//!
//! Nothing here touches an antenna. What comes out are real datagrams to real daemons.

use super::settings::HotspotSettings;
use crate::{Error, Part, Result, Site, home::Endpoint, home::files};
use async_trait::async_trait;
use depin_air::{AirConfig, Antenna, Conduct, DaemonConfig, DeviceConfig, Handle, HotspotConfig, Loss, Position, WorldConfig};
use depin_client::{
    Reach, Trust,
    lorawan::{NetworkServer, NewDevice},
};
use depin_lorawan::{Eui, Key, Micros, device::Identity, region::Region};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, net::SocketAddr, path::Path};

/// The file of what the devices remember, in a home.
pub(super) const FILE: &str = "radio.json";
/// DevNonces that a device may use in one run.
const NONCES: u16 = 64;
/// Between two uplinks of a device.
const EVERY: Micros = Micros::seconds(15);
/// JoinEUI of simulated devices.
const JOIN_EUI: u64 = 0x70b3_d57e_d000_0000;

/// What simulated devices remember from run to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RadioMemory {
    /// What their keys are made of, and the shadows on the air.
    pub seed: u64,
    /// The first DevNonce of the next run.
    pub dev_nonce: u16,
}

impl RadioMemory {
    /// Reads it, or begins anew, and writes down that a run began.
    ///
    /// # Errors
    /// Broken when it cannot be read or written.
    pub fn begin(path: &Path) -> Result<Self> {
        let known: Option<Self> = files::read_json(path)?;
        let now = known.unwrap_or_else(|| Self { seed: rand::random::<u64>() >> 12, dev_nonce: 0 });
        let next = Self { dev_nonce: now.dev_nonce.saturating_add(NONCES), ..now.clone() };
        files::write_json(path, &next, files::Readers::Owner)?;
        Ok(now)
    }

    /// The identity of a device: its key follows from the seed, so that the same devices come back.
    pub fn identity(&self, number: u64) -> Identity {
        let digest = depin_quantity::UnitId::derive("depin-simulated-device", &[&self.seed.to_be_bytes(), &number.to_be_bytes()]);
        let [key @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = digest.get();
        Identity { dev_eui: Eui::new((self.seed << 12) | number), join_eui: Eui::new(JOIN_EUI), root: Key::new(key) }
    }
}

/// A hotspot whose forwarder is simulated.
#[derive(Clone, Debug)]
pub struct Forwarded {
    /// Where its daemon listens.
    pub udp: SocketAddr,
    /// Where it stands.
    pub settings: HotspotSettings,
}

/// What the air is made of.
#[derive(Clone, Debug)]
pub struct AirWishes {
    /// Hotspots, each behind a daemon.
    pub hotspots: Vec<Forwarded>,
    /// How many devices send.
    pub devices: u64,
    /// Between two uplinks of each.
    pub every: Micros,
    /// How signals weaken with distance.
    pub loss: Loss,
}

/// The air, running.
pub struct RadioPart {
    handle: Handle,
}

/// The EUI of the forwarder of a hotspot with this number.
pub const fn forwarder_eui(number: u64) -> Eui {
    Eui::new(0xaa55_5a00_0000_0000 | number)
}

fn position(settings: &HotspotSettings) -> Result<Position> {
    let place = Position::new(settings.latitude, settings.longitude, f64::from(settings.elevation.max(1)));
    place.map_err(|error| Error::refused("settings", error))
}

impl RadioPart {
    /// Starts forwarders and devices. Devices stand around the hotspots, each nearer to one of them.
    ///
    /// # Errors
    /// Refused for places that are none; broken when a forwarder has no socket.
    pub async fn start(wishes: AirWishes, memory: &RadioMemory) -> Result<Self> {
        let AirWishes { hotspots, devices, every, loss } = wishes;
        let Some(first) = hotspots.first() else {
            return Err(Error::refused("radio", "an air without hotspots carries nothing"));
        };
        let (server, mut places) = (first.udp, Vec::new());
        let mut stations = Vec::new();
        for (number, hotspot) in (1..).zip(&hotspots) {
            let place = position(&hotspot.settings)?;
            places.push(place);
            let antenna = Antenna { gain_dbi: f64::from(hotspot.settings.gain) / 10.0 };
            let gateway = forwarder_eui(number);
            stations.push(HotspotConfig { gateway, position: place, antenna, power_dbm_max: 27, conduct: Conduct::default() });
        }
        let device = |number: u64| {
            let near = places[usize::try_from(number).unwrap_or_default() % places.len()];
            let (north, east) = (120.0 + 37.0 * (number % 11) as f64, 90.0 - 41.0 * (number % 7) as f64);
            DeviceConfig {
                identity: memory.identity(number),
                position: Position::new(near.latitude(), near.longitude(), 1.5).unwrap_or(near).moved(north, east),
                data_rate: 5,
                every,
                payload_bytes: 12,
                confirmed: number % 4 == 3,
                dev_nonce: memory.dev_nonce,
            }
        };
        let air = AirConfig { shadowing_db: 4.0, loss, ..AirConfig::new(memory.seed) };
        let world = WorldConfig { air, region: Region::Eu868, hotspots: stations, devices: (0..devices).map(device).collect() };
        let mut config = DaemonConfig::new(world, server);
        config.servers = (1..).zip(&hotspots).map(|(number, hotspot)| (forwarder_eui(number), hotspot.udp)).collect();
        let handle = depin_air::start(config).await.map_err(|error| Error::broken("radio", error))?;
        Ok(Self { handle })
    }

    /// Starts the home's air: its hotspots, and devices of its customer.
    pub(super) async fn of_home(site: &mut Site<'_>, hotspots: Vec<Forwarded>, server: &Endpoint, devices: u64) -> Result<Self> {
        let memory = RadioMemory::begin(&site.home.path().join(FILE))?;
        let key = server.settings.get(super::gateway::KEY).map_or("", String::as_str);
        list(&server.url, key, &memory, devices, &site.trust).await?;
        Self::start(AirWishes { hotspots, devices, every: EVERY, loss: AirConfig::new(memory.seed).loss }, &memory).await
    }

    /// How many devices have joined, and how many downlinks devices heard.
    pub fn joined(&self) -> (usize, u64) {
        self.handle.joined()
    }

    /// Stops it.
    pub async fn close(self) {
        self.handle.stop().await;
    }
}

/// Lists simulated devices with a customer's network server; those that are known stay as they are.
///
/// # Errors
/// When the network server cannot be asked, or refuses one.
pub async fn list(url: &str, key: &str, memory: &RadioMemory, devices: u64, trust: &Trust) -> Result<()> {
    let refused = |error| Error::refused("devices", format_args!("simulated devices cannot be listed: {error}"));
    let calls = NetworkServer::new(url, trust, &Reach::local()).map_err(refused)?;
    // Asking needs no room on the network server's disk, and adding does.
    let known: BTreeSet<Eui> = calls.devices(key).await.map_err(refused)?.into_iter().map(|device| device.dev_eui).collect();
    for number in 0..devices {
        let Identity { dev_eui, join_eui, root } = memory.identity(number);
        if known.contains(&dev_eui) {
            continue;
        }
        let new = NewDevice { dev_eui, join_eui, app_key: root, name: format!("simulated-{number}") };
        calls.add_device(key, &new).await.map_err(refused)?;
    }
    Ok(())
}

#[async_trait]
impl Part for RadioPart {
    fn name(&self) -> &'static str {
        "the simulated radio"
    }

    async fn stop(self: Box<Self>) {
        self.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::SigningKey;
    use depin_files::Floor;
    use depin_gateway_lorawan::{Config, Gateway};
    use depin_lorawan::DevAddr;
    use std::sync::Arc;

    #[tokio::test]
    async fn devices_that_are_known_need_no_room_on_a_full_disk() {
        let folder = tempfile::tempdir().unwrap();
        let server = super::super::gateway::server_config(Region::Eu868, DevAddr::new(0), DevAddr::new(15)).unwrap();
        let config = Config::new(folder.path(), server);
        let (memory, signer) = (RadioMemory { seed: 7, dev_nonce: 0 }, Arc::new(SigningKey::from_seed(&[1; 32])));
        let listed = async |floor, devices| {
            let config = Config { floor: Floor::new(folder.path(), floor), ..config.clone() };
            let gateway = Gateway::start(config, Arc::clone(&signer) as _).await.unwrap();
            let url = format!("http://{}", gateway.address());
            let done = list(&url, gateway.key(), &memory, devices, &Trust::default()).await;
            gateway.stop().await;
            done
        };
        listed(Some(1), 2).await.unwrap();
        listed(Some(u64::MAX / 2), 2).await.unwrap();
        let error = listed(Some(u64::MAX / 2), 3).await.unwrap_err();
        assert!(error.message.contains("full"), "{error}");
    }
}
