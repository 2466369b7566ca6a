//! Parameters of the service: the `[service.metered]` part of a network's file, and what the economy says about orders.

use super::names::{EXPELLED, FAILED, OPERATOR, OPERATORS, ORDER, REGISTRATION, UNITS};
use depin_economy::{ChargePrice, Spec, SpecErrors, USD};
use depin_quantity::{Name, Span};

/// How the price of a unit comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceForm {
    /// The network's file sets it.
    Network,
    /// Operators ask, in a currency.
    Agreed,
    /// Operators ask, in dollars.
    Dollars,
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeteredParams {
    /// What one unit is.
    pub unit: String,
    /// The role that reports.
    pub reporter: Name,
    /// Most units of one order.
    pub units_most: u64,
    /// Longest time for which an order stays open: the service's own bound, or the network's for holding money.
    pub open_most: Span,
    /// How the price of a unit comes about.
    pub form: PriceForm,
    /// Currencies that orders may be paid in.
    pub currencies: Vec<Name>,
    /// Whether delivered units are bound to anything.
    pub earns: bool,
    /// Whether operators are bound to anything.
    pub stands: bool,
    /// Whether operators pledge.
    pub pledges: bool,
    /// Whether registering costs a fee.
    pub registration: bool,
    /// Whether a failure has a rule, and a cheat.
    pub faults: (bool, bool),
}

impl MeteredParams {
    /// Reads the `[service.metered]` section of a network's file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec) -> Result<Self, SpecErrors> {
        let charge = spec.charge(ORDER);
        spec.read_service("metered", |r| {
            let (unit, reporter) = (r.text("unit"), r.name("reporter"));
            let order = r.table("order", |r| {
                let (units, open) = (r.integer("units-most", 1..=1_000_000_000_000), r.span("open-most"));
                Some((units?, open?))
            });
            let held = charge.and_then(|charge| Some((charge, charge.hold_most?)));
            let Some((charge, hold_most)) = held else {
                r.problem(
                    "order",
                    "nothing says how orders are paid, or how long their price may be held",
                    "add [utility.charge.order] with hold-most = \"30d\"",
                );
                return None;
            };
            let (units_most, open_most) = order?;
            Some(Self {
                unit: unit?,
                reporter: reporter?,
                units_most,
                open_most: open_most.min(hold_most),
                form: match charge.price {
                    ChargePrice::Priced(_) => PriceForm::Network,
                    ChargePrice::Agreed => PriceForm::Agreed,
                    ChargePrice::Usd(_) => PriceForm::Dollars,
                },
                currencies: charge.currencies.clone(),
                earns: spec.binding(UNITS).is_some_and(|b| b.pool.is_some()),
                stands: spec.binding(OPERATORS).is_some_and(|b| b.pool.is_some()),
                pledges: spec.binding(OPERATORS).is_some_and(|b| b.pledge == Some(OPERATOR)),
                registration: spec.service_fee(REGISTRATION).is_some(),
                faults: (spec.fault(FAILED).is_some(), spec.fault(EXPELLED).is_some()),
            })
        })
    }

    /// The currency that an ask for orders paid in `currency` is stated in.
    pub fn asked_in(&self, currency: Name) -> Name {
        if self.form == PriceForm::Dollars { USD } else { currency }
    }

    /// Whether operators may ask in this currency.
    pub fn may_ask_in(&self, currency: Name) -> bool {
        match self.form {
            PriceForm::Network => false,
            PriceForm::Agreed => self.currencies.contains(&currency),
            PriceForm::Dollars => currency == USD,
        }
    }
}
