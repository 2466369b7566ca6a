//! What the service says, and with which figures.

use super::world::{Open, PROVIDERS, World, person};
use depin_economy::{
    Accrued, AllowanceRecord, COMPONENTS_MAX, ChargePrice, ChargeRecord, Component, Components, Current, EscrowRecord, Fault,
    FeeRecord, Gauge, Money, PaymentSource, PledgeRecord, Price, Record, Register, StreamMethod, StreamOpen, StreamRecord,
    Subject, USD,
};
use depin_quantity::{Address, Decimal18, Instant, Measured, Name, Span, Units};
use depin_services::descriptor::{Aspect, Counted, Unit};

const GIB: u128 = 1 << 30;

impl World {
    pub fn act_at_random(&mut self, period: u64) {
        if period == 1 {
            (1..=PROVIDERS).for_each(|n| self.register(person(n)));
        }
        for _ in 0..4 {
            match self.chance.below(12) {
                0 => self.stand(),
                1 => self.earn(),
                2 => self.charge(),
                3 => self.hold(),
                4 => self.open_stream(),
                5 => self.move_stream(),
                6 => self.pledge(),
                7 => self.fail(),
                8 => self.fee(),
                9 => self.gauge(),
                10 => self.allow(),
                _ => self.people_act(),
            }
        }
    }

    fn register(&mut self, who: Address) {
        let phase = self.chance.below(100);
        self.send("register", &Record::Register(Register { subject: Subject::Party(who), phase })).unwrap();
    }

    /// A likely quantity of a metric.
    fn quantity(&mut self, metric: Name) -> Measured {
        let metric = self.service.metric(metric);
        Measured::new(match metric.map(|metric| (metric.unit, metric.aspect)) {
            Some((Unit::Byte, _)) => self.chance.upto(64 * GIB),
            Some((_, Aspect::Presence)) => self.chance.upto(4),
            _ => self.chance.upto(500),
        })
    }

    fn basis(&mut self, metric: Name) -> Component {
        Component { metric, quantity: self.quantity(metric) }
    }

    fn bound(&self, counted: Counted) -> Vec<Name> {
        let bound = |name: &Name| self.spec().binding(*name).is_some();
        self.service.metrics.iter().filter(|metric| metric.counted == counted).map(|metric| metric.name).filter(bound).collect()
    }

    fn stand(&mut self) {
        let who = self.provider();
        let metrics = self.bound(Counted::Current);
        // A boosted metric stands at no more than the plain one: nobody granted an allowance.
        let quantity = if self.chance.one_in(8) { 0 } else { self.chance.upto(64 * GIB) };
        let components = Components::new(metrics.iter().map(|m| Component { metric: *m, quantity: Measured::new(quantity) }))
            .expect("no network binds more current metrics than a record carries");
        if !components.is_empty() {
            let _ = self.send("current", &Record::Current(Current { subject: Subject::Party(who), components }));
        }
    }

    fn earn(&mut self) {
        let who = self.provider();
        let metrics = self.bound(Counted::Accrued);
        let some: Vec<Component> = metrics.iter().take(COMPONENTS_MAX).map(|metric| self.basis(*metric)).collect();
        let components = Components::new(some).expect("as many as fit were taken");
        if !components.is_empty() {
            let _ = self.send("accrued", &Record::Accrued(Accrued { subject: Subject::Party(who), components }));
        }
    }

    /// A price of a charge in the form that its kind asks for.
    fn price(&mut self, kind: Name, basis: Name, small: u128) -> Option<Price> {
        let rule = self.spec().charge(kind)?.clone();
        let first = *self.chance.pick(&rule.currencies)?;
        Some(match rule.price {
            ChargePrice::Priced(_) => Price::Measured(self.basis(basis)),
            ChargePrice::Usd(_) => {
                Price::Agreed(Money { currency: USD, amount: Decimal18::new(self.chance.upto(1_000_000_000_000_000_000)) })
            }
            ChargePrice::Agreed => {
                let has = self.reads().wallet(person(PROVIDERS + 1), first).held.get();
                let units = Units::new(self.chance.upto(has / small));
                Price::Agreed(Money { currency: first, amount: self.money(first, units) })
            }
        })
    }

    fn charge(&mut self) {
        let Some(kind) = self.chance.pick(self.service.charges) else { return };
        let Some(price) = self.price(kind.name, kind.basis, 1_000) else { return };
        let (from, to) = (self.customer(), self.provider());
        let now = ChargeRecord::Now { kind: kind.name, from: PaymentSource::Wallet(from), to, currency: None, price };
        let _ = self.send("charge now", &Record::Charge(now));
    }

