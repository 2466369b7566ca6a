//! A bounded number of places in which whoever keeps others waiting makes room.

use crate::peer::{Cause, Peer, Rank};
use std::{
    collections::HashMap,
    fmt,
    net::IpAddr,
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

/// How long one of several places of an owner is left alone when others have none.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// Whose places are counted together: an account, a network address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner([u8; 32]);

impl Owner {
    /// An account, or whatever else has a name of 32 bytes.
    pub const fn new(name: [u8; 32]) -> Self {
        Self(name)
    }

    /// The address that a connection comes from; the /64 of an IPv6 one. None for loopback, which is everybody's on this machine.
    pub fn address_of(peer: &Peer) -> Option<Self> {
        let mut name = [0; 32];
        match peer.counted_by()? {
            IpAddr::V4(ip) => name[..4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => name[16..].copy_from_slice(&ip.octets()),
        }
        Some(Self(name))
    }
}

/// Why there is no place for an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It has as many as one may have.
    Share(usize),
    /// All are taken, and nobody makes room.
    Full,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(share) => write!(f, "{share} places are taken, and nobody has more"),
            Self::Full => Full.fmt(f),
        }
    }
}

impl std::error::Error for Denied {}

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
    /// Most places of one owner.
    share: usize,
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
    owner: Option<Owner>,
    weight: usize,
    since: Instant,
}

/// Whoever wants places.
#[derive(Clone, Copy)]
struct Claim {
    owner: Option<Owner>,
    weight: usize,
    /// The place that it has already.
    own: Option<u64>,
}

impl Held {
    fn remove(&mut self, id: u64) -> Option<Holder> {
        let holder = self.holders.remove(&id)?;
        self.taken -= holder.weight;
        Some(holder)
    }

    /// Takes places from holders until the claim fits; tells how many holders lost theirs.
    fn make_room(&mut self, claim: Claim, max: usize, yields: Yields) -> Result<usize, Full> {
        let now = Instant::now();
        let mut ended = 0;
        while self.taken + claim.weight > max {
            let others = self.holders.iter().filter(|(id, holder)| Some(**id) != claim.own && holder.weight > 0);
            let ranked = others.filter_map(|(id, holder)| Some((holder.rank(yields, now)?, *id)));
            let id = ranked.max().map(|(_, id)| id).or_else(|| self.above_share(claim.owner?, now)).ok_or(Full)?;
            if let Some(Holder { peer: Some(peer), .. }) = self.remove(id) {
                ended += usize::from(peer.end(Cause::Evicted));
            }
        }
        Ok(ended)
    }

    fn owned(&self, owner: Owner) -> usize {
        self.holders.values().filter(|holder| holder.owner == Some(owner)).map(|holder| holder.weight).sum()
    }

    /// The oldest place of whoever has most, when it has at least two more than `owner`: so that each has as many after it.
    fn above_share(&self, owner: Owner, now: Instant) -> Option<u64> {
        let mut counts: HashMap<Owner, usize> = HashMap::new();
        for (owner, weight) in self.holders.values().filter_map(|holder| Some((holder.owner?, holder.weight))) {
            *counts.entry(owner).or_default() += weight;
        }
        let own = counts.get(&owner).copied().unwrap_or(0);
        let rich = self.holders.iter().filter_map(|(id, holder)| {
            let (count, age) = (counts.get(&holder.owner?)?, now.saturating_duration_since(holder.since));
            (holder.peer.is_some() && *count >= own + 2 && age >= LEFT_ALONE).then_some((*count, age, *id))
        });
        rich.max().map(|(_, _, id)| id)
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
        Self { max, yields, share: max, held: Arc::default() }
    }

