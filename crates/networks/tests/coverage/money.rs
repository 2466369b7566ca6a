//! Random lives of customers and hotspots: no credit is made or lost, and every packet is judged as an own, shorter statement of the
//! rules judges it.

use crate::world::*;
use depin_quantity::{Instant, Span, UnitId, Units};
use depin_services::coverage::{self, CoverageEvent, CoverageMessage, Packet, PacketReason};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that somebody does, or time that passes. Numbers pick among what is there.
#[derive(Clone, Debug)]
enum Step {
    Report { route: usize, hotspot: u8, packets: Vec<(u64, u16, i64)>, acknowledged: bool },
    Answer { pick: usize, pay: bool },
    Add { oui: u32, credits: u128 },
    Pass { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let packet = (0u64..12, 0u16..256, prop_oneof![8 => 0i64..300_000, 1 => 590_000i64..610_000, 1 => -70_000i64..0]);
    let report = (0usize..2, 10u8..13, prop::collection::vec(packet, 1..6), prop::bool::weighted(0.8))
        .prop_map(|(route, hotspot, packets, acknowledged)| Step::Report { route, hotspot, packets, acknowledged });
    prop_oneof![
        12 => report,
        3 => (0usize..4, any::<bool>()).prop_map(|(pick, pay)| Step::Answer { pick, pay }),
        2 => (1u32..3, 0u128..60).prop_map(|(oui, credits)| Step::Add { oui, credits }),
        4 => (1u64..900).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

/// What each customer should have, by the words of the rules alone.
#[derive(Default)]
struct Model {
    /// Put in, owed or paid, by OUI.
    funded: BTreeMap<u32, u128>,
    cost: BTreeMap<u32, u128>,
    disabled: BTreeSet<u32>,
    /// Reported packets by hotspot, until when they cannot be again; copies by OUI.
    seen: BTreeMap<(u8, u64), u32>,
}

const COPIES: usize = 2;

impl Model {
    /// The reasons, packet by packet, of a batch that is acknowledged; a packet that is paid has none.
    fn judge(
        &mut self,
        oui: u32,
        hotspot: u8,
        now: Instant,
        packets: &[Packet],
        gate: Option<(u128, u128)>,
    ) -> Vec<Option<PacketReason>> {
        let number = |packet: &Packet| u64::from_be_bytes(packet.hash.get()[..8].try_into().unwrap());
        let (mut here, mut timely) = (BTreeSet::new(), Vec::new());
        for packet in packets {
            let n = number(packet);
            let copies = self.seen.iter().filter(|((_, of), by)| *of == n && **by == oui).count();
            let (age, ahead) = (now.get().saturating_sub(packet.received.get()), packet.received.get().saturating_sub(now.get()));
            timely.push(if !here.insert(n) || self.seen.contains_key(&(hotspot, n)) {
                Some(PacketReason::Duplicate)
            } else if ahead > 60_000 {
                Some(PacketReason::Future)
            } else if age > 600_000 {
                Some(PacketReason::Late)
            } else if copies >= COPIES {
                Some(PacketReason::Copies)
            } else {
                None
            });
        }
        let mut judged = Vec::new();
        for (packet, reason) in packets.iter().zip(timely) {
            let has = self.funded[&oui] - self.cost[&oui];
            let units = if packet.bytes <= 24 { 1 } else { u128::from((packet.bytes - 1) / 24 + 1) };
            judged.push(reason.or_else(|| {
                if self.disabled.contains(&oui) {
                    return Some(PacketReason::Disabled);
                }
                let paid = has >= units;
                let left = if paid { has - units } else { has };
                if gate.is_some_and(|(minimum, _)| !paid || left < minimum) {
                    self.disabled.insert(oui);
                }
                if paid {
                    *self.cost.get_mut(&oui).unwrap() += units;
                    self.seen.insert((hotspot, number(packet)), oui);
                }
                (!paid).then_some(PacketReason::InsufficientBalance)
            }));
        }
        judged
    }
}

/// A life: what is there, and what should be.
struct Life {
    net: Net,
    routes: Vec<(u32, UnitId)>,
    model: Model,
    /// When the marks of paid packets are forgotten.
    forget_at: BTreeMap<(u8, u64), Instant>,
    gate: Option<(u128, u128)>,
    /// Claims keep packets from being reported while they are open: a life either has claims, and checks that no credit is lost, or has
    /// none, and checks every packet against the model.
    claims: bool,
    burned: u128,
}

impl Life {
    fn begin(more: &str, gate: Option<(u128, u128)>, claims: bool) -> Self {
        let mut net = Net::with(more);
        for n in 10..13 {
            let owner = if n == 12 { CUSTOMER } else { OWNER };
            net.send(owner, &joins(n, owner)).unwrap();
        }
        let (mut routes, mut model) = (Vec::new(), Model::default());
        for credits in [150, 40] {
            let (oui, route) = net.customer(credits, COPIES as u32);
            routes.push((oui, route));
            model.funded.insert(oui, credits);
            model.cost.insert(oui, 0);
            if net.oui(oui).disabled {
                model.disabled.insert(oui);
            }
        }
        let burned = net.burned();
        Self { net, routes, model, forget_at: BTreeMap::new(), gate, claims, burned }
    }

    fn report(&mut self, route: usize, hotspot: u8, packets: &[(u64, u16, i64)], acknowledged: bool) {
        let (oui, route) = self.routes[route];
        let now = self.net.now;
        let packet = |(n, bytes, back): &(u64, u16, i64)| Packet {
            hash: hash(*n),
            bytes: *bytes,
            received: Instant::new(now.get().checked_add_signed(-back).unwrap()),
        };
        let packets: Vec<Packet> = packets.iter().map(packet).collect();
        let was_off = self.net.oui(oui).disabled;
        let done = self.net.report(Net::batch(route, hotspot, packets.clone(), acknowledged || !self.claims));
        if self.claims {
            return;
        }
        if was_off {
            assert_eq!(done.unwrap_err().code(), "oui-disabled");
            return;
        }
        if let Err(error) = done {
            assert_eq!(error.code(), "known-batch");
            return;
        }
        let judged = self.model.judge(oui, hotspot, now, &packets, self.gate);
        for (packet, _) in packets.iter().zip(&judged).filter(|(_, reason)| reason.is_none()) {
            let n = u64::from_be_bytes(packet.hash.get()[..8].try_into().unwrap());
            self.forget_at.insert((hotspot, n), now.later(Span::from_secs(660)));
        }
        let mut expected: Vec<_> = judged.iter().flatten().copied().collect();
        let mut told: Vec<_> = self.net.settled().2.iter().map(|refused| refused.reason).collect();
        // Times are judged for all packets first, credits after that.
        expected.sort_unstable();
        told.sort_unstable();
        assert_eq!(told, expected);
        assert_eq!(self.net.settled().0 as usize, judged.iter().filter(|reason| reason.is_none()).count());
        assert_eq!(self.net.oui(oui).disabled, self.model.disabled.contains(&oui));
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Report { route, hotspot, packets, acknowledged } => self.report(*route, *hotspot, packets, *acknowledged),
            Step::Answer { pick, pay } => {
                let open = coverage::batches(self.net.rows(), None)
                    .filter(|(_, batch)| matches!(batch.state, coverage::BatchState::Claimed { .. }))
                    .map(|(id, _)| id)
                    .nth(*pick);
                if let Some(claim) = open {
                    let _ = self.net.send(CUSTOMER, &CoverageMessage::CloseClaim { claim, pay: *pay });
                }
            }
            Step::Add { oui, credits } => {
                let add = CoverageMessage::AddCredits { oui: *oui, credits: Units::new(*credits) };
                if self.net.send(CUSTOMER, &add).is_ok() {
                    *self.model.funded.get_mut(oui).unwrap() += credits;
                    if self.net.oui(*oui).balance.get() >= self.gate.map_or(0, |(minimum, _)| minimum) {
                        self.model.disabled.remove(oui);
                    } else {
                        self.model.disabled.insert(*oui);
                    }
                }
            }
            Step::Pass { seconds } => {
                self.net.pass(Span::from_secs(*seconds));
                let (now, seen) = (self.net.now, &mut self.model.seen);
                self.forget_at.retain(|key, at| {
                    if *at <= now {
                        seen.remove(key);
                    }
                    *at > now
                });
            }
        }
    }

    fn end(&self) {
        let (mut charged, mut pending) = (0, 0);
        for (oui, _) in &self.routes {
            let row = self.net.oui(*oui);
            assert_eq!(self.net.escrow(*oui) + row.spent.get(), self.model.funded[oui], "what is not charged is there");
            if !self.claims {
                assert_eq!(row.spent.get() + row.pending.get(), self.model.cost[oui], "one credit a unit");
            }
            charged += row.spent.get();
            pending += row.pending.get();
        }
        assert_eq!(self.net.burned() - self.burned, charged, "what is charged is burnt");
        let of_event = |event: &CoverageEvent| match event {
            CoverageEvent::PacketsSettled { units, .. } => u128::from(*units),
            _ => 0,
        };
        let units: u128 = self.net.events.iter().map(of_event).sum();
        let hotspots: u128 = (10..13).map(|n| self.net.hotspot(n).units).sum();
        assert_eq!((hotspots, charged + pending), (units, units), "hotspots have the units that customers paid for");
    }
}

fn live(more: &str, gate: Option<(u128, u128)>, claims: bool, steps: &[Step]) {
    let mut life = Life::begin(more, gate, claims);
    steps.iter().for_each(|step| life.step(step));
    life.end();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn packets_are_judged_by_the_document_s_rules(steps in prop::collection::vec(step(), 1..40)) {
        live("", None, false, &steps);
    }

    #[test]
    fn packets_are_judged_by_the_gate(steps in prop::collection::vec(step(), 1..40)) {
        live(GATE, Some((100, 10)), false, &steps);
    }

    #[test]
    fn claims_lose_no_credit(steps in prop::collection::vec(step(), 1..40), gated: bool) {
        let (more, gate) = if gated { (GATE, Some((100, 10))) } else { ("", None) };
        live(more, gate, true, &steps);
    }
}
