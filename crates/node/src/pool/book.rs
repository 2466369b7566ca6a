//! The pool's state: queues by sender, and ordered views of their heads and tails.

use super::{
    FinalBlock, Inserted, Pending, PoolError, PoolLimits, PoolSize,
    queue::{Entry, Queue, Worth},
};
use depin_ledger::Transaction;
use depin_quantity::{Address, Rounding, UnitId, Units};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet},
    sync::Arc,
    time::Instant,
};

/// A passed-over transaction keeps quiet for at most 2^this blocks.
const QUIET_SHIFT_MAX: u32 = 8;

/// Highest tip first, then the oldest.
type HeadKey = (Reverse<Units>, u64, Address);
/// Least worth first, then the youngest.
type TailKey = (Worth, Reverse<u64>, Address);

/// Which keys of a queue stand in the ordered views.
#[derive(Debug, Default)]
struct Links {
    head: Option<HeadKey>,
    tail: Option<TailKey>,
}

#[derive(Debug)]
pub(super) struct Book {
    limits: PoolLimits,
    queues: HashMap<Address, (Queue, Links)>,
    ids: HashMap<UnitId, (Address, u64)>,
    heads: BTreeSet<HeadKey>,
    tails: BTreeSet<TailKey>,
    /// Senders that a proposer should be woken for.
    ready: BTreeSet<Address>,
    by_age: BTreeSet<(Instant, UnitId)>,
    /// When the first transaction came that could be the next of its account; none while there is none.
    next_since: Option<Instant>,
    in_flight: BTreeMap<u64, Vec<UnitId>>,
    quiet: BTreeSet<(u64, UnitId)>,
    bytes: usize,
    arrivals: u64,
    height: u64,
    base_fee: Units,
}

impl Book {
    pub fn new(limits: PoolLimits) -> Self {
        Self {
            limits,
            queues: HashMap::new(),
            ids: HashMap::new(),
            heads: BTreeSet::new(),
            tails: BTreeSet::new(),
            ready: BTreeSet::new(),
            by_age: BTreeSet::new(),
            next_since: None,
            in_flight: BTreeMap::new(),
            quiet: BTreeSet::new(),
            bytes: 0,
            arrivals: 0,
            height: 0,
            base_fee: Units::ZERO,
        }
    }

    pub fn size(&self) -> PoolSize {
        PoolSize { count: self.ids.len(), bytes: self.bytes, senders: self.queues.len() }
    }

    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Since when a transaction is there whose nonce is its account's next. One that became so by a block may be said to be older.
    pub fn next_since(&self) -> Option<Instant> {
        self.heads.first()?;
        self.next_since.or_else(|| self.by_age.first().map(|(arrived, _)| *arrived))
    }

    pub fn get(&self, id: &UnitId) -> Option<Arc<Pending>> {
        let (sender, nonce) = self.ids.get(id)?;
        Some(Arc::clone(&self.queues.get(sender)?.0.entries.get(nonce)?.pending))
    }

    pub fn next_nonce(&self, sender: &Address) -> Option<u64> {
        let queue = &self.queues.get(sender)?.0;
        Some(queue.nonce + queue.run().count() as u64)
    }

    pub fn insert(&mut self, pending: Arc<Pending>, account_nonce: u64) -> Result<Inserted, PoolError> {
        if self.ids.contains_key(&pending.id) {
            return Ok(Inserted::Known);
        }
        let (sender, nonce, id) = (pending.sender, pending.nonce, pending.id);
        let expected = self.queues.get(&sender).map_or(account_nonce, |(queue, _)| queue.nonce.max(account_nonce));
        self.check_nonce(nonce, expected)?;
        let replaced = self.check_place(&pending)?;
        let mut victims: Vec<(Entry, u64)> = replaced.and_then(|id| self.remove(&id)).into_iter().collect();
        self.arrivals += 1;
        let entry = Entry { pending, arrival: self.arrivals, in_flight: None, passes: 0, quiet_until: 0 };
        self.put(entry, expected);
        while self.ids.len() > self.limits.count_max || self.bytes > self.limits.bytes_max {
            let Some((_, _, address)) = self.tails.first().copied() else { break };
            let worst = self.queues.get(&address).and_then(|(queue, _)| queue.tail()).map(|(entry, _)| entry.pending.id);
            let Some(evicted) = worst.and_then(|id| self.remove(&id)) else { break };
            victims.push(evicted);
        }
        if self.ids.contains_key(&id) {
            return Ok(Inserted::New { dropped: victims.iter().map(|(victim, _)| victim.pending.id).collect() });
        }
        // It pays least itself: what was pushed out before it, in vain, comes back.
        for (victim, nonce) in victims.into_iter().filter(|(victim, _)| victim.pending.id != id) {
            self.put(victim, nonce);
        }
        Err(PoolError::PoolFull)
    }

