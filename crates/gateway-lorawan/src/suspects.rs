//! Devices that send what no device of theirs would: frames more often than one may, counters that run ahead of the time.
//!
//! In: the events of the network server. Out: a sentence with figures for whoever runs it, while that was lately. Nothing is decided here: what is
//! too much the network server refused.

use depin_lorawan::{
    Eui,
    server::{Event, Refusal},
};
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// For how long it is told.
const TOLD: Duration = Duration::from_secs(10 * 60);
/// Devices that are known at once; of more, those of which something was seen last.
const MOST: usize = 64;
/// Devices that are named.
const NAMED: usize = 3;
/// Uplinks that a device may lose in a moment: further ones need a second each.
const LOST_AT_ONCE: u64 = 256;

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: Instant,
    last: Instant,
    /// Frames that were refused, and the bound.
    refused: (u64, u32),
    /// Counters that were skipped at once, and within how many seconds.
    skipped: Option<(u32, u64)>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Suspects(Mutex<BTreeMap<Eui, Seen>>);

impl Suspects {
    /// Looks through what took effect.
    pub(crate) fn look(&self, events: &[Event]) {
        events.iter().for_each(|event| self.look_at(event, Instant::now()));
    }

    fn look_at(&self, event: &Event, now: Instant) {
        match event {
            Event::Refused(refused) => {
                if let (Some(device), Refusal::TooOften { most }) = (refused.device, &refused.why) {
                    self.note(device, now, |seen| seen.refused = (seen.refused.0 + 1, *most));
                }
            }
            Event::Uplink(up) => {
                let Some(since) = up.since.map(|since| since.get() / 1_000_000) else { return };
                if u64::from(up.skipped) > LOST_AT_ONCE + since {
                    self.note(up.device, now, |seen| seen.skipped = Some((up.skipped, since)));
                }
            }
            Event::Joined(join) => {
                // A new session has keys that nobody knows.
                self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&join.device);
            }
            Event::Acknowledged(_) | Event::Emitted(_) => {}
        }
    }

    fn note(&self, device: Eui, now: Instant, change: impl FnOnce(&mut Seen)) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, seen| now.duration_since(seen.last) < TOLD);
        if all.len() >= MOST && !all.contains_key(&device) {
            let oldest = all.iter().min_by_key(|(_, seen)| seen.last).map(|(device, _)| *device);
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let new = !all.contains_key(&device);
        let seen = all.entry(device).or_insert(Seen { first: now, last: now, refused: (0, 0), skipped: None });
        seen.last = now;
        change(seen);
        if new {
            tracing::warn!(%device, "a device sends what one device does not: its session's key may be known to others");
        }
    }

    /// What is to be told, if anything.
    pub(crate) fn told(&self) -> Option<String> {
        self.told_at(Instant::now())
    }

    fn told_at(&self, now: Instant) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lately: Vec<_> = all.iter().filter(|(_, seen)| now.duration_since(seen.last) < TOLD).collect();
        if lately.is_empty() {
            return None;
        }
        let mut text = String::from("what no device sends came with the key of a session: ");
        for (place, (device, seen)) in lately.iter().take(NAMED).enumerate() {
            let _ = write!(text, "{}{device}", if place > 0 { "; " } else { "" });
            if let (count @ 1.., most) = seen.refused {
                let span = now.duration_since(seen.first).as_secs();
                let _ = write!(text, " {count} frames beyond {most} a minute, refused in the last {span} s");
            }
            if let Some((skipped, within)) = seen.skipped {
                let _ = write!(text, " a counter {skipped} ahead within {within} s");
            }
        }
        if lately.len() > NAMED {
            let _ = write!(text, "; and {} devices more", lately.len() - NAMED);
        }
        text.push_str(
            ". Others may know the key: take it off the ledger (it is listed only with --list-session-keys), and let the device join \
             again; until then its own frames can be refused as replays",
        );
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_lorawan::{Micros, server::Refused};

    #[test]
    fn what_is_too_much_is_told_with_its_figures_for_a_while() {
        let (suspects, now) = (Suspects::default(), Instant::now());
        let refused = |device, why| {
            Event::Refused(Box::new(Refused {
                at: Micros::seconds(1),
                device: Some(Eui::new(device)),
                gateway: None,
                item: None,
                why,
            }))
        };
        suspects.look_at(&refused(1, Refusal::Replay { counter: 1, last: 2 }), now);
        assert_eq!(suspects.told_at(now), None, "replays are everyday");
        for _ in 0..7 {
            suspects.look_at(&refused(0xd1, Refusal::TooOften { most: 60 }), now);
        }
        let told = suspects.told_at(now + Duration::from_secs(30)).unwrap();
        assert!(told.contains("00000000000000d1 7 frames beyond 60 a minute, refused in the last 30 s"), "{told}");
        assert_eq!(suspects.told_at(now + TOLD), None);
        for device in 0..200 {
            suspects.look_at(&refused(device, Refusal::TooOften { most: 60 }), now);
        }
        assert!(suspects.told_at(now).unwrap().contains(&format!("and {} devices more", MOST - NAMED)));
    }
}
