//! How many TLS handshakes an address may begin.
//!
//! In: connections from addresses, before their handshake, which costs this side a signature. Out: whether it is made. Each address may
//! begin a burst, and one more with every fraction of a second after it; loopback, which is everybody's on this machine, as many as it
//! likes.

use crate::{limits::Limits, peer::Peer};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Addresses that are remembered; where there are more, the one that has least to pay off is forgotten.
const KNOWN_MAX: usize = 8_192;

/// When each address will have paid off what it began. One that has is as one never seen.
#[derive(Debug, Default)]
pub(crate) struct Handshakes(Mutex<HashMap<IpAddr, Instant>>);

impl Handshakes {
    /// Whether `peer` may begin another one; counts it if so.
    pub(crate) fn admit(&self, peer: &Peer, limits: &Limits) -> bool {
        let Some(address) = peer.counted_by() else { return true };
        let each = Duration::from_secs(1) / limits.handshakes_per_second.max(1);
        let (now, most) = (Instant::now(), each * limits.handshakes_at_once.saturating_sub(1));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let paid = known.get(&address).copied().unwrap_or(now).max(now);
        if paid.duration_since(now) > most {
            return false;
        }
        if known.len() >= KNOWN_MAX && !known.contains_key(&address) {
            known.retain(|_, paid| *paid > now);
            if known.len() >= KNOWN_MAX {
                let first = known.iter().min_by_key(|(_, paid)| **paid).map(|(address, _)| *address);
                first.and_then(|address| known.remove(&address));
            }
        }
        known.insert(address, paid + each);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn limits() -> Arc<Limits> {
        Arc::new(Limits { handshakes_per_second: 4, handshakes_at_once: 3, ..Limits::default() })
    }

    fn peer(address: &str, limits: &Arc<Limits>) -> Peer {
        Peer::new(address.parse().unwrap(), Arc::clone(limits))
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_its_burst_and_then_so_many_a_second() {
        let (limits, handshakes) = (limits(), Handshakes::default());
        let begin = |address: &str| handshakes.admit(&peer(address, &limits), &limits);
        let of = |address: &str, tried: usize| (0..tried).filter(|_| begin(address)).count();
        assert_eq!(of("203.0.113.5:1", 10), 3);
        assert_eq!(of("203.0.113.6:1", 1), 1, "others are not held up");
        assert_eq!((of("[2001:db8::1]:1", 2), of("[2001:db8::2]:1", 2)), (2, 1), "a /64 is one");
        assert_eq!(of("127.0.0.1:1", 1_000), 1_000);
        tokio::time::advance(Duration::from_millis(250)).await;
        assert_eq!(of("203.0.113.5:1", 10), 1);
        tokio::time::advance(Duration::from_secs(3_600)).await;
        assert_eq!(of("203.0.113.5:1", 10), 3, "what was not used is not saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_of_addresses_is_bounded() {
        let (limits, handshakes) = (limits(), Handshakes::default());
        for n in 0..KNOWN_MAX + 100 {
            let address = format!("203.{}.{}.{}:1", n / 65_536, n / 256 % 256, n % 256);
            assert!(handshakes.admit(&peer(&address, &limits), &limits));
        }
        assert_eq!(handshakes.0.lock().unwrap().len(), KNOWN_MAX);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(handshakes.admit(&peer("198.51.100.1:1", &limits), &limits));
        assert_eq!(handshakes.0.lock().unwrap().len(), 1, "whoever has paid off is forgotten");
    }
}
