//! Signs rounds as they come and listens to the others.

use super::Beacon;
use crate::{
    machine::{Machine, Parent},
    network::Channel,
    progress::{Progress, Tip},
    store::Runtime,
};
use commonware_p2p::{Receiver as _, Recipients, Sender};
use commonware_runtime::Clock as _;
use std::{
    future::pending,
    sync::Arc,
    time::{Duration, Instant},
};

/// How long a round may not come before a member sends its signature again: who was away when it was sent has it then.
const AGAIN: Duration = Duration::from_secs(1);

/// Runs as long as the engine. A chain without a beacon has nothing to do here.
pub(crate) async fn run(
    runtime: Runtime,
    beacon: Arc<Beacon>,
    machine: Arc<dyn Machine>,
    progress: Arc<Progress>,
    (mut sender, mut receiver): Channel,
) {
    if !beacon.runs() {
        return pending().await;
    }
    // The machine answers nothing before it holds rows.
    if progress.databases().wait_for(Option::is_some).await.is_err() {
        return;
    }
    let mut tips = progress.tips();
    let (mut next, mut own, mut sent) = (0, None, Instant::now());
    loop {
        let tip = tips.borrow_and_update().clone();
        if let Some(round) = next_round(&*machine, &tip).filter(|round| *round != next) {
            next = round;
            own = beacon.turn(next);
            sent = send(&mut sender, own.as_deref());
        }
        tokio::select! {
            heard = receiver.recv() => match heard {
                Ok((from, message)) => beacon.hear(&from, message.as_ref(), next),
                // The network is gone, and the engine with it.
                Err(_) => return,
            },
            changed = tips.changed() => if changed.is_err() { return },
            () = runtime.sleep(AGAIN.saturating_sub(sent.elapsed())) => sent = send(&mut sender, own.as_deref()),
        }
    }
}

/// Sends a member's signature to all; gives when.
fn send(sender: &mut impl Sender, message: Option<&[u8]>) -> Instant {
    if let Some(message) = message {
        sender.send(Recipients::All, message.to_vec(), false);
    }
    Instant::now()
}

/// The round that comes after a final block; `None` also while a later block is being applied.
fn next_round(machine: &dyn Machine, tip: &Tip) -> Option<u64> {
    let parent = Parent { digest: tip.digest, height: tip.height, stamp: tip.stamp };
    machine.next_round(&parent).ok().flatten()
}
