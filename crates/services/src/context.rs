//! What a message or a due job works in: the service's parameters, its own rows, the meter, time and randomness, and where events go.
//!
//! Called by [`Live`](crate::Live), which makes one context per message. Absent on purpose: any way to another's rows. A service says
//! to the meter what happened, and the economy moves the tokens; that it cannot do so itself is checked when it is compiled.

use crate::service::Service;
use depin_economy::{Answer, BlockContext, Fixed, Meter, Notice, Price, Record, Refusal, Session, Sink};
use depin_quantity::{Address, Instant, Name, Seed, Span, Units};
use depin_state::{KeyBytes, Row, State};
use std::marker::PhantomData;

/// What a service runs on: the meter, with the rows and roles that it shares with the economy. Services see it through a
/// [`Context`] only.
pub trait Host: Meter {
    /// All rows.
    fn state(&mut self) -> &mut dyn State;

    /// Who fills a role of the network.
    fn role(&self, role: Name) -> Option<Address>;

    /// What a charge would take now, and in what.
    ///
    /// # Errors
    /// Unknown kind or currency, no fresh price, too large.
    fn quote_charge(&self, kind: Name, currency: Option<Name>, price: Price) -> Result<(Name, Units), Refusal>;

    /// The seed that judges what was fixed then; `None` until its round has come.
    fn seed_for(&self, fixed: Fixed) -> Option<Seed>;
}

impl Host for Session<'_> {
    fn state(&mut self) -> &mut dyn State {
        Session::state(self)
    }

    fn role(&self, role: Name) -> Option<Address> {
        self.reads().role(role)
    }

    fn quote_charge(&self, kind: Name, currency: Option<Name>, price: Price) -> Result<(Name, Units), Refusal> {
        self.reads().quote_charge(kind, currency, price)
    }

    fn seed_for(&self, fixed: Fixed) -> Option<Seed> {
        self.reads().seed_for(fixed)
    }
}

/// Everything that a message or a due job of service `S` works with.
pub struct Context<'a, S: Service> {
    service: &'a S,
    host: &'a mut dyn Host,
    at: BlockContext,
    events: &'a mut dyn Sink<S::Event>,
    /// The key of the due job in progress.
    pub(crate) job: Option<KeyBytes>,
}

impl<'a, S: Service> Context<'a, S> {
    /// A context of `service` on `host`, in a block's `at`; what happens is told to `events`.
    pub fn new(service: &'a S, host: &'a mut dyn Host, at: BlockContext, events: &'a mut dyn Sink<S::Event>) -> Self {
        Self { service, host, at, events, job: None }
    }

    /// The service with its parameters.
    pub const fn service(&self) -> &'a S {
        self.service
    }

    /// Ledger time.
    pub const fn now(&self) -> Instant {
        self.at.now
    }

    /// A time of the wall clock in ledger time, as it runs at present: for what waits for machines and radios.
    pub(crate) const fn wall(&self, span: Span) -> Span {
        Span::from_millis(span.get().saturating_mul(self.at.speed() as u64))
    }

    /// The round in which what is fixed now is fixed.
    pub(crate) const fn fixed(&self) -> Fixed {
        self.at.fixed()
    }

    /// The seed that judges what was fixed then; `None` until its round has come.
    pub(crate) fn seed_for(&self, fixed: Fixed) -> Option<Seed> {
        self.host.seed_for(fixed)
    }

    /// Who fills a role of the network.
    pub fn role(&self, role: Name) -> Option<Address> {
        self.host.role(role)
    }

    /// What a charge would take now, and in what.
    ///
    /// # Errors
    /// Unknown kind or currency, no fresh price, too large.
    pub fn quote_charge(&self, kind: Name, currency: Option<Name>, price: Price) -> Result<(Name, Units), Refusal> {
        self.host.quote_charge(kind, currency, price)
    }

    /// The service's own rows.
    pub fn state(&mut self) -> OwnRows<'_, S> {
        OwnRows { rows: self.host.state(), service: PhantomData }
    }

    /// Sends a record to the meter.
    ///
    /// # Errors
    /// [`Refusal`](depin_economy::Refusal), and then nothing changed.
    pub fn record(&mut self, record: &Record) -> Answer {
        self.host.record(record)
    }

    /// Takes what the economy had to tell since the last call.
    pub fn notices(&mut self) -> Vec<Notice> {
        self.host.notices()
    }

    /// Tells what happened.
    pub fn emit(&mut self, event: S::Event) {
        self.events.emit(event);
    }
}