    fn hold(&mut self) {
        if let Some(open) = self.chance.pick(&self.holds).copied().filter(|_| self.chance.one_in(2)) {
            return self.end_hold(open);
        }
        let Some(kind) = self.chance.pick(self.service.charges) else { return };
        let Some(most) = self.spec().charge(kind.name).and_then(|rule| rule.hold_most) else { return };
        let Some(price) = self.price(kind.name, kind.basis, 100) else { return };
        let (id, from) = (self.fresh_id(), self.customer());
        let until = self.now.later(Span::from_millis(1 + self.chance.below(most.get())));
        let hold = ChargeRecord::Hold { id, kind: kind.name, from: PaymentSource::Wallet(from), currency: None, price, until };
        if self.send("hold", &Record::Charge(hold)).is_ok() {
            self.holds.push(Open { id, kind: kind.name, who: from, active: true });
        }
    }

    fn end_hold(&mut self, open: Open) {
        let Some(kind) = self.service.charge(open.kind) else { return };
        let forget = |world: &mut Self| world.holds.retain(|other| other.id != open.id);
        if self.chance.one_in(3) {
            if self.send("void", &Record::Charge(ChargeRecord::Void { id: open.id })).is_ok() {
                forget(self);
            }
            return;
        }
        let Some(price) = self.price(open.kind, kind.basis, 1_000) else { return };
        let to = self.provider();
        let _ = self.send("capture", &Record::Charge(ChargeRecord::Capture { id: open.id, to, price }));
        if self.reads().hold(open.id).is_none() {
            forget(self);
        }
    }

    fn open_stream(&mut self) {
        let Some(kind) = self.chance.pick(self.service.streams) else { return };
        let Some(rule) = self.spec().stream(kind.name).cloned() else { return };
        let (owner, to) = (self.customer(), self.provider());
        let Some(token) = self.chance.pick(&rule.currencies).copied() else { return };
        let has = self.reads().wallet(owner, token).held.get();
        let open_ended = rule.method != StreamMethod::Reserved;
        let clock = self.spec().clock(rule.clock).map_or(1, |clock| clock.every.get());
        let mean = (self.period.get() * 20 / clock.max(1)).clamp(1, rule.periods_most);
        let periods = 1 + self.chance.below(mean);
        let rate = Units::new(self.chance.upto(has / 100 / u128::from(periods)).min(rule.rate_most(token).get()));
        let (id, deposit) = (self.fresh_id(), Units::new(rate.get() * u128::from(periods)));
        let deposit = Money { currency: token, amount: self.money(token, deposit) };
        if self.send("escrow", &Record::Escrow(EscrowRecord::Open { id, kind: kind.name, owner, deposit })).is_err() {
            return;
        }
        let open = StreamOpen {
            id,
            escrow: id,
            to,
            rate: Money { currency: token, amount: self.money(token, rate) },
            periods: if open_ended { 0 } else { periods },
            activate_by: self.now.later(self.period),
            basis: self.basis(kind.basis),
            bond: None,
        };
        if self.send("stream", &Record::Stream(StreamRecord::Open(open))).is_ok() {
            self.streams.push(Open { id, kind: kind.name, who: owner, active: false });
        } else {
            self.send("escrow close", &Record::Escrow(EscrowRecord::Close { id })).unwrap();
        }
    }

    fn move_stream(&mut self) {
        let Some(open) = self.chance.pick(&self.streams).copied() else { return };
        let id = open.id;
        if !open.active {
            if self.send("activate", &Record::Stream(StreamRecord::Activate { id })).is_ok() {
                self.streams.iter_mut().filter(|other| other.id == id).for_each(|other| other.active = true);
            }
            return;
        }
        match self.chance.below(4) {
            0 => drop(self.send("settle", &Record::Stream(StreamRecord::Settle { id }))),
            1 => {
                let Some(token) = self.reads().escrow(id).map(|escrow| escrow.token) else { return };
                let most = self.reads().wallet(open.who, token).held.get() / 1_000;
                let (units, periods) = (Units::new(self.chance.upto(most)), 1 + self.chance.below(3));
                let deposit = Money { currency: token, amount: self.money(token, units) };
                let _ = self.send("deposit", &Record::Escrow(EscrowRecord::Deposit { id, from: open.who, deposit }));
                let _ = self.send("extend", &Record::Stream(StreamRecord::Extend { id, periods }));
            }
            2 => self.close_stream(open),
            _ => {}
        }
    }

    fn close_stream(&mut self, open: Open) {
        let Some(kind) = self.service.stream(open.kind) else { return };
        let Some(reason) = self.chance.pick(kind.reasons).map(|reason| reason.name) else { return };
        let ago = self.chance.below(self.period.get());
        let accrued_until = if self.chance.one_in(2) { self.now } else { Instant::new(self.now.get() - ago) };
        let close = StreamRecord::Close { id: open.id, reason, accrued_until };
        let _ = self.send("stream close", &Record::Stream(close));
    }

