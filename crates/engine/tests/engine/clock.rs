//! Clocks that jump, stand in the future and come back.

use crate::{
    committee::{Net, agree},
    ledger::{Ledger, config, patiently, reach},
};
use depin_engine::{
    CLOCK_DRIFT_MS, CLOCK_JUMP, CLOCK_STEP_MS_MAX, Clock, ClockBehind, Config, End, Engine, Handle, Readings, SystemReadings,
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// The machine's clocks with a wall clock that the test sets, and a machine that the test suspends.
#[derive(Default)]
struct Set {
    wall: AtomicI64,
    slept: AtomicI64,
}

impl Set {
    fn by(wall: i64) -> Arc<Self> {
        Arc::new(Self { wall: wall.into(), slept: 0.into() })
    }

    fn set(&self, wall: i64) {
        self.wall.store(wall, Ordering::SeqCst);
    }

    fn clock(self: &Arc<Self>, accepted: Duration) -> Clock {
        Clock::new(self.clone(), CLOCK_JUMP, accepted)
    }
}

impl Readings for Set {
    fn wall_ms(&self) -> u64 {
        let set = self.wall.load(Ordering::SeqCst) + self.slept.load(Ordering::SeqCst);
        SystemReadings.wall_ms().checked_add_signed(set).expect("a time after 1970")
    }

    fn boot_ms(&self) -> u64 {
        SystemReadings.boot_ms() + self.slept.load(Ordering::SeqCst).unsigned_abs()
    }
}

fn start(folder: &Path, clock: Arc<Clock>) -> Handle {
    Engine::start(Config { clock, ..config(folder, 1) }, Ledger::new()).expect("the engine starts")
}

async fn wall(node: &Handle, height: u64) -> u64 {
    node.header(height).await.expect("the engine runs").expect("a final block").stamp().wall
}

/// How far the stamps went on over the next `blocks` blocks, and how long that took at most.
async fn pace(node: &Handle, blocks: u64) -> (u64, u64) {
    let (begun, from) = (Instant::now(), node.finalized().borrow().clone());
    let tip = reach(node, from.height + blocks).await;
    // The first of them may have been begun before.
    let heartbeats = 2_000;
    (tip.stamp.wall - from.stamp.wall, begun.elapsed().as_millis() as u64 + heartbeats)
}

#[test]
fn the_boot_clock_carries_the_time_over_a_jump_and_a_suspend_is_none() {
    let set = Set::by(0);
    let clock = set.clock(Duration::ZERO);
    let near = |time: u64, off: i64| (time as i64 - SystemReadings.wall_ms() as i64 - off).abs() < 5_000;
    let bound = CLOCK_JUMP.as_millis() as i64;
    set.set(bound - 5_000);
    assert!(near(clock.now_ms(), bound - 5_000), "a small step is followed");
    set.set(0);
    assert!(near(clock.now_ms(), 0) && clock.jumped_ms() == 0);
    for jump in [bound + 5_000, HOUR, -HOUR, 10 * YEAR] {
        set.set(jump);
        assert!(near(clock.now_ms(), 0), "a jump by {jump} ms is not followed");
        assert!((clock.jumped_ms() - jump).abs() < 5_000 && (clock.off_ms(0) + jump).abs() < 5_000);
    }
    set.set(0);
    assert_eq!((clock.jumped_ms(), clock.off_ms(0)), (0, 0), "a clock that is back is followed");
    set.slept.store(8 * HOUR, Ordering::SeqCst);
    assert!(near(clock.now_ms(), 8 * HOUR) && clock.jumped_ms() == 0, "a night asleep is no jump");
    let ahead = clock.off_ms(clock.now_ms() + 90_000);
    assert!((85_000..=90_000).contains(&ahead), "a stamp ahead of the time is told: {ahead}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jump_of_the_wall_clock_is_not_stamped() {
    let (folder, set) = (TempDir::new().expect("a folder"), Set::by(0));
    let node = start(folder.path(), Arc::new(set.clock(Duration::ZERO)));
    reach(&node, 2).await;
    for jump in [HOUR, -HOUR] {
        set.set(jump);
        let (passed, most) = pace(&node, 4).await;
        assert!((200..=most).contains(&passed), "{passed} ms were stamped in {most} ms");
    }
    set.set(0);
    set.slept.store(8 * HOUR, Ordering::SeqCst);
    let (passed, _) = pace(&node, 4).await;
    assert!(passed >= 8 * HOUR as u64, "a suspend is stamped, {passed} ms were");
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_behind_the_last_block_is_refused_and_when_accepted_the_chain_goes_on_by_steps() {
    let folder = TempDir::new().expect("a folder");
    let node = start(folder.path(), Arc::new(Set::by(10 * YEAR).clock(Duration::ZERO)));
    reach(&node, 3).await;
    assert_eq!(node.stop().await, End::Stopped);
    let last = node.finalized().borrow().clone();

    // By the drift or less it is none of anybody's business, by more it is refused, with the numbers.
    let right = Set::by(0);
    let clock = Arc::new(right.clock(Duration::from_millis(YEAR.unsigned_abs())));
    let refused = start(folder.path(), clock.clone());
    let End::ClockBehind(behind) = patiently("the refusal", refused.closed()).await else { panic!("the clock is behind") };
    let ClockBehind { height, stamp, wall: read } = behind;
    // The last block may be delivered once more, where the stop came before it was noted as delivered.
    assert!((last.height - 1..=last.height + 1).contains(&height), "{behind:?} after {last:?}");
    assert!(height < last.height || stamp >= last.stamp.wall, "{behind:?} after {last:?}");
    assert!(stamp - read > 9 * YEAR as u64, "{behind:?}");
    assert!(behind.to_string().contains(&stamp.to_string()), "{behind}");
    assert_eq!(clock.opening().expect("it was looked at").height, height);
    assert!(refused.opened().await.is_err());

    let node = start(folder.path(), Arc::new(right.clock(Duration::from_millis(10 * YEAR.unsigned_abs()))));
    reach(&node, height + 1).await;
    let (passed, most) = pace(&node, 8).await;
    assert!((300..=most / 2 + 500).contains(&passed), "{passed} ms were stamped in at most {most} ms; it should be half");
    for at in height + 2..=height + 8 {
        let step = wall(&node, at).await - wall(&node, at - 1).await;
        assert!((1..=CLOCK_STEP_MS_MAX).contains(&step), "a step of {step} ms");
    }
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn stamps_a_little_ahead_are_caught_up_with() {
    let folder = TempDir::new().expect("a folder");
    let node = start(folder.path(), Arc::new(Set::by(2_000).clock(Duration::ZERO)));
    reach(&node, 2).await;
    assert_eq!(node.stop().await, End::Stopped);
    let clock = Arc::new(Set::by(0).clock(Duration::MAX));
    let node = start(folder.path(), clock.clone());
    let mut tips = node.finalized();
    let caught_up = tips.wait_for(|tip| tip.height > 2 && clock.off_ms(tip.stamp.wall) == 0);
    patiently("the clock", caught_up).await.expect("the engine runs");
    assert_eq!(node.stop().await, End::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn four_validators_go_on_after_all_their_clocks_ran_ahead() {
    let net = Net::new();
    let nodes: Vec<_> = (0..4).map(|index| net.start_by(index, Set::by(YEAR).clock(Duration::ZERO))).collect();
    for node in &nodes {
        reach(node, 3).await;
    }
    for node in &nodes {
        assert_eq!(node.stop().await, End::Stopped);
    }
    let last = nodes.iter().map(|node| node.finalized().borrow().height).max().expect("four");
    drop(nodes);

    let nodes: Vec<_> = (0..4).map(|index| net.start_by(index, Set::by(0).clock(Duration::MAX))).collect();
    agree(&nodes.iter().collect::<Vec<_>>(), last + 6).await;
    let (passed, _) = pace(&nodes[0], 4).await;
    assert!(passed <= 4 * CLOCK_STEP_MS_MAX && passed > 4, "{passed} ms");
    assert!(wall(&nodes[0], last + 6).await > SystemReadings.wall_ms() + CLOCK_DRIFT_MS);
    for node in &nodes {
        assert_eq!(node.stop().await, End::Stopped);
    }
}
