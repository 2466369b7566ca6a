//! Beacons that the ledger drew, as its events tell them, and when each is on the air.
//!
//! A beacon does not say whose it is. Several can be drawn in one block, so they take turns: every hotspot reads the same events in the same order,
//! and so knows whose turn it is, within the time that events need to come.

use depin_client::api::EventRecord;
use depin_quantity::Address;
use depin_services::coverage::Randomness;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Time between the beginnings of two beacons: the longest is on the air for 2.8 s, and events come within a second or two.
const TURN: Duration = Duration::from_secs(5);
/// Longest wait for a turn: randomness is good for 20 s of wall time, and its last beacon needs some to be reported.
const TURN_WAIT_MOST: Duration = Duration::from_secs(10);
/// How much later than a beaconer a witness may learn of a beacon.
const SKEW: Duration = Duration::from_secs(2);
/// How long after its turn a beacon may begin: its forwarder was busy, and it was tried again.
const TRIED_FOR: Duration = Duration::from_secs(8);
/// Turns that are known at once.
const TURNS: usize = 256;

/// The randomness of one beacon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    pub hotspot: Address,
    pub entropy: Randomness,
    /// When it was drawn, in seconds.
    pub timestamp: u64,
    /// Until when its reports are sealed, ledger time in ms.
    pub until_ms: u64,
}

/// A beacon that can be reported.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub drawn: Drawn,
    /// How many more frames may be reported as it.
    pub left: usize,
    /// When it is sent.
    pub starts: Instant,
}

/// Whose turn it is to send.
#[derive(Debug, Default)]
pub(super) struct Turns(VecDeque<(Address, u64, Instant)>);

impl Turns {
    /// Takes the next beacon that the ledger tells of, wherever it is, and gives when it is sent: at once, or behind the one before it.
    pub(super) fn take(&mut self, hotspot: Address, timestamp: u64, told: Instant) -> Instant {
        if let Some((.., starts)) = self.0.iter().find(|(one, at, _)| *one == hotspot && *at == timestamp) {
            return *starts;
        }
        let behind = self.0.back().map_or(told, |(.., starts)| *starts + TURN);
        let starts = behind.clamp(told, told + TURN_WAIT_MOST);
        self.0.push_back((hotspot, timestamp, starts));
        if self.0.len() > TURNS {
            self.0.pop_front();
        }
        starts
    }
}

/// Which of the open beacons a frame of that length, heard at `at`, may be: all whose turn had come when it began, and not long ago. Where there
/// are none: the last whose turn had come; where none had, the next.
pub(super) fn heard_of(open: &[Open], at: Instant, on_air: Duration) -> Vec<usize> {
    let has_come = |open: &Open| open.starts + on_air <= at + SKEW;
    let is_now = |open: &Open| has_come(open) && at <= open.starts + TRIED_FOR + on_air + SKEW;
    let of = |fits: &dyn Fn(&Open) -> bool| -> Vec<(usize, Instant)> {
        let places = open.iter().enumerate().filter(|(_, one)| one.left > 0 && fits(one));
        places.map(|(place, one)| (place, one.starts)).collect()
    };
    let now = of(&is_now);
    if !now.is_empty() {
        return now.into_iter().map(|(place, _)| place).collect();
    }
    let last = of(&has_come).into_iter().max_by_key(|(place, starts)| (*starts, *place));
    let found = last.or_else(|| of(&|one| !has_come(one)).into_iter().min_by_key(|(_, starts)| *starts));
    found.into_iter().map(|(place, _)| place).collect()
}

/// Who asks for a beacon by an event; nobody by another one.
pub(super) fn asked(event: &EventRecord) -> Option<Address> {
    let inner = event.event.get("event").unwrap_or(&event.event);
    if event.kind == "beacon-asked" { inner.get("hotspot")?.as_str()?.parse().ok() } else { None }
}

