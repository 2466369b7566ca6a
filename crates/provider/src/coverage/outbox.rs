//! Packets on the disk while they are on their way: those that no customer answered yet are handed in once more after a stop, whatever it was.
//!
//! In: what was heard and routed. Out: the same with its place in the store. A customer that had a packet says so again for a quarter of an hour, so
//! none is paid twice and none that was delivered is lost.

use super::{
    counters::count,
    deliver::Carrier,
    store::{HeardPacket, StoreError},
};
use depin_client::lorawan::UplinkPacket;
use depin_quantity::UnitId;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// A packet on its way to one customer.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    /// When it was heard.
    pub at: Instant,
    pub route: UnitId,
    /// The customer's network server.
    pub server: String,
    pub packet: UplinkPacket,
    /// Its place in the store; none where it could not be written.
    pub place: Option<i64>,
}

/// The wall clock in milliseconds.
fn wall_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

impl Carrier {
    /// Writes packets down before they go anywhere. One that cannot be written goes all the same: only a stop before it is answered loses it.
    pub(super) async fn write_down(&self, parcels: &mut [Parcel]) {
        let now = wall_ms();
        let row = |parcel: &Parcel| {
            let age = u64::try_from(parcel.at.elapsed().as_millis()).unwrap_or(u64::MAX);
            let (route, server, packet) = (parcel.route, parcel.server.clone(), parcel.packet.clone());
            HeardPacket { at_ms: now.saturating_sub(age), route, server, packet }
        };
        match self.parts.store.hear(parcels.iter().map(row).collect()).await {
            Ok(places) => parcels.iter_mut().zip(places).for_each(|(parcel, place)| parcel.place = Some(place)),
            Err(error) => tracing::warn!(%error, "packets that were heard could not be written down; they go all the same"),
        }
    }

    /// What no customer answered before the last stop waits for its customers again, unless it waits for too long.
    pub(super) async fn resume(self: &Arc<Self>) -> Result<(), StoreError> {
        let (now, wall) = (Instant::now(), wall_ms());
        let (mut late, mut parcels) = (Vec::new(), Vec::new());
        for (place, HeardPacket { at_ms, route, server, packet }) in self.parts.store.heard().await? {
            let age = Duration::from_millis(wall.saturating_sub(at_ms));
            if age > self.parts.hold {
                count(&self.parts.counters.expired);
                late.push(place);
                continue;
            }
            // A machine that was started meanwhile has no such moment; then it is as if it were heard now.
            let at = now.checked_sub(age).unwrap_or(now);
            parcels.push(Parcel { at, route, server, packet, place: Some(place) });
        }
        self.forget(late);
        for parcel in parcels {
            self.offer_later(parcel);
        }
        Ok(())
    }

    /// Forgets packets that wait for nobody any more.
    pub(super) fn forget(&self, places: Vec<i64>) {
        if places.is_empty() {
            return;
        }
        let store = self.parts.store.clone();
        tokio::spawn(async move {
            // What is not forgotten is handed in once more after the next start, and refused by whoever had it.
            if let Err(error) = store.keep(Vec::new(), places).await {
                tracing::debug!(%error, "packets that wait no more could not be forgotten");
            }
        });
    }
}
