//! When to propose: not sooner than the pace allows, and when there is something to propose, at the latest at the heartbeat.
//!
//! The heartbeat of a chain on which nothing happens stretches: each empty block doubles the wait for the next one, up to a bound. The
//! first transaction ends the wait at once and the next block is due after the usual heartbeat again; so does work that comes due.
//!
//! Stands before the engine's state actor on purpose: that actor applies no finalized block while it builds one, so waiting
//! inside [`Machine::propose`] would delay the finality of the block before by the heartbeat.

use crate::{
    application::Adapter,
    block::{Block, Context, Header},
    clock::Clock,
    config::Config,
    machine::Machine,
    progress::Progress,
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
    progress: Arc<Progress>,
    pace: Duration,
    heartbeat: Duration,
    heartbeat_idle: Duration,
    clock: Arc<Clock>,
}

impl Paced {
    pub(crate) fn new(
        inner: Mailbox<Runtime, Adapter>,
        machine: Arc<dyn Machine>,
        progress: Arc<Progress>,
        config: &Config,
    ) -> Self {
        let Config { pace, heartbeat, heartbeat_idle, .. } = *config;
        Self { inner, machine, progress, pace, heartbeat, heartbeat_idle, clock: config.clock.clone() }
    }

    /// Waits until a block on `parent` is due. Bounded by `pace` and the longest heartbeat, whatever the clocks say.
    async fn due(&self, runtime: &Runtime, parent: &Header) {
        let parent_ms = parent.stamp().wall;
        self.clock.see(parent_ms);
        let now = self.clock.now_ms();
        let since = Duration::from_millis(now.saturating_sub(parent_ms));
        let pause = self.pace.saturating_sub(since);
        if !pause.is_zero() {
            runtime.sleep(pause).await;
        }
        // Stamps that ran ahead are caught up with by every block.
        let heartbeat = if parent_ms > now { self.heartbeat } else { self.beat(parent) };
        let rest = heartbeat.saturating_sub(since.max(self.pace));
        let ready = self.machine.ready();
        if let Either::Right(_) = select(ready, pin!(runtime.sleep(rest))).await {
            tracing::trace!("heartbeat");
        }
    }

    /// How long after `parent` the next block comes at the latest.
    fn beat(&self, parent: &Header) -> Duration {
        let doubled = 2u32.saturating_pow(self.progress.empty_blocks(parent));
        let stretched = self.heartbeat.saturating_mul(doubled).min(self.heartbeat_idle);
        let wanted = self.machine.wanted(&parent.as_parent());
        let work = wanted.map_or(Duration::MAX, |wall| Duration::from_millis(wall.saturating_sub(parent.stamp().wall)));
        stretched.min(work).max(self.heartbeat)
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
        if let Some(parent) = ancestry.peek().map(|parent| parent.inner().header().clone()) {
            self.due(&context.0, &parent).await;
        }
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
