//! What a device's daemon knows: the device, its hour and its hire on the ledger, and what it has of its own about them.

use super::{
    answer::Sought,
    host::{NodeNow, Wanted},
    seats::{plan_of, rank_of, seats},
    store::{HourKept, Store},
    task::ClusterTask,
};
use crate::operator::{Look, RoundError};
use depin_client::api::{ClusterDevice, ClusterHire, ClusterHour, ClustersNetwork};
use depin_cluster::Program;
use depin_quantity::{ContentHash, Instant, UnitId};
use depin_services::clusters::{ClusterKind, HireState, HourState, Profile};
use std::collections::BTreeMap;

/// Refusals that are remembered.
const REFUSED_KEPT: usize = 64;

/// What is known.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The device.
    pub device: Option<UnitId>,
    /// Its entry; none before it registered.
    pub entry: Option<ClusterDevice>,
    /// What the network allows.
    pub network: Option<ClustersNetwork>,
    /// The hour in which it is checked next.
    pub hour: Option<ClusterHour>,
    /// The hire that it works for.
    pub hire: Option<ClusterHire>,
    /// What the devices of that hire claim.
    pub profiles: BTreeMap<UnitId, Profile>,
    /// What its hirer gave to run.
    pub program: Option<Program>,
    /// Hours that were worked on, the latest first.
    pub hours: Vec<HourKept>,
    /// How its node is.
    pub node: NodeNow,
    /// Ledger time of the last look.
    pub now: Instant,
    /// Whether this process said once that the device is ready again.
    pub readied: bool,
    /// What the ledger refused, by hour and whether it was an attendance: sent again it would cost a fee again.
    pub refused: BTreeMap<(u64, bool), String>,
    /// What is being said in this round.
    pub(super) saying: Vec<ClusterTask>,
}

/// The program that a hirer's bytes are.
pub(super) fn program_of(body: &[u8]) -> Result<Program, String> {
    serde_json::from_slice(body).map_err(|error| format!("what the hirer gave is no program: {error}"))
}

impl View {
    /// Reads everything that the ledger says of the device.
    pub(super) async fn read(&mut self, look: Look<'_>, device: UnitId) -> Result<(), RoundError> {
        let clusters = look.client.clusters();
        self.device = Some(device);
        if look.dirty.all || self.network.is_none() {
            self.network = Some(clusters.network().await?);
        }
        self.entry = clusters.device(device).await?;
        let entry = self.entry.as_ref().filter(|entry| entry.active);
        self.hour = match entry.and_then(|entry| entry.due) {
            Some(hour) => clusters.hour(hour).await?,
            None => None,
        };
        self.hire = match entry.and_then(|entry| entry.hire) {
            Some(hire) => clusters.hire(hire).await?,
            None => None,
        };
        let members: Vec<UnitId> = self.hire.iter().flat_map(|hire| &hire.slots).map(|slot| slot.device).collect();
        self.profiles.retain(|device, _| members.contains(device));
        for member in members {
            // A hired device keeps its profile.
            if !self.profiles.contains_key(&member)
                && let Some(found) = clusters.device(member).await?
            {
                self.profiles.insert(member, found.terms.profile);
            }
        }
        Ok(())
    }

    /// Adds what the daemon has of its own.
    pub(super) async fn add_own(&mut self, store: &Store, node: NodeNow) -> Result<(), RoundError> {
        self.hours = store.hours().await?;
        self.node = node;
        let image = self.hire.as_ref().filter(|hire| hire.terms.kind == ClusterKind::Processes).map(|hire| hire.terms.image);
        self.program = match image {
            // What is no program was not taken in.
            Some(image) => store.program(image).await?.and_then(|body| program_of(&body).ok()),
            None => None,
        };
        Ok(())
    }

    /// The work of the hour, while it can still be answered.
    pub(super) fn sought(&self) -> Option<Sought> {
        let (entry, network, hour) = (self.entry.as_ref()?, self.network.as_ref()?, self.hour.as_ref()?);
        let (seed, opened) = (hour.seed?, hour.opened.as_ref()?);
        let is_open = entry.active
            && entry.due == Some(hour.hour)
            && matches!(hour.state, HourState::InProgress)
            && self.now.get() <= opened.ms.saturating_add(network.within_ms);
        let hired = entry.hire.is_some();
        // Whoever runs nothing for its hirer does not say that it is there.
        let is_there = !hired || self.node.running || self.node.coming;
        (is_open && is_there).then_some(Sought {
            hour: hour.hour,
            seed,
            profile: entry.terms.profile,
            scale: network.work,
            limit_ms: network.limit_ms,
            checker: network.checker,
            hired,
        })
    }

    /// The node that is to run here.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        let hire = self.hire.as_ref().filter(|hire| hire.state == HireState::Running)?;
        let rank = rank_of(hire, self.device?)?;
        let plan = plan_of(hire, &self.profiles, self.program.clone());
        Some(Wanted { hire: hire.hire, rank, seats: seats(hire), plan })
    }

    /// The program that its hire is for, if it waits for one.
    pub(super) fn image(&self) -> Option<ContentHash> {
        let hire = self.hire.as_ref()?;
        (hire.terms.kind == ClusterKind::Processes && self.program.is_none()).then_some(hire.terms.image)
    }

    /// Takes note of what was said in a round without a refusal.
    pub(super) fn note_said(&mut self, refused: bool) {
        let said = std::mem::take(&mut self.saying);
        self.readied |= !refused && said.iter().any(|task| matches!(task, ClusterTask::Ready(_)));
    }

    /// Takes note of what the ledger refused.
    pub(super) fn note_refused(&mut self, task: &ClusterTask, why: &str) {
        let key = match task {
            ClusterTask::Answer(answer) => (answer.hour, false),
            ClusterTask::Attend(seen) => (seen.hour, true),
            ClusterTask::Ready(_) => return,
        };
        self.refused.insert(key, why.to_owned());
        while self.refused.len() > REFUSED_KEPT {
            self.refused.pop_first();
        }
    }

    /// What the daemon itself has to say about an hour.
    pub fn why(&self, hour: u64) -> String {
        if let Some(why) = self.refused.get(&(hour, false)).or_else(|| self.refused.get(&(hour, true))) {
            return format!("the ledger refused what was sent: {why}");
        }
        match self.hours.iter().find(|kept| kept.hour == hour) {
            None => "this daemon did not see the hour: it was not running, or its node was away".to_owned(),
            Some(kept) if !kept.note.is_empty() => kept.note.clone(),
            Some(kept) if kept.stamped.is_some() => "it was answered, and the answer was not on the ledger in time: the node was away, or refused it (then `problems` has its words)".to_owned(),
            Some(kept) if kept.answer.is_some() => "it was solved, and the checker did not sign in time".to_owned(),
            Some(_) => "the work was not done before the hour was over".to_owned(),
        }
    }
}