    fn check_nonce(&self, nonce: u64, expected: u64) -> Result<(), PoolError> {
        let limit = self.limits.nonce_ahead_max;
        match nonce.checked_sub(expected) {
            None => Err(PoolError::NonceUsed { nonce, expected }),
            Some(ahead) if ahead > limit => Err(PoolError::NonceTooFar { nonce, expected, limit }),
            Some(_) => Ok(()),
        }
    }

    /// What must go for `pending` inside its sender's queue: the one with the same nonce, or the tail of a full queue when the new one
    /// comes before it.
    fn check_place(&self, pending: &Pending) -> Result<Option<UnitId>, PoolError> {
        let Some((queue, _)) = self.queues.get(&pending.sender) else { return Ok(None) };
        if let Some(other) = queue.entries.get(&pending.nonce) {
            let needed = tip_to_replace(other.pending.tip);
            if pending.tip < needed {
                return Err(PoolError::ReplacementTooCheap { nonce: pending.nonce, tip: pending.tip, needed });
            }
            return Ok(Some(other.pending.id));
        }
        if queue.entries.len() < self.limits.sender_max {
            return Ok(None);
        }
        match queue.entries.last_key_value() {
            Some((last, tail)) if *last > pending.nonce => Ok(Some(tail.pending.id)),
            _ => Err(PoolError::SenderFull { limit: self.limits.sender_max }),
        }
    }

    pub fn best(&self, work_max: u64, bytes_max: usize) -> Vec<Arc<Pending>> {
        let mut chosen = Vec::new();
        let (mut work, mut bytes) = (0u64, 0usize);
        let mut heads = self.heads.iter().copied().peekable();
        // Followers of what was chosen; the smallest key is the best.
        let mut followers: BinaryHeap<Reverse<(HeadKey, u64)>> = BinaryHeap::new();
        while work < work_max && bytes < bytes_max {
            let from_heads = match (heads.peek(), followers.peek()) {
                (None, None) => break,
                (Some(head), Some(Reverse((follower, _)))) => head < follower,
                (head, _) => head.is_some(),
            };
            let (address, nonce) = if from_heads {
                let Some((_, _, address)) = heads.next() else { break };
                let Some((queue, _)) = self.queues.get(&address) else { continue };
                (address, queue.nonce)
            } else {
                let Some(Reverse(((_, _, address), nonce))) = followers.pop() else { break };
                (address, nonce)
            };
            let Some((queue, _)) = self.queues.get(&address) else { continue };
            let Some(entry) = queue.entries.get(&nonce) else { continue };
            if entry.pending.base_fee_max < self.base_fee {
                continue;
            }
            work = work.saturating_add(entry.pending.work);
            bytes = bytes.saturating_add(entry.pending.bytes.len());
            chosen.push(Arc::clone(&entry.pending));
            let next = nonce.checked_add(1).and_then(|n| queue.entries.get(&n).map(|e| (n, e)));
            if let Some((nonce, next)) = next {
                followers.push(Reverse(((Reverse(next.pending.tip), next.arrival, address), nonce)));
            }
        }
        chosen
    }

    pub fn in_flight(&mut self, height: u64, ids: &[UnitId]) {
        if height <= self.height {
            return;
        }
        let known = self.change(ids, |entry| entry.in_flight = Some(entry.in_flight.map_or(height, |h| h.max(height))));
        self.in_flight.entry(height).or_default().extend(known);
    }

    pub fn passed_over(&mut self, height: u64, ids: &[UnitId]) {
        let mut quiet = Vec::with_capacity(ids.len());
        // What is in flight was left out because an ancestor holds it.
        self.change(ids, |entry| {
            if entry.in_flight.is_some() {
                return;
            }
            entry.quiet_until = height.saturating_add(1 << entry.passes.min(QUIET_SHIFT_MAX));
            entry.passes = entry.passes.saturating_add(1);
            quiet.push((entry.quiet_until, entry.pending.id));
        });
        self.quiet.extend(quiet);
    }

    pub fn finalized(&mut self, block: &FinalBlock<'_>, admit: impl Fn(&Transaction) -> bool) -> Vec<UnitId> {
        self.height = self.height.max(block.height);
        let included: HashSet<&UnitId> = block.included.iter().collect();
        let mut dropped = Vec::new();
        for (address, nonce) in block.nonces {
            dropped.extend(self.advance(address, *nonce).into_iter().filter(|id| !included.contains(id)));
        }
        while let Some(first) = self.in_flight.first_entry().filter(|e| *e.key() <= block.height) {
            let height = *first.key();
            let ids = first.remove();
            self.change(&ids, |entry| entry.in_flight = entry.in_flight.filter(|h| *h > height));
        }
        dropped.extend(self.recheck(admit));
        dropped.extend(self.expire(block.now));
        if self.base_fee != block.base_fee {
            self.base_fee = block.base_fee;
            let (height, base_fee) = (self.height, self.base_fee);
            self.ready =
                self.queues.iter().filter(|(_, (queue, _))| queue.wakes(height, base_fee)).map(|(address, _)| *address).collect();
        }
        dropped
    }

