//! Streams that are paid by measure: what is collected, what goes back, how they end.

mod market;
mod support;

use depin_economy::*;
use depin_quantity::{Instant, Name, Share, UnitId};
use market::*;
use proptest::prelude::*;
use support::*;

fn share(percent: u32) -> Share {
    Share::new(percent * 10_000_000).unwrap()
}

fn by_measure(kind: Name, deposit: u128, rate: u128) -> World {
    let mut world = market();
    open(&mut world, unit(1), kind, CLIENT, of(NET, deposit)).unwrap();
    run(&mut world, unit(11), unit(1), party(1), of(NET, rate), 0).unwrap();
    world.accept(Record::Stream(StreamRecord::ByMeasure { id: unit(11) }));
    world
}

/// Measures up to so many blocks ago; gives what went back.
fn measure(world: &mut World, id: UnitId, blocks_ago: u64, percent: u32) -> u128 {
    let until = Instant::new(world.now.get() - blocks_ago * BLOCK.get());
    world.accept(Record::Stream(StreamRecord::Measure { id, until, share: share(percent) })).moved.get()
}

fn stream(world: &World) -> (u128, u128) {
    let now = world.reads().stream(unit(11)).unwrap();
    (now.due.get(), now.waits.get())
}

#[test]
fn nothing_is_collected_before_it_is_measured_and_what_was_not_earned_goes_back() {
    let mut world = by_measure(LEASE, 6 * ONE, 1_000);
    blocks(&mut world, 10);
    assert_eq!((stream(&world), collect(&mut world, unit(11))), ((0, 10_000), 0));
    assert_eq!(measure(&mut world, unit(11), 4, 75), 1_500);
    assert_eq!((stream(&world), collect(&mut world, unit(11))), ((4_500, 4_000), 4_500));
    // The same stretch again, and one before it: measured already.
    assert_eq!((measure(&mut world, unit(11), 4, 0), measure(&mut world, unit(11), 9, 0)), (0, 0));
    world.check();
    assert_eq!(world.reads().escrow_free(unit(1)), Some(units(6 * ONE - 10_000 + 1_500)));
    assert_eq!(measure(&mut world, unit(11), 0, 0), 4_000);
    assert_eq!(collect(&mut world, unit(11)), 0);
    world.check();
}

#[test]
fn a_stream_that_ends_is_paid_as_it_was_measured_last() {
    for (percent, gets) in [(None, 10_000), (Some(50), 3_000 + 2_000), (Some(0), 0), (Some(100), 10_000)] {
        let mut world = by_measure(LEASE, 6 * ONE, 1_000);
        blocks(&mut world, 10);
        if let Some(percent) = percent {
            measure(&mut world, unit(11), 4, percent);
        }
        let now = world.now;
        close(&mut world, unit(11), "agreed", now).unwrap();
        world.check();
        // A tenth of each payment is the network's.
        assert_eq!(held(&world, party(1), NET) - 10_000 * ONE, gets * 9 / 10, "{percent:?}");
        assert_eq!(world.reads().escrow_free(unit(1)), Some(units(6 * ONE - gets)));
    }
}

#[test]
fn an_escrow_that_runs_out_gives_back_what_was_not_earned() {
    let mut world = by_measure(LEASE, 5 * ONE, ONE);
    blocks(&mut world, 2);
    assert_eq!(measure(&mut world, unit(11), 0, 50), ONE);
    // What came back pays for another block.
    blocks(&mut world, 4);
    assert!(world.reads().stream(unit(11)).is_some());
    blocks(&mut world, 1);
    assert!(world.reads().stream(unit(11)).is_none() && world.reads().escrow(unit(1)).is_none());
    assert_eq!(held(&world, party(1), NET), 10_000 * ONE + (ONE + 2 * ONE) * 9 / 10);
    assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 3 * ONE);
    world.check();
}

