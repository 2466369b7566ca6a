//! How use is paid, for any kind that a network's file declares: streams out of escrows, charges at once or held first, in tokens or in
//! credits that are burnt for.

use super::{Load, World, id_of, stable::Stable};
use crate::{
    amount::{self, MicroUsd, Scale, micro},
    scenario::{PaidBy, Scenario},
};
use depin_economy::{
    Action, ChargePrice, ChargeRecord, ChargeRule, Component, Each, EscrowRecord, Money, PayTo, PaymentSource, Price, Record,
    Refusal, Spec, StreamOpen, StreamRecord, StreamRule, USD,
};
use depin_quantity::{Address, Decimal18, Name, Span, UnitId, Units};
use depin_services::descriptor::Service;

const DAY: f64 = 86_400_000.0;

/// The token that payments are made in.
#[derive(Clone, Copy, Debug)]
struct Currency {
    name: Name,
    scale: Scale,
    /// Dollars of one whole one, when it is a credit.
    credit: Option<f64>,
}

/// How payments of the service's kind are made.
#[derive(Clone, Debug)]
pub enum Form {
    /// The file has no such kind: use is not paid on the ledger.
    None,
    /// An escrow and a stream for each booking.
    Stream(StreamForm),
    /// A charge for what was served.
    Charge(ChargeForm),
}

/// A kind of stream.
#[derive(Clone, Debug)]
pub struct StreamForm {
    kind: Name,
    basis: Name,
    /// Length of a period of its clock.
    period: Span,
    periods_most: u64,
    rate_most: Units,
    /// Reasons to end it: one that breaks the payee's word, and one that does not.
    broken: Name,
    agreed: Name,
}

/// A kind of charge.
#[derive(Clone, Debug)]
pub struct ChargeForm {
    kind: Name,
    basis: Name,
    held: Option<Span>,
    stated: Stated,
}

/// How amounts of a charge are stated.
#[derive(Clone, Copy, Debug)]
enum Stated {
    /// In the currency.
    Currency,
    /// In dollars.
    Dollars,
    /// By a metric: steps of it for a unit of use, steps that are priced together, and what they cost.
    Metric { steps: f64, per: f64, least: f64, each: Cost },
}

#[derive(Clone, Copy, Debug)]
enum Cost {
    Units(u128),
    Dollars(f64),
}

/// How use is paid under one version of the rules.
#[derive(Clone, Debug)]
pub struct Billing {
    /// The form of payments.
    pub form: Form,
    currency: Option<Currency>,
    /// The stablecoin that bills may be paid in, where the rules let them.
    pub stable: Option<Stable>,
    /// The part of a payment in tokens that whoever works gets, 0 to 1.
    payee_share: f64,
}

/// What a bill takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Need {
    /// Base units of the main token.
    pub tokens: u128,
    /// Base units of the credit that they are burnt for, if bills are in one.
    pub credits: u128,
    /// Dollars that are brought over the bridge instead of tokens, where the bill is paid in a stablecoin.
    pub dollars: MicroUsd,
    /// Dollars that the bill comes to.
    pub usd: f64,
}

/// A booking: who is served by whom, how much, at which price.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contract {
    /// Its number among those of its provider.
    pub number: u64,
    /// Who pays.
    pub payer: Address,
    /// Who serves.
    pub payee: Address,
    /// What is kept ready and served for it.
    pub load: Load,
    /// For so many days.
    pub days: f64,
}

