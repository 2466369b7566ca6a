//! Reporters say what was delivered, in batches that are taken once.

use super::{
    due::Job,
    error::MeteredError,
    event::MeteredEvent,
    message::{ENTRIES_MAX, Evidence, REPORT_ID_MAX, Report, TEXT_MAX},
    rows::{Batch, BatchOf, BatchState, Order},
    service::Metered,
};
use crate::context::Context;
use depin_economy::Refusal;
use depin_quantity::{Address, Name, UnitId, Units};

/// The id under which a batch is kept and its price is held: that of its order and the id that its reporter chose.
pub fn batch_id(order: UnitId, id: UnitId) -> UnitId {
    UnitId::derive("depin-metered-batch", &[&order.get(), &id.get()])
}

/// A text that is no reporter's id of a batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id has 1 to {REPORT_ID_MAX} printable ASCII characters, and this one has {bytes} bytes or others; choose another")]
pub struct ReportIdError {
    /// How long it is.
    pub bytes: usize,
}

/// Refuses a text that cannot be a reporter's id; whoever takes such texts asks this first.
///
/// # Errors
/// [`ReportIdError`], which says the bounds.
pub fn check_report_id(text: &str) -> Result<(), ReportIdError> {
    if text.is_empty() || text.len() > REPORT_ID_MAX || !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(ReportIdError { bytes: text.len() });
    }
    Ok(())
}

/// A reporter's id out of a text, such as the number of an invoice or a request; [`check_report_id`] says which texts are taken.
pub fn report_id(text: &str) -> UnitId {
    UnitId::derive("depin-metered-report", &[text.as_bytes()])
}

impl Context<'_, Metered> {
    pub(super) fn report(&mut self, sender: Address, reports: &[Report]) -> Result<(), MeteredError> {
        check_count(reports)?;
        reports.iter().try_for_each(|report| self.take_report(sender, report))
    }

    /// Order of refusals: evidence, order, reporter, conflict, ended, operator, units, batches, cap.
    fn take_report(&mut self, sender: Address, report: &Report) -> Result<(), MeteredError> {
        check_evidence(&report.evidence)?;
        let Report { order: id, units, .. } = *report;
        let mut order = self.order(id)?;
        let reporter = self.reporter_of(&order);
        if reporter != Some(sender) {
            return Err(MeteredError::NotTheReporter { order: id, is: reporter });
        }
        let batch = batch_id(id, report.id);
        if let Some(known) = self.state().get::<Batch>(&batch) {
            return self.repeat(batch, &known, report);
        }
        self.takes_units(id, &order)?;
        if self.operator(order.operator)?.expelled {
            return Err(MeteredError::Expelled(order.operator));
        }
        let (units_most, batches_most) = (self.params().units_most, self.params().batches_most);
        if units == 0 || units > units_most {
            return Err(MeteredError::Units { given: units, most: units_most });
        }
        if order.batches >= batches_most {
            return Err(MeteredError::Batches { order: id, most: batches_most });
        }
        let amount = self.hold_price(batch, id, &order, units)?;
        self.keep(batch, &mut order, report, amount)
    }

    /// Who reports the units of an order.
    fn reporter_of(&self, order: &Order) -> Option<Address> {
        match self.params().reporter {
            Some(role) => self.role(role),
            None => Some(order.reporter.unwrap_or(order.operator)),
        }
    }

    fn repeat(&mut self, batch: UnitId, known: &Batch, report: &Report) -> Result<(), MeteredError> {
        if known.units != report.units || known.evidence != report.evidence {
            return Err(MeteredError::BatchConflict { order: report.order, id: report.id });
        }
        self.emit(MeteredEvent::BatchRepeated { order: report.order, batch });
        Ok(())
    }

    fn hold_price(&mut self, batch: UnitId, id: UnitId, order: &Order, units: u64) -> Result<Units, MeteredError> {
        let held = self.hold_batch(batch, id, order.price(units)?);
        held.map_err(|error| match error {
            MeteredError::Economy(Refusal::Underfunded { token: currency, needed, has: left }) => {
                MeteredError::CapExceeded { order: id, currency, needed, left }
            }
            other => other,
        })
    }

    /// Writes a new batch whose price is held, and pays it at once where nobody can dispute it.
    fn keep(&mut self, id: UnitId, order: &mut Order, report: &Report, amount: Units) -> Result<(), MeteredError> {
        let now = self.now();
        let payable_at = self.params().disputes.map_or(now, |disputes| now.later(disputes.window));
        let batch = Batch {
            order: report.order,
            id: report.id,
            number: order.batches,
            units: report.units,
            evidence: report.evidence.clone(),
            at: now,
            amount,
            counted: 0,
            paid: Units::ZERO,
            open: report.units,
            held: amount,
            state: BatchState::Pending { payable_at },
        };
        order.held = order.held.plus(amount)?;
        order.batches += 1;
        order.pending += 1;
        self.state().put(&id, &batch);
        self.state().put(&(report.order, batch.number), &BatchOf(id));
        self.state().put(&report.order, order);
        self.totals(|totals| {
            totals.batches += 1;
            totals.pending_batches += 1;
            totals.reported = totals.reported.saturating_add(report.units.into());
        });
        let (order_id, parties, units) = (report.order, order.parties(), report.units);
        self.emit(MeteredEvent::BatchReported { order: order_id, batch: id, parties, units, amount, payable_at });
        if self.params().disputes.is_none() {
            return self.settle(id, report.units);
        }
        self.schedule(payable_at, Job::Pay(id));
        Ok(())
    }
}

/// Refuses a message without a report, or with too many.
pub(super) const fn check_count<T>(entries: &[T]) -> Result<(), MeteredError> {
    if entries.is_empty() || entries.len() > ENTRIES_MAX { Err(MeteredError::Entries(entries.len())) } else { Ok(()) }
}

/// Refuses a pointer that is too long or not printable.
///
/// # Errors
/// [`MeteredError::Text`].
pub fn check_evidence(evidence: &Evidence) -> Result<(), MeteredError> {
    match &evidence.pointer {
        Some(pointer) if pointer.is_empty() || pointer.len() > TEXT_MAX || !is_printable(pointer) => {
            Err(MeteredError::Text(shortened(pointer), "pointer to evidence"))
        }
        _ => Ok(()),
    }
}

/// Refuses a name that a command line would take for an option, or a shell for a folder.
pub(super) fn check_name(name: Name) -> Result<(), MeteredError> {
    if name.as_str().starts_with(['-', '.']) { Err(MeteredError::Name(name)) } else { Ok(()) }
}

/// Refuses a URL that is neither empty nor one of http or https with a host.
pub(super) fn check_url(url: &str) -> Result<(), MeteredError> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).and_then(|rest| rest.split('/').next());
    let fits = url.len() <= TEXT_MAX && is_printable(url) && host.is_some_and(|host| !host.is_empty());
    if url.is_empty() || fits { Ok(()) } else { Err(MeteredError::Text(shortened(url), "URL")) }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\'))
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
