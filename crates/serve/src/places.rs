//! A bounded number of places in which whoever keeps others waiting makes room.

use crate::peer::{Cause, Peer, Rank};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// How often a full set is looked at by whoever waits for a place.
const LOOK: Duration = Duration::from_millis(50);

/// Who gives its place to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yields {
    /// Whoever is idle longest; else whoever is furthest behind what a crowd asks for.
    Slowest,
    /// Whoever does not take what is there for it, longest first; else whoever came first, a second ago at least. For holders that
    /// come back by themselves.
    Oldest,
}

/// There is no place, and nobody makes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all places are taken")
    }
}

impl std::error::Error for Full {}

/// A bounded number of places. Clones are the same places.
#[derive(Clone, Debug)]
pub struct Places {
    max: usize,
    yields: Yields,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    taken: usize,
    holders: HashMap<u64, Holder>,
}

#[derive(Debug)]
struct Holder {
    peer: Option<Peer>,
    weight: usize,
    since: Instant,
}

impl Held {
    fn remove(&mut self, id: u64) -> Option<Holder> {
        let holder = self.holders.remove(&id)?;
        self.taken -= holder.weight;
        Some(holder)
    }

    /// Takes places from holders until `weight` fits; tells how many holders lost theirs.
    fn make_room(&mut self, weight: usize, max: usize, yields: Yields, but: Option<u64>) -> Result<usize, Full> {
        let now = Instant::now();
        let mut ended = 0;
        while self.taken + weight > max {
            let others = self.holders.iter().filter(|(id, holder)| Some(**id) != but && holder.weight > 0);
            let ranked = others.filter_map(|(id, holder)| Some((holder.rank(yields, now)?, *id)));
            let (_, id) = ranked.max().ok_or(Full)?;
            if let Some(Holder { peer: Some(peer), .. }) = self.remove(id) {
                ended += usize::from(peer.end(Cause::Evicted));
            }
        }
        Ok(ended)
    }
}

impl Holder {
    fn rank(&self, yields: Yields, now: Instant) -> Option<(Rank, Duration)> {
        let (peer, age) = (self.peer.as_ref()?, now.saturating_duration_since(self.since));
        match yields {
            Yields::Slowest => Some((peer.yields(now)?, age)),
            Yields::Oldest => (age >= Duration::from_secs(1)).then(|| (Rank::Behind(peer.lag(now)), age)),
        }
    }
}