impl Billing {
    /// How a service's use is paid under a network's rules.
    pub fn new(service: &Service, spec: &Spec, scenario: &Scenario, main: Name) -> Self {
        let nothing = Self { form: Form::None, currency: None, stable: None, payee_share: 0.0 };
        match scenario.unit.paid_by {
            PaidBy::Stream(kind) => {
                let (Some(rule), Some(basis)) = (spec.stream(kind), service.stream(kind)) else { return nothing };
                let currency = currency(spec, &rule.currencies, main);
                let form = stream_form(spec, rule, kind, basis.basis, currency.name);
                let payee_share = payee_share(rule.pays.of(currency.name, &rule.currencies));
                let stable = Stable::new(spec, &rule.currencies, |token| rule.pays.of(token, &rule.currencies).to_vec());
                let stable = stable.filter(|stable| stable.token != currency.name);
                Self { form: Form::Stream(form), currency: Some(currency), stable, payee_share }
            }
            PaidBy::Charge(kind) | PaidBy::Credit(kind) => {
                let (Some(rule), Some(of)) = (spec.charge(kind), service.charge(kind)) else { return nothing };
                let currency = currency(spec, &rule.currencies, main);
                let stated = stated(rule, of.basis, scenario);
                let held = rule.hold_most.filter(|_| of.held);
                let form = Form::Charge(ChargeForm { kind, basis: of.basis, held, stated });
                let payee_share = payee_share(rule.pays.of(currency.name, &rule.currencies));
                Self { form, currency: Some(currency), stable: None, payee_share }
            }
        }
    }

    /// What a bill takes: dollars for so many units, at the market's price and at the price that the reporters told.
    pub fn need(&self, usd: f64, units: f64, market: f64, reported: f64, main: Scale) -> Need {
        let Some(currency) = self.currency else { return Need::default() };
        let (usd, exact) = match &self.form {
            Form::Charge(ChargeForm { stated: Stated::Metric { steps, per, least, each }, .. }) => {
                let count = (units * steps / per).ceil().max(*least);
                match each {
                    Cost::Units(each) => (usd, Some(amount::whole(count).saturating_mul(*each))),
                    Cost::Dollars(each) => (count * each, None),
                }
            }
            _ => (usd, None),
        };
        let by_report = !self.by_market();
        // Two base units more than the quotient, for roundings up on the ledger.
        match (currency.credit, exact) {
            (Some(each), exact) => {
                let credits = exact.unwrap_or_else(|| amount::whole(usd / each * currency.scale.whole()).saturating_add(2));
                let usd = currency.scale.tokens(credits) * each;
                Need { tokens: main.units(usd / reported * 1.000_001).get().saturating_add(2), credits, usd, ..Need::default() }
            }
            (None, Some(exact)) => Need { tokens: exact, usd: main.tokens(exact) * market, ..Need::default() },
            (None, None) => {
                let price = if by_report { reported } else { market };
                Need { tokens: main.units(usd / price).get().saturating_add(2), usd, ..Need::default() }
            }
        }
    }

    /// Whether a bill's dollars are turned into tokens at the market's price; else the reporters' price, or the rules, say how many.
    pub fn by_market(&self) -> bool {
        let stated = matches!(self.form, Form::Stream(_) | Form::Charge(ChargeForm { stated: Stated::Currency, .. }));
        stated && self.currency.is_some_and(|currency| currency.credit.is_none())
    }

    /// Whether bookings are streams.
    pub const fn streams(&self) -> bool {
        matches!(self.form, Form::Stream(_))
    }

    /// Whether a provider is paid for its own contracts; where everything is burnt, bills need not name it.
    pub fn pays_providers(&self) -> bool {
        self.payee_share > 0.0
    }

    /// The part of payments that whoever works gets, where so much of them is in the stablecoin.
    pub fn payee_share(&self, in_stable: f64) -> f64 {
        let stable = self.stable.as_ref().map_or(self.payee_share, |stable| stable.payee_share);
        self.payee_share + in_stable * (stable - self.payee_share)
    }

    fn units_of(&self, dollars: MicroUsd) -> u128 {
        self.stable.as_ref().map_or(0, |stable| stable.units(dollars))
    }

    /// What a bill in the stablecoin takes.
    pub fn dollars(usd: f64) -> Need {
        Need { dollars: micro(usd), usd, ..Need::default() }
    }
}

impl World {
    /// Burns the payer's tokens for the credits that a bill takes.
    fn buy_credits(&mut self, payer: Address, need: &Need) -> Result<(), Refusal> {
        let Some(currency) = self.billing.currency.filter(|currency| currency.credit.is_some()) else { return Ok(()) };
        let lacks = need.credits.saturating_sub(self.held_of(payer, currency.name));
        if lacks == 0 {
            return Ok(());
        }
        let mint = Action::MintCredits { credit: currency.name, amount: Units::new(lacks), most: None, to: None };
        self.act(payer, &mint).map(drop)
    }

