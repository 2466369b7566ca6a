//! Which customer a packet is for.
//!
//! In: what customers listed on the ledger. Out: for a frame, the routes that take it. Pure. The order is upstream's: joins by their EUI pair,
//! uplinks by their device address and then by the session keys that are listed for it.
//!
//! Source: helium/helium-packet-router `hpr_routing`, facts 8.7.

use depin_lorawan::{
    DevAddr, Key,
    frame::{DataFrame, UplinkFrame},
};
use depin_quantity::UnitId;
use depin_services::coverage::packet_units;
use std::collections::BTreeMap;

/// A route, as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteEntry {
    /// Its OUI.
    pub oui: u32,
    /// The customer's network server: `host:port`.
    pub server: String,
    /// Keys that acknowledge for the OUI.
    pub keys: Vec<[u8; 32]>,
    /// Whether packets are routed by it: it is active, and its OUI is not switched off.
    pub active: bool,
    /// How many units of packets its OUI can still pay.
    pub units_left: u64,
    /// Whether a device address without a session-key filter is left alone.
    pub ignore_empty: bool,
}

/// Why a packet goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// No customer listed the join.
    #[error("no-route-for-join")]
    Join,
    /// No customer has the address.
    #[error("no-route-for-address")]
    Address,
    /// Customers have the address, and none of their session keys is the packet's.
    #[error("invalid-mic")]
    Mic,
    /// All customers whose it could be are switched off.
    #[error("inactive")]
    Inactive,
    /// All customers whose it could be, this one among them, have too few credits left for it.
    #[error("no-credits")]
    Credits {
        /// A route whose OUI could not pay for it.
        route: UnitId,
    },
}

/// All routes of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingTable {
    /// Bytes of a unit of a packet.
    pub unit_bytes: u64,
    /// Routes by id.
    pub routes: BTreeMap<UnitId, RouteEntry>,
    /// Routes by application EUI and device EUI.
    pub joins: BTreeMap<(u64, u64), Vec<UnitId>>,
    /// Ranges by their last address: the first address, and whose it is. None overlap.
    pub ranges: BTreeMap<u32, (u32, UnitId)>,
    /// Session keys by route and address.
    pub filters: BTreeMap<(UnitId, u32), Vec<[u8; 16]>>,
}

impl RoutingTable {
    /// The routes that take a frame.
    ///
    /// # Errors
    /// [`NoRoute`].
    pub fn find(&self, frame: &UplinkFrame) -> Result<Vec<UnitId>, NoRoute> {
        match frame {
            UplinkFrame::Join(join) => {
                let found = self.joins.get(&(join.join_eui.get(), join.dev_eui.get())).ok_or(NoRoute::Join)?;
                // Joins cost nothing, and are good for nothing where their packets are not paid.
                self.active(found.clone(), 1)
            }
            UplinkFrame::Data(frame) => self.find_data(frame),
        }
    }

    fn find_data(&self, frame: &DataFrame) -> Result<Vec<UnitId>, NoRoute> {
        let candidates: Vec<UnitId> = self.holder(frame.address).into_iter().collect();
        if candidates.is_empty() {
            return Err(NoRoute::Address);
        }
        let matching = candidates.into_iter().filter(|route| match self.filters.get(&(*route, frame.address.get())) {
            Some(keys) => keys.iter().any(|key| frame.matches_any(&Key::new(*key)).is_some()),
            None => self.routes.get(route).is_some_and(|route| !route.ignore_empty),
        });
        let matching: Vec<UnitId> = matching.collect();
        let units = packet_units(frame.bytes().len() as u64, self.unit_bytes.max(1));
        if matching.is_empty() { Err(NoRoute::Mic) } else { self.active(matching, units) }
    }

    /// The only route that can have an address.
    fn holder(&self, address: DevAddr) -> Option<UnitId> {
        let (_, (start, route)) = self.ranges.range(address.get()..).next()?;
        (*start <= address.get()).then_some(*route)
    }