    fn pledge(&mut self) {
        if let Some(open) = self.chance.pick(&self.pledges).copied().filter(|_| self.chance.one_in(2)) {
            let subject = Subject::Unit { owner: open.who, unit: open.id };
            let kind = open.kind;
            if self.chance.one_in(2) {
                let Some(basis) = self.service.pledge(kind).map(|pledge| pledge.basis) else { return };
                let (basis, until) = (self.basis(basis), self.now.later(Span::from_days(30)));
                let _ = self.send("resize", &Record::Pledge(PledgeRecord::Resize { subject, kind, basis, until }));
            } else if self.send("release", &Record::Pledge(PledgeRecord::Release { subject, kind })).is_ok() {
                self.pledges.retain(|other| other.id != open.id);
            }
            return;
        }
        let Some(kind) = self.chance.pick(self.service.pledges) else { return };
        if self.spec().pledge(kind.name).is_none() {
            return;
        }
        let (who, unit) = (self.provider(), self.fresh_id());
        let (basis, until) = (self.basis(kind.basis), self.now.later(Span::from_days(30)));
        let subject = Subject::Unit { owner: who, unit };
        if self.send("lock", &Record::Pledge(PledgeRecord::Lock { subject, kind: kind.name, basis, until })).is_ok() {
            self.pledges.push(Open { id: unit, kind: kind.name, who, active: true });
        }
    }

    fn fail(&mut self) {
        let Some(kind) = self.chance.pick(self.service.faults) else { return };
        if self.spec().fault(kind.name).is_none() {
            return;
        }
        let pledged = self.chance.pick(&self.pledges).copied();
        let subject = match pledged {
            Some(open) => Subject::Unit { owner: open.who, unit: open.id },
            None => Subject::Party(self.provider()),
        };
        let affected = self.basis(kind.affected);
        let reporter = if self.chance.one_in(2) { Some(self.customer()) } else { None };
        let _ = self.send("fault", &Record::Fault(Fault { subject, kind: kind.name, affected, reporter }));
        if let Some(open) = pledged
            && self.reads().pledge(subject, open.kind).is_none()
        {
            self.pledges.retain(|other| other.id != open.id);
        }
    }

    fn fee(&mut self) {
        let Some(kind) = self.chance.pick(self.service.fees).map(|fee| fee.name) else { return };
        if self.spec().service_fee(kind).is_none() {
            return;
        }
        let who = if self.chance.one_in(2) { self.customer() } else { self.provider() };
        let _ = self.send("fee", &Record::Fee(FeeRecord::Once { kind, from: PaymentSource::Wallet(who), basis: None }));
    }

    fn gauge(&mut self) {
        let (Some(scope), Some(gauge)) = (self.chance.pick(self.service.scopes), self.chance.pick(self.service.gauges)) else {
            return;
        };
        let value = Measured::new(self.chance.upto(1_000_000));
        let _ = self.send("gauge", &Record::Gauge(Gauge { scope: scope.name, name: gauge.name, value }));
    }

    /// A notary grants, a unit consumes; it is over, or never began.
    fn allow(&mut self) {
        let Some(kind) = self.chance.pick(self.service.allowances).map(|allowance| allowance.name) else { return };
        let Some(rule) = self.spec().allowance(kind).copied() else { return };
        if let Some(open) = self.chance.pick(&self.uses).copied().filter(|_| self.chance.one_in(2)) {
            let (id, kind) = (open.id, open.kind);
            let returns = self.chance.one_in(2);
            let over = if returns { AllowanceRecord::Return { id, kind } } else { AllowanceRecord::Release { id, kind } };
            if self.send("allowance over", &Record::Allowance(over)).is_ok() {
                self.uses.retain(|other| other.id != id);
            }
            return;
        }
        let (notary, party, beneficiary, id) = (self.roles[&rule.granted_by], self.customer(), self.provider(), self.fresh_id());
        let amount = Measured::new(rule.least.get() + self.chance.upto(GIB));
        let granted = self.with(|session| session.grant_allowance(notary, kind, party, amount));
        self.count("grant", granted.as_ref().err());
        let consume = AllowanceRecord::Consume { id, kind, party, beneficiary, amount };
        if self.send("consume", &Record::Allowance(consume)).is_ok() {
            self.uses.push(Open { id, kind, who: beneficiary, active: true });
        }
    }

    /// Ends everything that is open.
    pub fn end(&mut self) {
        for open in std::mem::take(&mut self.holds) {
            let _ = self.send("void", &Record::Charge(ChargeRecord::Void { id: open.id }));
        }
        for open in std::mem::take(&mut self.streams) {
            self.close_stream(open);
        }
        for Open { id: unit, kind, who, .. } in std::mem::take(&mut self.pledges) {
            let subject = Subject::Unit { owner: who, unit };
            let _ = self.send("release", &Record::Pledge(PledgeRecord::Release { subject, kind }));
        }
        self.audit();
    }
}