    /// Pays a bill at once: `units` served by `payee`. What it takes must be in the payer's wallet.
    ///
    /// # Errors
    /// [`Refusal`], and then nothing was paid.
    pub fn charge(&mut self, (payer, payee): (Address, Address), need: &Need, units: f64, number: u64) -> Result<(), Refusal> {
        let Form::Charge(form) = self.billing.form.clone() else { return Ok(()) };
        self.buy_credits(payer, need)?;
        let Some(currency) = self.billing.currency else { return Ok(()) };
        let price = match form.stated {
            Stated::Currency => {
                let amount = if currency.credit.is_some() { need.credits } else { need.tokens.saturating_sub(2) };
                Price::Agreed(currency.scale.money(currency.name, Units::new(amount)))
            }
            Stated::Dollars => Price::Agreed(Money { currency: USD, amount: amount::usd_money(need.usd) }),
            Stated::Metric { steps, .. } => {
                Price::Measured(Component { metric: form.basis, quantity: amount::measured((units * steps).ceil()) })
            }
        };
        let (kind, from, asked) = (form.kind, PaymentSource::Wallet(payer), Some(currency.name));
        let Some(most) = form.held else {
            return self.send(&Record::Charge(ChargeRecord::Now { kind, from, to: payee, currency: asked, price }));
        };
        let id = id_of(payee, 1, number);
        let until = self.now.later(most);
        self.send(&Record::Charge(ChargeRecord::Hold { id, kind, from, currency: asked, price, until }))?;
        self.send(&Record::Charge(ChargeRecord::Capture { id, to: payee, price }))
    }

    /// What a payee must put up for a contract, in base units of the main token.
    pub fn bond(&self, contract: &Contract) -> u128 {
        let Form::Stream(form) = &self.billing.form else { return 0 };
        let rule = self.spec().stream(form.kind);
        if rule.and_then(|rule| rule.bond).is_none_or(|bond| bond.token != self.main) {
            return 0;
        }
        let basis = Component { metric: form.basis, quantity: self.meter.quantity(form.basis, &contract.load) };
        self.reads().quote_bond(form.kind, basis).map_or(0, Units::get)
    }

    /// Opens a contract's escrow with the whole bill, and its stream. What it takes must be in the payer's wallet.
    ///
    /// # Errors
    /// [`Refusal`]; an escrow without a stream is closed again.
    pub fn begin(&mut self, contract: &Contract, need: &Need) -> Result<(), Refusal> {
        let (Form::Stream(form), Some(currency)) = (self.billing.form.clone(), self.billing.currency) else { return Ok(()) };
        let currency = match &self.billing.stable {
            Some(stable) if need.dollars > 0 => Currency { name: stable.token, scale: stable.scale, credit: None },
            _ => currency,
        };
        self.buy_credits(contract.payer, need)?;
        let whole = match currency.credit {
            Some(_) => need.credits,
            None if need.dollars > 0 => self.held_of(contract.payer, currency.name).min(self.billing.units_of(need.dollars)),
            None => need.tokens,
        };
        let periods = form.periods(contract.days);
        let most = self.spec().stream(form.kind).map_or(form.rate_most, |rule| rule.rate_most(currency.name));
        let rate = (whole / u128::from(periods)).min(most.get()).max(1);
        let deposit = currency.scale.money(currency.name, Units::new(rate.saturating_mul(periods.into())));
        let id = id_of(contract.payee, 2, contract.number);
        self.send(&Record::Escrow(EscrowRecord::Open { id, kind: form.kind, owner: contract.payer, deposit }))?;
        let open = StreamOpen {
            id,
            escrow: id,
            to: contract.payee,
            rate: currency.scale.money(currency.name, Units::new(rate)),
            periods,
            activate_by: self.now.later(Span::from_secs(3_600)),
            basis: Component { metric: form.basis, quantity: self.meter.quantity(form.basis, &contract.load) },
            bond: None,
        };
        if let Err(refusal) = self.send(&Record::Stream(StreamRecord::Open(open))) {
            let _ = self.send(&Record::Escrow(EscrowRecord::Close { id }));
            return Err(refusal);
        }
        self.send(&Record::Stream(StreamRecord::Activate { id }))
    }