    /// Looks again at passed-over transactions whose quiet time is over.
    fn recheck(&mut self, admit: impl Fn(&Transaction) -> bool) -> Vec<UnitId> {
        let mut dropped = Vec::new();
        while let Some((_, id)) = self.quiet.first().copied().filter(|(until, _)| *until <= self.height) {
            self.quiet.pop_first();
            let Some(pending) = self.get(&id) else { continue };
            if admit(&pending.transaction) {
                self.relink(&pending.sender);
            } else if self.remove(&id).is_some() {
                dropped.push(id);
            }
        }
        dropped
    }

    fn expire(&mut self, now: Instant) -> Vec<UnitId> {
        let mut dropped = Vec::new();
        while let Some((arrived, id)) = self.by_age.first().copied() {
            if now.saturating_duration_since(arrived) <= self.limits.lifetime {
                break;
            }
            self.by_age.pop_first();
            if self.remove(&id).is_some() {
                dropped.push(id);
            }
        }
        dropped
    }

    /// The account's nonce rose: what used lower ones is gone.
    fn advance(&mut self, address: &Address, nonce: u64) -> Vec<UnitId> {
        let Some((queue, _)) = self.queues.get_mut(address) else { return Vec::new() };
        queue.nonce = queue.nonce.max(nonce);
        let kept = queue.entries.split_off(&queue.nonce);
        let gone = std::mem::replace(&mut queue.entries, kept);
        for entry in gone.values() {
            self.forget(entry);
        }
        self.relink(address);
        gone.values().map(|entry| entry.pending.id).collect()
    }

    fn put(&mut self, entry: Entry, account_nonce: u64) {
        let (sender, nonce, arrived) = (entry.pending.sender, entry.pending.nonce, entry.pending.arrived);
        self.ids.insert(entry.pending.id, (sender, nonce));
        self.by_age.insert((arrived, entry.pending.id));
        self.bytes += entry.pending.bytes.len();
        let (queue, _) = self.queues.entry(sender).or_default();
        queue.nonce = queue.nonce.max(account_nonce);
        queue.entries.insert(nonce, entry);
        self.relink(&sender);
        if !self.heads.is_empty() {
            self.next_since.get_or_insert(arrived);
        }
    }

    /// Takes one out; also says what its account's nonce is, since an empty queue forgets it.
    fn remove(&mut self, id: &UnitId) -> Option<(Entry, u64)> {
        let (sender, nonce) = self.ids.get(id).copied()?;
        let (queue, _) = self.queues.get_mut(&sender)?;
        let (entry, account_nonce) = (queue.entries.remove(&nonce)?, queue.nonce);
        self.forget(&entry);
        self.relink(&sender);
        Some((entry, account_nonce))
    }

    fn forget(&mut self, entry: &Entry) {
        self.ids.remove(&entry.pending.id);
        self.by_age.remove(&(entry.pending.arrived, entry.pending.id));
        self.bytes -= entry.pending.bytes.len();
    }

    /// Edits those of `ids` that wait, and says which do.
    fn change(&mut self, ids: &[UnitId], mut edit: impl FnMut(&mut Entry)) -> Vec<UnitId> {
        let mut known = Vec::with_capacity(ids.len());
        let mut senders = BTreeSet::new();
        for id in ids {
            let Some((sender, nonce)) = self.ids.get(id) else { continue };
            let entry = self.queues.get_mut(sender).and_then(|(queue, _)| queue.entries.get_mut(nonce));
            let Some(entry) = entry else { continue };
            edit(entry);
            known.push(*id);
            senders.insert(*sender);
        }
        for sender in &senders {
            self.relink(sender);
        }
        known
    }

    /// Brings the ordered views in line with a queue that changed; drops an empty queue.
    fn relink(&mut self, address: &Address) {
        let Some((queue, links)) = self.queues.get_mut(address) else { return };
        if let Some(key) = links.head.take() {
            self.heads.remove(&key);
        }
        if let Some(key) = links.tail.take() {
            self.tails.remove(&key);
        }
        if queue.entries.is_empty() {
            self.queues.remove(address);
            self.ready.remove(address);
            self.next_since = self.next_since.filter(|_| !self.heads.is_empty());
            return;
        }
        links.head = queue.head().map(|entry| (Reverse(entry.pending.tip), entry.arrival, *address));
        links.tail = queue.tail().map(|(entry, worth)| (worth, Reverse(entry.arrival), *address));
        self.heads.extend(links.head);
        self.tails.extend(links.tail);
        self.next_since = self.next_since.filter(|_| !self.heads.is_empty());
        if queue.wakes(self.height, self.base_fee) {
            self.ready.insert(*address);
        } else {
            self.ready.remove(address);
        }
    }
}

/// Lowest tip that replaces `tip`: higher by a tenth, at least by one base unit, so that replacing over and over costs something.
fn tip_to_replace(tip: Units) -> Units {
    let tenth = tip.mul_div(1, 10, Rounding::Up).unwrap_or(Units::ZERO).max(Units::new(1));
    tip.plus(tenth).unwrap_or(Units::new(u128::MAX))
}
