//! What a service takes for something once, by the network's file.

use depin_economy::{FeeAmount, Spec, UsdRate};
use depin_quantity::{Name, Rounding, Units};

/// One fee, for people and for the purse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceFee {
    /// What it is paid in.
    pub token: Name,
    /// How much, in base units, where that is fixed.
    pub units: Option<Units>,
    /// The same for people.
    pub display: String,
}

impl ServiceFee {
    /// The fee of a kind, for one of what it is counted on; none where the network takes nothing.
    pub fn of(spec: &Spec, kind: Name) -> Option<Self> {
        let rule = spec.service_fee(kind)?;
        let decimals = spec.token(rule.token)?.decimals;
        let (units, display) = match rule.amount {
            FeeAmount::Units(units) => (Some(units), format!("{} {}", units.to_decimal(decimals), rule.token)),
            FeeAmount::Usd(dollars, UsdRate::Fixed(each)) => {
                let one = 10u128.checked_pow(decimals.into())?;
                let units = Units::new(dollars.get()).mul_div(one, each.get(), Rounding::Up).ok();
                let amount = units.map_or_else(String::new, |units| format!(" ({} {})", units.to_decimal(decimals), rule.token));
                (units, format!("{} USD{amount}", dollars.to_decimal()))
            }
            FeeAmount::Usd(dollars, UsdRate::Pair(_)) => (None, format!("{} USD in {}", dollars.to_decimal(), rule.token)),
        };
        Some(Self { token: rule.token, units, display })
    }

    /// What the fee takes of a token, where that is fixed; zero of any other, and where there is no fee.
    pub fn takes(fee: Option<&Self>, token: Name) -> Units {
        fee.filter(|fee| fee.token == token).and_then(|fee| fee.units).unwrap_or(Units::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_networks::network_file;

    #[test]
    fn fees_are_told_in_what_they_are_paid_in() {
        let spec = Spec::parse(network_file("helium").unwrap()).unwrap();
        let told = ["onboarding", "assert-location", "oui"].map(|kind| {
            let fee = ServiceFee::of(&spec, Name::literal(kind)).unwrap();
            (fee.units.unwrap().get(), fee.display)
        });
        let of = |units, text: &str| (units, text.to_owned());
        assert_eq!(
            told,
            [of(400_000, "40 USD (400000 DC)"), of(100_000, "10 USD (100000 DC)"), of(1_000_000, "100 USD (1000000 DC)")]
        );
        let fee = ServiceFee::of(&spec, Name::literal("oui"));
        assert_eq!(ServiceFee::takes(fee.as_ref(), Name::literal("DC")), Units::new(1_000_000));
        assert_eq!(ServiceFee::takes(fee.as_ref(), Name::literal("HNT")), Units::ZERO);
        assert_eq!(ServiceFee::takes(None, Name::literal("DC")), Units::ZERO);
    }
}