    /// Whether a contract's stream runs.
    pub fn runs(&self, payee: Address, number: u64) -> bool {
        matches!(self.billing.form, Form::Stream(_)) && self.reads().stream(stream_id(payee, number)).is_some()
    }

    /// Pays what is due of contracts, by their payees and numbers.
    pub fn settle(&mut self, contracts: impl Iterator<Item = (Address, u64)>) {
        let running = contracts.filter(|(payee, number)| self.runs(*payee, *number));
        let records: Vec<Record> =
            running.map(|(payee, number)| Record::Stream(StreamRecord::Settle { id: stream_id(payee, number) })).collect();
        self.send_all(&records);
    }

    /// Ends a contract early: because whoever serves leaves, or by agreement.
    pub fn end(&mut self, payee: Address, number: u64, broken: bool) {
        let Form::Stream(form) = &self.billing.form else { return };
        let reason = if broken { form.broken } else { form.agreed };
        if self.runs(payee, number) {
            let close = StreamRecord::Close { id: stream_id(payee, number), reason, accrued_until: self.now };
            let _ = self.send(&Record::Stream(close));
        }
    }
}

fn stream_id(payee: Address, number: u64) -> UnitId {
    id_of(payee, 2, number)
}

impl StreamForm {
    /// Periods of a contract of so many days.
    fn periods(&self, days: f64) -> u64 {
        let periods = amount::whole(days * DAY / self.period.get().max(1) as f64);
        u64::try_from(periods).unwrap_or(u64::MAX).clamp(1, self.periods_most.max(1))
    }
}

/// The main token where it may be paid in, else a credit that is burnt for, else the first.
fn currency(spec: &Spec, currencies: &[Name], main: Name) -> Currency {
    let credit = |name: &&Name| spec.credit(**name).is_some_and(|credit| credit.from == main);
    let first = currencies.first().copied().unwrap_or(main);
    let name = if currencies.contains(&main) { main } else { currencies.iter().find(credit).copied().unwrap_or(first) };
    let scale = Scale::new(spec.token(name).map_or(0, |token| token.decimals));
    let usd = |usd: Decimal18| usd.get() as f64 / 1e18;
    Currency { name, scale, credit: spec.credit(name).map(|credit| usd(credit.usd)) }
}

fn stream_form(spec: &Spec, rule: &StreamRule, kind: Name, basis: Name, currency: Name) -> StreamForm {
    let service = depin_services::descriptor::service(spec.network().service.as_str());
    let reasons = service.and_then(|service| service.stream(kind)).map_or(&[][..], |kind| kind.reasons);
    let declared = |broken: bool| reasons.iter().find(|reason| reason.broken == broken && rule.close.contains_key(&reason.name));
    let any = rule.close.keys().next().copied().unwrap_or(kind);
    StreamForm {
        kind,
        basis,
        period: spec.clock(rule.clock).map_or(Span::from_days(1), |clock| clock.every),
        periods_most: rule.periods_most,
        rate_most: rule.rate_most(currency),
        broken: declared(true).map_or(any, |reason| reason.name),
        agreed: declared(false).map_or(any, |reason| reason.name),
    }
}

fn stated(rule: &ChargeRule, basis: Name, scenario: &Scenario) -> Stated {
    match &rule.price {
        ChargePrice::Agreed => Stated::Currency,
        ChargePrice::Usd(_) => Stated::Dollars,
        ChargePrice::Priced(priced) => Stated::Metric {
            steps: scenario.metrics.get(&basis).map_or(1.0, |metric| metric.times.value),
            per: priced.per.max(1) as f64,
            least: priced.least as f64,
            each: match &priced.each {
                Each::Units(units) => Cost::Units(units.get()),
                Each::Usd(usd, _) => Cost::Dollars(usd.get() as f64 / 1e18),
            },
        },
    }
}

/// The part of a payment that whoever works gets, converted or not.
pub(super) fn payee_share(parts: &[depin_economy::PayPart]) -> f64 {
    parts.iter().filter(|part| part.to == PayTo::Payee).map(|part| f64::from(part.share.get()) / 1e9).sum()
}
