//! What a service asks of every device that joins: fees, in the main token or in credits that are burnt for.

use super::World;
use depin_economy::{Action, FeeAmount, FeeRecord, PaymentSource, Record, Refusal};
use depin_quantity::{Address, Name, Units};

/// One fee, as the rules in force have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fee {
    kind: Name,
    /// The credit that it is paid in; none where it is paid in the main token.
    credit: Option<Name>,
    /// Base units of what it is paid in, for one device.
    each: u128,
    /// Base units of the main token that this takes.
    tokens: u128,
}

impl World {
    /// A fee that can be paid: in the main token, or in a credit for it. One that is counted on a metric is no fee of joining.
    fn fee(&self, kind: Name) -> Option<Fee> {
        let rule = self.spec().service_fee(kind).filter(|rule| rule.per.is_none())?;
        let credit = self.spec().credit(rule.token).filter(|credit| credit.from == self.main);
        if credit.is_none() && rule.token != self.main {
            return None;
        }
        let dollars_each = credit.map_or(self.reported(), |credit| credit.usd.get() as f64 / 1e18);
        let scale = self.scale_of(rule.token);
        let each = match rule.amount {
            FeeAmount::Units(units) => units.get(),
            FeeAmount::Usd(usd, _) => scale.units(usd.get() as f64 / 1e18 / dollars_each).get(),
        };
        let tokens = match credit {
            // Two base units more than the quotient, for roundings up on the ledger.
            Some(_) => self.scale.units(scale.tokens(each) * dollars_each / self.reported() * 1.000_001).get().saturating_add(2),
            None => each.saturating_add(2),
        };
        Some(Fee { kind, credit: credit.map(|_| rule.token), each, tokens })
    }

    /// Base units of the main token that the fees of so many devices take.
    pub fn joining(&self, kinds: &[Name], devices: u64) -> u128 {
        let fees = kinds.iter().filter_map(|kind| self.fee(*kind));
        fees.map(|fee| fee.tokens.saturating_mul(devices.into())).fold(0, u128::saturating_add)
    }

    /// Pays the fees of so many devices, one by one as the service reports them. What they take must be in the wallet.
    ///
    /// # Errors
    /// [`Refusal`]; fees before it are paid.
    pub fn join(&mut self, who: Address, kinds: &[Name], devices: u64) -> Result<(), Refusal> {
        for fee in kinds.iter().filter_map(|kind| self.fee(*kind)).collect::<Vec<_>>() {
            if let Some(credit) = fee.credit {
                let lacks = fee.each.saturating_mul(devices.into()).saturating_sub(self.held_of(who, credit));
                if lacks > 0 {
                    let mint = Action::MintCredits { credit, amount: Units::new(lacks), most: None, to: None };
                    self.act(who, &mint)?;
                }
            }
            for _ in 0..devices {
                let once = FeeRecord::Once { kind: fee.kind, from: PaymentSource::Wallet(who), basis: None };
                self.send(&Record::Fee(once))?;
            }
        }
        Ok(())
    }
}
