//! Segments that somebody is inside of. In memory only: after a restart there is neither upload nor reader.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Segments that must not be collected although no object counts on them yet, or because a reader is inside; and those that are being
/// collected, which nobody may enter.
#[derive(Clone, Default)]
pub(crate) struct SegmentPins(Arc<Mutex<Pins>>);

#[derive(Default)]
struct Pins {
    inside: HashMap<i64, usize>,
    closed: HashSet<i64>,
    /// How many segments were collected.
    collected: u64,
}

/// Keeps a segment while it lives.
pub(crate) struct SegmentPin {
    pins: SegmentPins,
    segment: i64,
}

/// Keeps everybody out of a segment while it lives: until the map says that it is gone.
pub(crate) struct SegmentClosed {
    pins: SegmentPins,
    segment: i64,
}

impl SegmentPins {
    fn lock(&self) -> MutexGuard<'_, Pins> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a segment that is known to be there.
    pub(crate) fn pin(&self, segment: i64) -> SegmentPin {
        *self.lock().inside.entry(segment).or_default() += 1;
        SegmentPin { pins: self.clone(), segment }
    }

    /// How many segments were collected until now; ask before looking into the map.
    pub(crate) fn collected(&self) -> u64 {
        self.lock().collected
    }

    /// Enters segments that the map named after `collected` was asked; nothing when one may have been collected since, and the map must be
    /// asked again.
    pub(crate) fn pin_all(&self, segments: impl IntoIterator<Item = i64>, collected: u64) -> Option<Vec<SegmentPin>> {
        let mut pins = self.lock();
        let segments: Vec<i64> = segments.into_iter().collect();
        if pins.collected != collected || segments.iter().any(|segment| pins.closed.contains(segment)) {
            return None;
        }
        for segment in &segments {
            *pins.inside.entry(*segment).or_default() += 1;
        }
        drop(pins);
        Some(segments.into_iter().map(|segment| SegmentPin { pins: self.clone(), segment }).collect())
    }

    pub(crate) fn is_pinned(&self, segment: i64) -> bool {
        self.lock().inside.contains_key(&segment)
    }

    /// Closes a segment that nobody is inside of, to collect it.
    pub(crate) fn close(&self, segment: i64) -> Option<SegmentClosed> {
        let mut pins = self.lock();
        let free = !pins.inside.contains_key(&segment) && pins.closed.insert(segment);
        free.then(|| SegmentClosed { pins: self.clone(), segment })
    }
}

impl Drop for SegmentPin {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        if let Some(count) = pins.inside.get_mut(&self.segment) {
            *count -= 1;
            if *count == 0 {
                pins.inside.remove(&self.segment);
            }
        }
    }
}

impl Drop for SegmentClosed {
    fn drop(&mut self) {
        let mut pins = self.pins.lock();
        pins.closed.remove(&self.segment);
        pins.collected += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_enters_a_segment_that_is_collected_by_what_the_map_said_before() {
        let pins = SegmentPins::default();
        let asked = pins.collected();
        let inside = pins.pin_all([1, 2], asked).unwrap();
        assert!(pins.close(1).is_none(), "a reader is inside");
        assert!(pins.pin_all([1, 3], asked).is_some());
        drop(inside);
        let closed = pins.close(1).unwrap();
        assert!(pins.close(1).is_none());
        assert!(pins.pin_all([3, 1], asked).is_none() && !pins.is_pinned(3), "closed");
        assert!(pins.pin_all([3], asked).is_some(), "another one");
        drop(closed);
        assert!(pins.pin_all([1], asked).is_none(), "what was read before may name it still");
        assert!(pins.pin_all([1], pins.collected()).is_some(), "the map was asked again");
    }
}
