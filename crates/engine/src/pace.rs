//! When to propose: not sooner than the pace allows, and when there is something to propose, at the latest at the heartbeat.
//!
//! Stands before the engine's state actor on purpose: that actor applies no finalized block while it builds one, so waiting
//! inside [`Machine::propose`] would delay the finality of the block before by the heartbeat.

use crate::{
    application::Adapter,
    block::{Block, Context},
    clock::Clock,
    config::Config,
    machine::Machine,
    store::Runtime,
};
use commonware_consensus::{Application, Handoff, marshal::ancestry::Ancestry, simplex::scheme::ed25519::Scheme};
use commonware_cryptography::Digested;
use commonware_glue::stateful::Mailbox;
use commonware_runtime::{Clock as _, Spawner as _};
use futures::future::{Either, pending, select};
use std::{pin::pin, sync::Arc, time::Duration};

#[derive(Clone)]
pub(crate) struct Paced {
    inner: Mailbox<Runtime, Adapter>,
    machine: Arc<dyn Machine>,
    pace: Duration,
    heartbeat: Duration,
    clock: Arc<Clock>,
}

impl Paced {
    pub(crate) fn new(inner: Mailbox<Runtime, Adapter>, machine: Arc<dyn Machine>, config: &Config) -> Self {
        Self { inner, machine, pace: config.pace, heartbeat: config.heartbeat, clock: config.clock.clone() }
    }

    /// Waits until a block on a parent with wall clock `parent_ms` is due. Bounded by `pace + heartbeat`, whatever the clocks say.
    async fn due(&self, runtime: &Runtime, parent_ms: u64) {
        self.clock.see(parent_ms);
        let since = Duration::from_millis(self.clock.now_ms().saturating_sub(parent_ms));
        let pause = self.pace.saturating_sub(since);
        if !pause.is_zero() {
            runtime.sleep(pause).await;
        }
        let rest = self.heartbeat.saturating_sub(since.max(self.pace));
        let ready = self.machine.ready();
        if let Either::Right(_) = select(ready, pin!(runtime.sleep(rest))).await {
            tracing::trace!("heartbeat");
        }
    }
}

impl Application<Runtime> for Paced {
    type SigningScheme = Scheme;
    type Context = Context;
    type Block = Block;
    type Input = ();

    async fn prepare(&mut self, _: (Runtime, Context), _: impl Ancestry<Block>, (): ()) -> Handoff<Digested<Block>> {
        // The adapter never builds on an uncertified parent, so there is nothing to ask it for.
        Handoff::Wait
    }

    async fn propose(&mut self, context: (Runtime, Context), ancestry: impl Ancestry<Block>, (): ()) -> Option<Digested<Block>> {
        let parent_ms = ancestry.peek().map_or(0, |parent| parent.inner().header().stamp().wall);
        self.due(&context.0, parent_ms).await;
        self.inner.propose(context, ancestry, ()).await
    }

    async fn verify(&mut self, context: (Runtime, Context), ancestry: impl Ancestry<Block>) -> bool {
        // The state actor may be the first to go when the engine stops, and the call would take its silence for a fault. Nobody
        // waits for an answer then: consensus goes as well.
        let verdict = {
            let stopped = pin!(context.0.stopped());
            match select(stopped, pin!(self.inner.verify(context, ancestry))).await {
                Either::Left(_) => None,
                Either::Right((valid, _)) => Some(valid),
            }
        };
        match verdict {
            Some(valid) => valid,
            None => pending().await,
        }
    }
}