    /// The same with at most `share` of them for one owner. When all are taken and nobody is slow, owners with none get one of those that
    /// have several.
    #[must_use]
    pub fn shared(self, share: usize) -> Self {
        Self { share: share.clamp(1, self.max.max(1)), ..self }
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

    /// As [`Places::enter`], for an owner, and waits so long for a place.
    ///
    /// # Errors
    /// [`Denied`] after that.
    pub async fn wait(&self, owner: Option<Owner>, peer: Option<&Peer>, patience: Duration) -> Result<Place, Denied> {
        let begun = Instant::now();
        loop {
            match self.enter_as(owner, peer) {
                Err(_) if begun.elapsed() < patience => sleep(LOOK).await,
                entered => return entered,
            }
        }
    }

    fn enter_as(&self, owner: Option<Owner>, peer: Option<&Peer>) -> Result<Place, Denied> {
        let mut held = self.held();
        if owner.is_some_and(|owner| held.owned(owner) >= self.share) {
            return Err(Denied::Share(self.share));
        }
        let (place, _) =
            self.take(&mut held, self.max, peer, Claim { owner, weight: 1, own: None }).map_err(|Full| Denied::Full)?;
        Ok(place)
    }

    /// As [`Places::enter`], with another bound and `weight` places; says how many holders had to make room.
    pub(crate) fn enter_within(&self, max: usize, peer: Option<&Peer>, weight: usize) -> Result<(Place, usize), Full> {
        self.take(&mut self.held(), max, peer, Claim { owner: None, weight, own: None })
    }

    fn take(&self, held: &mut Held, max: usize, peer: Option<&Peer>, claim: Claim) -> Result<(Place, usize), Full> {
        let ended = held.make_room(claim, max, self.yields)?;
        let Claim { owner, weight, .. } = claim;
        let id = held.next;
        held.next += 1;
        held.taken += weight;
        held.holders.insert(id, Holder { peer: peer.cloned(), owner, weight, since: Instant::now() });
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
        let claim = Claim { owner: None, weight: by, own: Some(self.id) };
        let ended = held.make_room(claim, self.places.max, self.places.yields)?;
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
        let place = places.wait(None, None, SECOND * 5).await.unwrap();
        slow.ended().await;
        assert_eq!(
            places.wait(None, None, SECOND * 5).await.map(|_| ()),
            Err(Denied::Full),
            "nobody yields to whom nobody waits for"
        );
        drop((place, held));
        assert_eq!(places.taken(), 0, "a lost place is not given back twice");
    }

    #[tokio::test(start_paused = true)]
    async fn one_owner_has_its_share_at_most_and_gives_of_it_to_those_that_have_none() {
        let places = Places::new(4, Yields::Slowest).shared(3);
        let [rich, poor, third] = [1, 2, 3].map(|n| Some(Owner::new([n; 32])));
        let peers: Vec<Peer> = (0..6).map(|_| peer()).collect();
        let _busy: Vec<_> = peers.iter().map(Peer::begin).collect();
        let mut held = Vec::new();
        for peer in &peers[..3] {
            held.push(places.wait(rich, Some(peer), SECOND).await.unwrap());
            advance(SECOND / 10).await;
        }
        assert_eq!(
            places.wait(rich, Some(&peers[3]), SECOND).await.map(|_| ()),
            Err(Denied::Share(3)),
            "there is a fourth place"
        );
        held.push(places.wait(poor, Some(&peers[3]), SECOND).await.unwrap());
        assert_eq!(places.wait(third, Some(&peers[4]), SECOND).await.map(|_| ()), Err(Denied::Full), "they came just now");
        held.push(places.wait(third, Some(&peers[4]), SECOND * 6).await.unwrap());
        peers[0].ended().await;
        assert_eq!(places.taken(), 4);
        let fourth = Some(Owner::new([4; 32]));
        held.push(places.wait(fourth, Some(&peers[5]), SECOND * 6).await.unwrap());
        peers[1].ended().await;
        assert_eq!(places.wait(Some(Owner::new([5; 32])), None, SECOND * 60).await.map(|_| ()), Err(Denied::Full), "one each");
        drop(held.remove(2));
        assert!(places.wait(poor, None, SECOND).await.is_ok(), "what is free anybody may have");
    }

    #[test]
    fn an_address_owns_its_connections_places_and_loopback_does_not() {
        let owner = |address: &str| Owner::address_of(&Peer::new(address.parse().unwrap(), Arc::new(Limits::default())));
        assert_eq!(owner("203.0.113.5:1"), owner("203.0.113.5:2"));
        assert_ne!(owner("203.0.113.5:1"), owner("203.0.113.6:1"));
        assert_eq!(owner("[2001:db8::5]:1"), owner("[2001:db8::ffff:6]:2"));
        assert!(owner("203.0.113.5:1").is_some() && owner("127.0.0.1:1").is_none());
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