#[test]
fn an_ordered_escrow_gives_whole_units_back_as_its_owners_deposit() {
    let mut world = by_measure(RENT, 100, 7);
    deposit(&mut world, unit(1), party(2), of(NET, 50)).unwrap();
    blocks(&mut world, 3);
    // 21 accrued; a third and a bit is 7.14, which is rounded down.
    assert_eq!(measure(&mut world, unit(11), 0, 34), 14);
    assert_eq!(collect(&mut world, unit(11)), 7);
    world.check();
    let now = world.now;
    close(&mut world, unit(11), "agreed", now).unwrap();
    world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
    assert_eq!((held(&world, CLIENT, NET), held(&world, party(2), NET)), (10_000 * ONE - 7, 10_000 * ONE));
    world.check();
}

#[test]
fn only_active_open_ended_streams_are_paid_by_measure_and_only_once() {
    let mut world = by_measure(LEASE, 6 * ONE, 1_000);
    let by = |id| Record::Stream(StreamRecord::ByMeasure { id });
    assert_eq!(world.record(by(unit(11))), Err(Refusal::Duplicate { what: Topic::Stream }));
    assert_eq!(world.record(by(unit(99))), Err(Refusal::Unknown { what: Topic::Stream }));
    run(&mut world, unit(12), unit(1), party(1), of(NET, 1), 0).unwrap();
    let until = world.now;
    let unmeasured = world.record(Record::Stream(StreamRecord::Measure { id: unit(12), until, share: share(0) }));
    assert_eq!(unmeasured, Err(Refusal::OutOfRange { what: Topic::Stream, reason: Limit::NotForThis }));
    world.check();
}

proptest! {
    /// Whatever is measured and collected in whatever order, nothing is lost, minted or paid twice.
    #[test]
    fn what_is_measured_is_conserved(
        ordered in any::<bool>(),
        rate in 1u128..900_000,
        steps in prop::collection::vec((0u8..4, 0u64..5, 0u32..=100), 1..30),
    ) {
        let kind = if ordered { RENT } else { LEASE };
        let mut world = by_measure(kind, 6 * ONE, rate);
        for (what, n, percent) in steps {
            if world.reads().stream(unit(11)).is_none() {
                break;
            }
            match what {
                0 | 1 => blocks(&mut world, n),
                2 => { measure(&mut world, unit(11), n.min(3), percent); }
                _ => { collect(&mut world, unit(11)); }
            }
            world.check();
        }
        if world.reads().stream(unit(11)).is_some() {
            let now = world.now;
            close(&mut world, unit(11), "agreed", now).unwrap();
            world.accept(Record::Escrow(EscrowRecord::Close { id: unit(1) }));
        }
        world.check();
        let got = held(&world, party(1), NET) - 10_000 * ONE;
        let paid = world.reads().usage(kind, NET).paid.get();
        // An ordered escrow that owes something keeps what is its owner's until it is paid.
        let kept = balance(&world, Account::Escrow(unit(1)), NET);
        prop_assert_eq!(held(&world, CLIENT, NET) + kept + paid, 10_000 * ONE, "what was paid is what the payer has less");
        prop_assert!(got <= paid);
    }
}

/// A block that is behind: the money is gone by the clock, and nothing that is due was done.
#[test]
fn a_measure_ends_no_stream_and_measures_no_more_than_the_money_lasts_for() {
    let mut world = by_measure(LEASE, 5 * ONE, ONE);
    world.now = world.now.later(depin_quantity::Span::from_millis(9 * BLOCK.get()));
    assert_eq!(measure(&mut world, unit(11), 0, 50), 5 * ONE / 2, "five blocks of nine");
    assert!(world.reads().escrow(unit(1)).is_some());
    world.check();
    world.close();
    world.check();
    // What came back pays for two more blocks and a half of what is past, by half.
    assert!(world.reads().escrow(unit(1)).is_none());
    assert_eq!(held(&world, CLIENT, NET), 10_000 * ONE - 5 * ONE / 2 - 5 * ONE / 4);
}
