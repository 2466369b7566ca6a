//! `depin lease probe`: how available a lease is, as its tenant finds it, signed for the provider to sign too.
//!
//! Each probe asks for what the lease's users ask for. What came of all probes of a period is signed when the period is over, and sent to
//! the provider, which signs the same unless its own looks contradict it. Usually the provider hands the report in; when half of the time
//! for that is over, the tenant does.

use super::{
    gate::{Gate, Visitor},
    place::Place,
};
use crate::{
    args::LeaseProbeArgs,
    error::{CliError, Result},
    output::in_time,
};
use depin_client::{
    Reach, SigningKey,
    api::{LeaseAvailability, LeasingLease},
    lease::{Prober, Target, sign_report, targets},
};
use depin_quantity::{Instant, Name, Span};
use depin_services::leasing::{AvailabilityReport, BidId, LeasingMessage, SignedReport};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// Periods that are remembered: those that may still be reported, and the one that runs.
const PERIODS_MAX: usize = 8;

/// Probes of one period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    probes: u32,
    answered: u32,
    /// What the provider signed of it.
    signed: Option<SignedReport>,
    /// Whether it was told that the provider does not sign.
    refused: bool,
}

/// Probes of a lease, by period.
#[derive(Debug, Default)]
struct Counts(BTreeMap<u64, Count>);

impl Counts {
    fn note(&mut self, period: u64, answered: bool) {
        let count = self.0.entry(period).or_default();
        count.probes = count.probes.saturating_add(1);
        count.answered = count.answered.saturating_add(answered.into());
        while self.0.len() > PERIODS_MAX {
            self.0.pop_first();
        }
    }

    /// Periods that are over and not decided, the oldest first; what is decided is forgotten.
    fn over(&mut self, next: u64, present: u64) -> Vec<u64> {
        self.0.retain(|period, _| *period >= next);
        self.0.range(..present).map(|(period, _)| *period).collect()
    }
}

/// What happened to a period.
#[derive(Serialize)]
struct Said<'a> {
    lease: String,
    period: u64,
    probes: u32,
    answered: u32,
    what: &'a str,
}

/// What is worked with.
struct Watch<'a> {
    at: &'a Place<'a>,
    gate: Gate,
    key: SigningKey,
    from: &'a str,
    chain: Name,
    counts: Counts,
    done: u32,
}

pub(super) async fn probe(args: &LeaseProbeArgs, at: &Place<'_>) -> Result<()> {
    if args.gate.token.is_some() {
        return Err(CliError::refused("token", "a report is the tenant's own word, so no token makes one")
            .hint("name the tenant's key with --from"));
    }
    let network = at.leasing().network().await?;
    let Some(terms) = network.availability else {
        return Err(CliError::refused(
            "no-availability",
            "this network pays leases whatever their availability is, so there is nothing to report",
        )
        .hint("a network's file pays by it with [service.leasing.availability]"));
    };
    let visitor = Visitor::of(at, &args.gate).await?;
    let gate = visitor.one(at, args.dseq, &args.gate).await?;
    let reach = if args.gate.local_network || at.is_home() { Reach::local() } else { Reach::public() };
    let prober = Prober::new(reach).map_err(|error| CliError::broken("http", error))?;
    let key = at.remote.key(&args.gate.tenant.from)?;
    let (chain, from) = (at.status.chain_id, args.gate.tenant.from.as_str());
    let mut watch = Watch { at, gate, key, from, chain, counts: Counts::default(), done: 0 };
    let mut known: Vec<Target> = Vec::new();
    at.out.note(format_args!(
        "probes every {}; a period is {} of ledger time, and {} of one without a report is paid",
        args.every.0,
        Span::from_millis(terms.period_ms),
        terms.unreported
    ));
    loop {
        let Some((lease, availability, now)) = watch.look().await? else {
            at.out.note("the lease is over");
            return Ok(());
        };
        if let Ok(status) = watch.gate.gateway.lease_status(watch.gate.at()).await {
            let found = targets(&status);
            // What it had once is what users know; a provider that forgets it does not answer.
            known = if found.is_empty() { known } else { found };
            if known.is_empty() && !status.services.is_empty() {
                return Err(CliError::refused("nothing-to-probe", "no service of the lease is reached from outside")
                    .hint("services with a port for the world are probed: `expose` with `to: [{global: true}]`"));
            }
        }
        let answers = futures::future::join_all(known.iter().map(|target| prober.answers(target))).await;
        let period = now.get().saturating_sub(availability.began.instant().get()) / terms.period_ms.max(1);
        watch.counts.note(period, !answers.is_empty() && answers.iter().all(|answers| *answers));
        let late = availability.ends.instant().later(Span::from_millis(terms.within_ms / 2));
        watch.report(lease.id, &availability, period, now >= late).await?;
        if args.periods.is_some_and(|most| watch.done >= most) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(args.every.0.get())).await;
    }
}