impl Places {
    /// At most `max` places.
    pub fn new(max: usize, yields: Yields) -> Self {
        Self { max, yields, held: Arc::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place until what is returned is dropped; a connection may lose it and is ended then. Without a connection nobody can
    /// take it away.
    ///
    /// # Errors
    /// [`Full`] when nobody makes room.
    pub fn enter(&self, peer: Option<&Peer>) -> Result<Place, Full> {
        self.enter_within(self.max, peer, 1).map(|(place, _)| place)
    }

    /// As [`Places::enter`], but waits so long for a place.
    ///
    /// # Errors
    /// [`Full`] after that.
    pub async fn wait(&self, peer: Option<&Peer>, patience: Duration) -> Result<Place, Full> {
        let begun = Instant::now();
        loop {
            match self.enter(peer) {
                Err(Full) if begun.elapsed() < patience => sleep(LOOK).await,
                entered => return entered,
            }
        }
    }

    /// As [`Places::enter`], with another bound and `weight` places; says how many holders had to make room.
    pub(crate) fn enter_within(&self, max: usize, peer: Option<&Peer>, weight: usize) -> Result<(Place, usize), Full> {
        let mut held = self.held();
        let ended = held.make_room(weight, max, self.yields, None)?;
        let id = held.next;
        held.next += 1;
        held.taken += weight;
        held.holders.insert(id, Holder { peer: peer.cloned(), weight, since: Instant::now() });
        Ok((Place { places: self.clone(), id }, ended))
    }

    /// Places taken.
    pub fn taken(&self) -> usize {
        self.held().taken
    }

    /// Whoever holds one.
    pub(crate) fn peers(&self) -> Vec<Peer> {
        self.held().holders.values().filter_map(|holder| holder.peer.clone()).collect()
    }
}

/// A place taken.
#[derive(Debug)]
pub struct Place {
    places: Places,
    id: u64,
}

impl Place {
    /// Takes more places.
    pub(crate) fn grow(&self, by: usize) -> Result<usize, Full> {
        let mut held = self.places.held();
        let ended = held.make_room(by, self.places.max, self.places.yields, Some(self.id))?;
        // Gone when it made room itself: its connection is being ended.
        let holder = held.holders.get_mut(&self.id).ok_or(Full)?;
        holder.weight += by;
        held.taken += by;
        Ok(ended)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held().remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use tokio::time::advance;

    fn peer() -> Peer {
        Peer::new("203.0.113.5:1".parse().unwrap(), Arc::new(Limits::default()))
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn the_connection_idle_longest_makes_room_and_is_ended() {
        let places = Places::new(2, Yields::Slowest);
        let (first, second) = (peer(), peer());
        let _first = places.enter(Some(&first)).unwrap();
        assert_eq!(places.enter(Some(&second)).map(|_| ()), Ok(()), "given back at once");
        advance(SECOND).await;
        let late = peer();
        let _late = (places.enter(Some(&second)).unwrap(), places.enter(Some(&late)).unwrap());
        first.ended().await;
        assert_eq!(places.taken(), 2);
        assert!(second.end(Cause::Idle), "nobody else lost a place");
    }

    #[tokio::test(start_paused = true)]
    async fn who_works_or_is_fast_enough_keeps_its_place() {
        let places = Places::new(2, Yields::Slowest);
        let (working, slow) = (peer(), peer());
        let _busy = (working.begin(), slow.begin());
        let held = (places.enter(Some(&working)).unwrap(), places.enter(Some(&slow)).unwrap());
        slow.awaits_body();
        assert_eq!(places.enter(None).map(|_| ()), Err(Full), "it is slow only after a while");
        let place = places.wait(None, SECOND * 5).await.unwrap();
        slow.ended().await;
        assert_eq!(places.wait(None, SECOND * 5).await.map(|_| ()), Err(Full), "nobody yields to whom nobody waits for");
        drop((place, held));
        assert_eq!(places.taken(), 0, "a lost place is not given back twice");
    }

    #[tokio::test(start_paused = true)]
    async fn of_holders_that_come_back_the_oldest_yields() {
        let places = Places::new(2, Yields::Oldest);
        let (first, second, third, fourth) = (peer(), peer(), peer(), peer());
        let _first = places.enter(Some(&first)).unwrap();
        assert_eq!(places.enter(Some(&second)).map(std::mem::forget), Ok(()));
        assert_eq!(places.enter(None).map(|_| ()), Err(Full), "both came just now");
        advance(SECOND).await;
        second.blocked();
        advance(SECOND).await;
        let _third = places.enter(Some(&third)).unwrap();
        second.ended().await;
        let _fourth = places.enter(Some(&fourth)).unwrap();
        first.ended().await;
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_taken_from_whoever_is_behind_and_never_from_oneself() {
        let places = Places::new(100, Yields::Slowest);
        let (slow, fast) = (peer(), peer());
        let _busy = (slow.begin(), fast.begin());
        let (slow_place, _) = places.enter_within(100, Some(&slow), 0).unwrap();
        let (fast_place, _) = places.enter_within(100, Some(&fast), 0).unwrap();
        assert_eq!((slow_place.grow(60), fast_place.grow(40)), (Ok(0), Ok(0)));
        assert_eq!(fast_place.grow(1), Err(Full));
        slow.awaits_body();
        fast.awaits_body();
        advance(SECOND).await;
        assert_eq!(fast_place.grow(41), Ok(1));
        slow.ended().await;
        assert_eq!(slow_place.grow(1), Err(Full), "it has lost its place");
        assert_eq!(fast_place.grow(100), Err(Full));
        assert_eq!(places.taken(), 81);
    }
}