/// The rows of service `S`, and no others: a row of any other table does not compile.
///
/// ```compile_fail
/// use depin_economy::WalletRow;
/// use depin_services::{Context, storage::Storage};
///
/// fn take_a_wallet(cx: &mut Context<'_, Storage>, key: &<WalletRow as depin_state::Row>::Key) {
///     cx.state().delete::<WalletRow>(key);
/// }
/// # fn main() { let _: fn(&mut Context<'_, Storage>, &<WalletRow as depin_state::Row>::Key) = take_a_wallet; }
/// ```
///
/// ```
/// use depin_services::{Context, storage::{Provider, Storage}};
///
/// fn forget_a_provider(cx: &mut Context<'_, Storage>, key: &<Provider as depin_state::Row>::Key) {
///     cx.state().delete::<Provider>(key);
/// }
/// # fn main() { let _: fn(&mut Context<'_, Storage>, &<Provider as depin_state::Row>::Key) = forget_a_provider; }
/// ```
pub struct OwnRows<'a, S> {
    rows: &'a mut dyn State,
    service: PhantomData<fn() -> S>,
}

impl<S: Service> OwnRows<'_, S> {
    /// Compiles for rows of the service's own tables only.
    const fn check<R: Row>() {
        const fn has<S: Service>(table: u8) -> bool {
            let further = match S::FURTHER {
                Some(tables) => tables.has(table),
                None => false,
            };
            further || S::DESCRIPTION.tables.has(table)
        }
        const { assert!(has::<S>(R::TABLE), "a service reads and writes rows of its own tables only") }
    }

    /// The row under `key`.
    pub fn get<R: Row>(&self, key: &R::Key) -> Option<R> {
        Self::check::<R>();
        self.rows.get(key)
    }

    /// Whether there is a row under `key`.
    pub fn has<R: Row>(&self, key: &R::Key) -> bool {
        Self::check::<R>();
        self.rows.has::<R>(key)
    }

    /// The table's first row.
    pub fn first<R: Row>(&self) -> Option<(R::Key, R)> {
        Self::check::<R>();
        self.rows.as_read().rows::<R>().next()
    }

    /// The table's first row whose key is at least `key`.
    pub fn first_from<R: Row>(&self, key: &R::Key) -> Option<(R::Key, R)> {
        Self::check::<R>();
        self.rows.first_from(key)
    }

    /// The table's first row after `key`.
    pub fn next_after<R: Row>(&self, key: &R::Key) -> Option<(R::Key, R)> {
        Self::check::<R>();
        self.rows.next_after(key)
    }

    /// Writes the row under `key`.
    pub fn put<R: Row>(&mut self, key: &R::Key, row: &R) {
        Self::check::<R>();
        self.rows.put(key, row);
    }

    /// Writes under `key` what `change` makes of the row there.
    ///
    /// # Errors
    /// Those of `change`; then nothing is written.
    pub fn change<R: Row, E>(&mut self, key: &R::Key, change: impl FnOnce(Option<R>) -> Result<R, E>) -> Result<(), E> {
        Self::check::<R>();
        self.rows.change(key, change)
    }

    /// Deletes the row under `key`, if there is one.
    pub fn delete<R: Row>(&mut self, key: &R::Key) {
        Self::check::<R>();
        self.rows.delete::<R>(key);
    }
}