impl Watch<'_> {
    /// The lease as the ledger has it now; none when it is over.
    async fn look(&self) -> Result<Option<(LeasingLease, LeaseAvailability, Instant)>> {
        let now = self.at.remote.client.status().await?.time_ms;
        let found = self.at.leasing().lease(self.gate.lease.id).await?;
        Ok(found.and_then(|lease| {
            let availability = lease.availability.clone().filter(|_| lease.state.runs())?;
            Some((lease, availability, Instant::new(now)))
        }))
    }

    /// Has the provider sign what is over, and hands in what it does not.
    async fn report(&mut self, lease: BidId, availability: &LeaseAvailability, present: u64, late: bool) -> Result<()> {
        for period in self.counts.over(availability.next, present) {
            let Some(count) = self.counts.0.get(&period).copied() else { continue };
            let Count { probes, answered, .. } = count;
            if count.signed.is_none() {
                let own = sign_report(&self.key, self.chain, AvailabilityReport { lease, period, probes, answered });
                match self.gate.gateway.report(self.gate.at(), &own).await {
                    Ok(signed) => {
                        self.done = self.done.saturating_add(1);
                        self.say(lease, period, count, "both signed it")?;
                        self.counts.0.insert(period, Count { signed: Some(signed), ..count });
                    }
                    Err(error) if !count.refused => {
                        let until = in_time(self.at.now(), availability.closes.instant());
                        self.at
                            .out
                            .warn(format_args!("period {period}, {answered} of {probes} answered: {error}; asked again {until}"));
                        self.counts.0.insert(period, Count { refused: true, ..count });
                    }
                    Err(_) => {}
                }
            }
            let signed = self.counts.0.get(&period).and_then(|count| count.signed);
            if let Some(signed) = signed.filter(|_| late && period == availability.next) {
                let sender = self.at.sender(self.from)?;
                let message = LeasingMessage::ReportAvailability(vec![signed]);
                self.at.send(&sender, message, "handing the report in").await?;
                self.say(lease, period, count, "handed in")?;
            }
        }
        Ok(())
    }

    fn say(&self, lease: BidId, period: u64, count: Count, what: &str) -> Result<()> {
        let Count { probes, answered, .. } = count;
        let said = Said { lease: lease.to_string(), period, probes, answered, what };
        self.at.out.line(&said, |_| format!("period {period}: {answered} of {probes} probes answered; {what}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_and_not_decided_is_reported() {
        let mut counts = Counts::default();
        for (period, answered) in [(3, true), (3, false), (3, true), (4, true), (6, false)] {
            counts.note(period, answered);
        }
        assert_eq!((counts.0[&3].probes, counts.0[&3].answered), (3, 2));
        assert_eq!(counts.over(3, 6), [3, 4], "the sixth is not over");
        assert_eq!(counts.over(4, 7), [4, 6]);
        assert!(!counts.0.contains_key(&3), "decided");
        (10..200).for_each(|period| counts.note(period, true));
        assert_eq!(counts.0.len(), PERIODS_MAX);
    }
}
