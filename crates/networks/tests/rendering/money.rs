//! Random lives: whatever people do, in whatever order, nothing is minted, lost, or stuck.

use crate::world::*;
use depin_quantity::{Span, UnitId};
use depin_services::rendering::{self, *};
use proptest::prelude::*;

/// What somebody tries; most of it is refused, which changes nothing.
#[derive(Clone, Debug)]
enum Try {
    Issue { frame: u32, attempt: u8, check: bool, friend: bool },
    Deliver { number: u32, seen: u8 },
    Decline { number: u32 },
    Approve { first: u32, last: u32 },
    Reject { number: u32 },
    Key { number: u32 },
    Dispute { number: u32 },
    Compare { left: u32, right: u32 },
    Reveal { number: u32, seen: u8 },
    Settle { number: u32, alike: bool },
    Judge { number: u32, left: bool, right: bool },
    Fund { more: u64 },
    End,
    Open,
    Show { number: u32 },
    Leave { node: u8 },
    Pass { minutes: u64 },
}

fn tries() -> impl Strategy<Value = Try> {
    let number = 0u32..8;
    prop_oneof![
        6 => (0u32..4, 0u8..2, any::<bool>(), any::<bool>())
            .prop_map(|(frame, attempt, check, friend)| Try::Issue { frame, attempt, check, friend }),
        8 => (number.clone(), 1u8..3).prop_map(|(number, seen)| Try::Deliver { number, seen }),
        1 => number.clone().prop_map(|number| Try::Decline { number }),
        3 => (number.clone(), number.clone()).prop_map(|(first, last)| Try::Approve { first, last }),
        2 => number.clone().prop_map(|number| Try::Reject { number }),
        6 => number.clone().prop_map(|number| Try::Key { number }),
        1 => number.clone().prop_map(|number| Try::Dispute { number }),
        4 => (number.clone(), number.clone()).prop_map(|(left, right)| Try::Compare { left, right }),
        6 => (number.clone(), 1u8..3).prop_map(|(number, seen)| Try::Reveal { number, seen }),
        2 => (number.clone(), any::<bool>()).prop_map(|(number, alike)| Try::Settle { number, alike }),
        2 => (number.clone(), any::<bool>(), any::<bool>()).prop_map(|(number, left, right)| Try::Judge { number, left, right }),
        1 => (1u64..50_000).prop_map(|more| Try::Fund { more }),
        1 => Just(Try::End),
        1 => Just(Try::Open),
        2 => number.prop_map(|number| Try::Show { number }),
        1 => (1u8..5).prop_map(|node| Try::Leave { node }),
        6 => (1u64..600).prop_map(|minutes| Try::Pass { minutes }),
    ]
}

/// A net with a job, and how its tickets open.
struct Life {
    net: Net,
    job: UnitId,
    openings: Vec<Opening>,
}

impl Life {
    fn opening(&self, number: u32) -> Option<(u32, Opening)> {
        self.openings.get(number as usize).map(|opening| (number, opening.clone()))
    }

    fn ticket(&self, number: u32) -> Option<Ticket> {
        rendering::ticket(self.net.rows(), self.job, number)
    }

    fn go(&mut self, act: &Try) -> Option<()> {
        let job = self.job;
        let message = match act.clone() {
            Try::Pass { minutes } => {
                self.net.tick(Span::from_secs(60 * minutes));
                return Some(());
            }
            Try::Issue { frame, attempt, check, friend } => return self.issue(frame, attempt, check, friend),
            Try::Deliver { number, seen } => {
                let ticket = self.ticket(number)?;
                return self.send(
                    ticket.owner,
                    RenderingMessage::Deliver { job, number, handed: handed(job, number, ticket.node, seen) },
                );
            }
            Try::Decline { number } => return self.by_owner(number, RenderingMessage::Decline { job, number }),
            Try::Key { number } => {
                let keys = vec![(number, key(job, number))];
                return self.by_owner(number, RenderingMessage::OpenKeys { job, keys });
            }
            Try::Reveal { number, seen } => {
                let (pixels, salt) = (pixels(seen), salt(self.ticket(number)?.node));
                return self.by_owner(number, RenderingMessage::Reveal { job, number, pixels, salt });
            }
            Try::Settle { number, alike } => return self.by_owner(number, RenderingMessage::Settle { job, number, alike }),
            Try::Judge { number, left, right } => {
                let Step::Judging(third) = rendering::comparison(self.net.rows(), job, number)?.1.step else { return None };
                let owner = rendering::node(self.net.rows(), third)?.owner;
                return self.send(owner, RenderingMessage::Judge { job, number, left, right });
            }
            Try::Leave { node: n } => return self.send(owner(n), RenderingMessage::Leave { node: machine(n) }),
            Try::Compare { left, right } => {
                let message = RenderingMessage::Compare { job, left: self.opening(left)?, right: self.opening(right) };
                return self.send(GATEWAY, message);
            }
            Try::Approve { first, last } => RenderingMessage::Approve { job, first, last },
            Try::Reject { number } => {
                let opening = self.opening(number)?.1;
                RenderingMessage::Reject { job, number, opening, reason: RejectReason::Black }
            }
            Try::Dispute { number } => RenderingMessage::DisputeKey { job, number },
            Try::Fund { more } => RenderingMessage::Fund { job, more },
            Try::End => RenderingMessage::EndJob { job },
            Try::Open => RenderingMessage::OpenSecret { job, secret: K },
            Try::Show { number } => {
                let shown = vec![self.net.shown(&self.opening(number)?)];
                RenderingMessage::ShowTickets { job, shown }
            }
        };
        self.send(ARTIST, message)
    }

