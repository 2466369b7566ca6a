//! How many strangers may stand at the door: connections that have not shown yet whose they are.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Of one address, of one /64 for IPv6.
const OF_ADDRESS: usize = 64;
/// Of all.
const OF_ALL: usize = 512;

/// Counts them.
#[derive(Clone, Debug, Default)]
pub(super) struct Door(Arc<Mutex<Standing>>);

#[derive(Debug, Default)]
struct Standing {
    all: usize,
    of: HashMap<IpAddr, usize>,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    door: Door,
    address: IpAddr,
}

fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Door {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for one from there; none when there are too many.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        // Loopback is everybody's on this machine.
        let bound = if address.to_canonical().is_loopback() { OF_ALL } else { OF_ADDRESS };
        let address = counted(address);
        let mut standing = self.lock();
        if standing.all >= OF_ALL || standing.of.get(&address).is_some_and(|of_it| *of_it >= bound) {
            return None;
        }
        standing.all += 1;
        *standing.of.entry(address).or_default() += 1;
        drop(standing);
        Some(Place { door: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut standing = self.door.lock();
        standing.all = standing.all.saturating_sub(1);
        if let Some(of_it) = standing.of.get_mut(&self.address) {
            *of_it = of_it.saturating_sub(1);
            if *of_it == 0 {
                standing.of.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_of_places_and_gives_them_back() {
        let door = Door::default();
        let one: IpAddr = "203.0.113.5".parse().unwrap();
        let held: Vec<Place> = (0..OF_ADDRESS).map(|_| door.enter(one).unwrap()).collect();
        assert!(door.enter(one).is_none());
        assert!(door.enter("::ffff:203.0.113.5".parse().unwrap()).is_none(), "the same address in another form");
        let neighbours = ["2001:db8::1", "2001:db8::2"].map(|address| door.enter(address.parse().unwrap()).unwrap());
        assert_eq!(door.lock().of.len(), 2, "a /64 is one");
        drop((held, neighbours));
        assert!(door.lock().of.is_empty() && door.lock().all == 0);
    }

    #[test]
    fn all_together_have_a_bound() {
        let door = Door::default();
        let home: IpAddr = "127.0.0.1".parse().unwrap();
        let held: Vec<Place> = (0..OF_ALL).map(|_| door.enter(home).unwrap()).collect();
        assert!(door.enter("203.0.113.5".parse().unwrap()).is_none());
        drop(held);
        assert!(door.enter("203.0.113.5".parse().unwrap()).is_some());
    }
}