impl Drawn {
    /// What an event says; none for another event.
    pub(super) fn of(event: &EventRecord) -> Option<Self> {
        let inner = event.event.get("event").unwrap_or(&event.event);
        let text = |key: &str| inner.get(key)?.as_str();
        let number = |key: &str| inner.get(key)?.as_u64();
        if event.kind != "beacon-drawn" {
            return None;
        }
        Some(Self {
            hotspot: text("hotspot")?.parse().ok()?,
            entropy: text("entropy")?.parse().ok()?,
            timestamp: number("timestamp")?,
            until_ms: number("until")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_quantity::Instant as Time;
    use depin_services::{Event, ServiceEvent, coverage::CoverageEvent};

    #[test]
    fn beacons_of_one_block_take_turns_and_each_frame_is_taken_for_whose_turn_it_was() {
        let (now, on_air) = (Instant::now(), Duration::from_millis(2_800));
        let hotspot = |n: u8| Address::new([n; 32]);
        let (mut turns, second) = (Turns::default(), Duration::from_secs(1));
        let starts: Vec<Instant> = (1..6).map(|n| turns.take(hotspot(n), 7, now)).collect();
        assert_eq!(
            starts,
            [0, 5, 10, 10, 10].map(|after| now + second * after),
            "nobody waits for longer than its randomness is good"
        );
        assert_eq!(turns.take(hotspot(2), 7, now + second), starts[1], "an event that is told again");
        assert_eq!(turns.take(hotspot(9), 8, now + second * 60), now + second * 60, "alone it goes at once");

        let open = |n: u8| Open {
            drawn: Drawn { hotspot: hotspot(n), entropy: Randomness::new([n; 32]), timestamp: 7, until_ms: 0 },
            left: 1,
            starts: starts[usize::from(n) - 1],
        };
        // A witness that learns of them a second late takes each for what it is too, whether it misses one or not.
        let late = |one: Open| Open { starts: one.starts + second, ..one };
        for all in [[open(1), open(2), open(3)], [late(open(1)), late(open(2)), late(open(3))]] {
            for (n, starts) in starts.iter().take(3).enumerate() {
                let ends = *starts + on_air + Duration::from_millis(200);
                let found = heard_of(&all, ends, on_air);
                assert!(found.contains(&n) && found.iter().all(|place| *place <= n), "{n}: {found:?}, not one to come");
            }
        }
        // Of those whose turn is the same moment a frame may be any.
        assert_eq!(heard_of(&[open(3), open(4), open(5)], starts[2] + on_air, on_air), [0, 1, 2]);
        assert_eq!(heard_of(&[open(1), Open { left: 0, ..open(3) }], starts[2] + on_air, on_air), [0], "it was reported");
        assert!(heard_of(&[Open { left: 0, ..open(1) }], now, on_air).is_empty());
        assert_eq!(heard_of(&[open(2), open(3)], now, on_air), [0], "before any turn: the next");
        assert_eq!(heard_of(&[open(1), open(2)], now + second * 60, on_air), [1], "long after all: the last");
    }

    #[test]
    fn what_the_ledger_says_of_a_draw_is_read() {
        let (hotspot, entropy) = (Address::new([3; 32]), Randomness::new([7; 32]));
        let told = CoverageEvent::BeaconDrawn { hotspot, entropy, timestamp: 1_790_000_000, until: Time::new(1_790_000_240_000) };
        let event = serde_json::to_value(Event::Service(ServiceEvent::from(told))).unwrap();
        let kind = "beacon-drawn".to_owned();
        let (time, accounts) = (Time::new(0).into(), vec![hotspot]);
        let record = EventRecord { position: 1, height: 1, time, transaction: None, kind, accounts, subject: None, event };
        let drawn = Drawn { hotspot, entropy, timestamp: 1_790_000_000, until_ms: 1_790_000_240_000 };
        assert_eq!(Drawn::of(&record), Some(drawn));
        assert_eq!(asked(&record), None);
        assert_eq!(Drawn::of(&EventRecord { kind: "beacon-judged".to_owned(), ..record.clone() }), None);
        let event = serde_json::to_value(Event::Service(ServiceEvent::from(CoverageEvent::BeaconAsked { hotspot }))).unwrap();
        let record = EventRecord { kind: "beacon-asked".to_owned(), event, ..record };
        assert_eq!((asked(&record), Drawn::of(&record)), (Some(hotspot), None));
    }
}