    fn send(&mut self, who: depin_quantity::Address, message: RenderingMessage) -> Option<()> {
        self.net.send(who, message).ok()
    }

    fn by_owner(&mut self, number: u32, message: RenderingMessage) -> Option<()> {
        let owner = self.ticket(number)?.owner;
        self.send(owner, message)
    }

    fn issue(&mut self, frame: u32, attempt: u8, check: bool, friend: bool) -> Option<()> {
        let job = self.job;
        let (nodes, row) = (self.net.nodes_of(job), rendering::job(self.net.rows(), job)?);
        let purpose = if check { Purpose::Check { of: 0 } } else { Purpose::Frame };
        let drawn = assigned(K, row.drawn?, frame, attempt, &nodes)?;
        let node = if friend { nodes.first()?.node } else { drawn.node };
        let salt = salt_of(K, job, node, frame, attempt, &purpose);
        let opening = Opening { frame, attempt, purpose, salt };
        let tickets = vec![Issued { hash: ticket_hash(job, node, &opening), node }];
        self.send(GATEWAY, RenderingMessage::Issue { job, tickets })?;
        self.openings.push(opening);
        Some(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// After every step the audits of economy and service hold, which add up every base unit, reserve and count; and in the end the job closes
    /// by itself, with nothing held, whatever anybody did or left.
    #[test]
    fn whatever_people_do_the_sums_hold_and_the_job_ends(acts in proptest::collection::vec(tries(), 1..60), auto_approve: bool, held: bool) {
        let mut net = Net::of(&render(&[]), if held { HELD } else { MINTED }, 4);
        let job = net.drawn(NewJob { funds: 60_000, auto_approve, ..new_job() });
        let mut life = Life { net, job, openings: Vec::new() };
        for act in &acts {
            life.go(act);
        }
        for _ in 0..60 {
            life.net.tick(Span::from_secs(12 * 3_600));
        }
        let row = rendering::job(life.net.rows(), job);
        prop_assert!(row.as_ref().is_none_or(|row| row.state == JobState::Closed), "{row:?}");
        let totals = life.net.totals();
        prop_assert_eq!((totals.open_jobs, totals.open_tickets, totals.pending_tickets, totals.comparisons_open), (0, 0, 0, 0));
        let held = life.net.network.economy().reads(life.net.rows(), life.net.now);
        prop_assert!(held.balance(depin_economy::Account::Hold(job), RENDER).is_zero());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// In whatever order keys are opened, each node has as much for the same frame, but for the base unit that flooring moves; and no base unit is lost.
    #[test]
    fn the_order_of_keys_moves_no_money(order in Just(vec![0u32, 1, 2, 3]).prop_shuffle(), worked in proptest::collection::vec(1u64..110, 4)) {
        let paid = |order: &[u32]| {
            let mut net = Net::of(&render(&[]), HELD, 4);
            let (artist, job) = (net.held(ARTIST), net.drawn(new_job()));
            for (frame, seconds) in (0..4).zip(&worked) {
                let (number, _) = net.issue(job, frame, 0, Purpose::Frame);
                net.tick(Span::from_secs(120));
                let ticket = net.ticket(job, number);
                let worked = Span::from_secs(*seconds);
                let handed = Handed { worked, ..handed(job, number, ticket.node, 7) };
                net.ok(ticket.owner, RenderingMessage::Deliver { job, number, handed });
            }
            net.approve(job, 0, 3);
            let had: u128 = (1..=4).map(|n| net.held(owner(n))).sum();
            let each: Vec<(u32, u128)> = order
                .iter()
                .map(|number| {
                    let owner = net.ticket(job, *number).owner;
                    let before = net.held(owner);
                    net.open_key(job, *number);
                    (*number, net.held(owner) - before)
                })
                .collect();
            let now: u128 = (1..=4).map(|n| net.held(owner(n))).sum();
            assert_eq!(each.iter().map(|(_, paid)| paid).sum::<u128>(), now - had);
            net.ok(ARTIST, RenderingMessage::EndJob { job });
            // The bond goes back or is paid; until then the hold has what was not paid.
            let held = net.network.economy().reads(net.rows(), net.now).balance(depin_economy::Account::Hold(job), RENDER).get();
            assert_eq!(artist - net.held(ARTIST), (now - had) + held);
            let mut each = each;
            each.sort_unstable();
            each
        };
        let (one, other) = (paid(&order), paid(&[0, 1, 2, 3]));
        for ((_, one), (_, other)) in one.into_iter().zip(other) {
            prop_assert!(one.abs_diff(other) <= 1, "{one} and {other}");
        }
    }
}