    /// Those that are active, and whose OUI can pay so many units.
    fn active(&self, mut found: Vec<UnitId>, units: u64) -> Result<Vec<UnitId>, NoRoute> {
        found.retain(|route| self.routes.get(route).is_some_and(|route| route.active));
        let Some(route) = found.first().copied() else { return Err(NoRoute::Inactive) };
        found.retain(|route| self.routes.get(route).is_some_and(|route| route.units_left >= units));
        if found.is_empty() { Err(NoRoute::Credits { route }) } else { Ok(found) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_lorawan::{
        Eui, Micros,
        device::{EndDevice, Identity},
        frame::{Data, Direction, SessionKeys, build_data, read_uplink},
        region::Region,
    };

    const ROUTE: UnitId = UnitId::new([1; 32]);

    fn table() -> RoutingTable {
        let entry = RouteEntry {
            oui: 1,
            server: "lns:1".to_owned(),
            keys: vec![[9; 32]],
            active: true,
            units_left: 10,
            ignore_empty: false,
        };
        RoutingTable {
            unit_bytes: 24,
            routes: [(ROUTE, entry)].into(),
            joins: [((0xaa, 0xd1), vec![ROUTE])].into(),
            ranges: [(0x4800_000f, (0x4800_0000, ROUTE))].into(),
            filters: BTreeMap::new(),
        }
    }

    fn frame(address: u32, key: u8) -> UplinkFrame {
        let keys = SessionKeys { network: Key::new([key; 16]), application: Key::new([7; 16]) };
        let data = Data {
            direction: Direction::Up,
            confirmed: false,
            address: DevAddr::new(address),
            adr: false,
            adr_ack_req: false,
            ack: false,
            pending: false,
            counter: 3,
            options: &[],
            port: Some(1),
            payload: b"x",
        };
        read_uplink(&build_data(&data, &keys).unwrap()).unwrap()
    }

    #[test]
    fn joins_go_by_their_euis_and_uplinks_by_address_and_then_by_session_key() {
        let mut table = table();
        let identity = |dev_eui| Identity { dev_eui: Eui::new(dev_eui), join_eui: Eui::new(0xaa), root: Key::new([1; 16]) };
        let join = |dev_eui| {
            let sent = EndDevice::new(identity(dev_eui), Region::Eu868, 1).join(Micros::seconds(1)).unwrap();
            read_uplink(&sent.bytes).unwrap()
        };
        assert_eq!((table.find(&join(0xd1)), table.find(&join(0xd2))), (Ok(vec![ROUTE]), Err(NoRoute::Join)));
        assert_eq!(table.find(&frame(0x4800_0000, 1)), Ok(vec![ROUTE]));
        assert_eq!(table.find(&frame(0x4800_000f, 1)), Ok(vec![ROUTE]));
        assert_eq!(
            (table.find(&frame(0x47ff_ffff, 1)), table.find(&frame(0x4800_0010, 1))),
            (Err(NoRoute::Address), Err(NoRoute::Address))
        );
        table.filters.insert((ROUTE, 0x4800_0001), vec![[5; 16], [6; 16]]);
        assert_eq!(table.find(&frame(0x4800_0001, 6)), Ok(vec![ROUTE]));
        assert_eq!(table.find(&frame(0x4800_0001, 7)), Err(NoRoute::Mic));
        assert_eq!(table.find(&frame(0x4800_0002, 7)), Ok(vec![ROUTE]), "nobody listed a key for this address");
        table.routes.get_mut(&ROUTE).unwrap().units_left = 0;
        let lacks = Err(NoRoute::Credits { route: ROUTE });
        assert_eq!(table.find(&frame(0x4800_0001, 6)), lacks, "nothing is carried for nothing");
        assert_eq!(table.find(&join(0xd1)), lacks);
        table.routes.get_mut(&ROUTE).unwrap().units_left = 1;
        assert_eq!(table.find(&frame(0x4800_0001, 6)), Ok(vec![ROUTE]));
        table.unit_bytes = 10;
        assert_eq!(table.find(&frame(0x4800_0001, 6)), lacks, "14 bytes are two units here, and one can be paid");
        table.routes.get_mut(&ROUTE).unwrap().ignore_empty = true;
        assert_eq!(table.find(&frame(0x4800_0002, 7)), Err(NoRoute::Mic));
        table.routes.get_mut(&ROUTE).unwrap().active = false;
        assert_eq!(table.find(&frame(0x4800_0001, 6)), Err(NoRoute::Inactive));
    }
}
