//! What joining and asserting a location cost, and the credits for it.

use depin_client::{Client, ClientError, Credit, Sender, SubmitError};
use depin_economy::{FeeAmount, Spec, UsdRate};
use depin_quantity::{Name, Rounding, Units};

/// The fees of a hotspot by the network's file.
const ONBOARDING: Name = Name::literal("onboarding");
const ASSERT_LOCATION: Name = Name::literal("assert-location");

/// One fee, for people and for the purse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotspotFee {
    /// What it is paid in.
    pub token: Name,
    /// How much, in base units, where that is fixed.
    pub units: Option<Units>,
    /// The same for people.
    pub display: String,
}

fn fee(spec: &Spec, kind: Name) -> Option<HotspotFee> {
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
    Some(HotspotFee { token: rule.token, units, display })
}

/// What a hotspot pays to join, and for each location that it asserts; none where the network takes nothing.
pub fn hotspot_fees(spec: &Spec) -> (Option<HotspotFee>, Option<HotspotFee>) {
    (fee(spec, ONBOARDING), fee(spec, ASSERT_LOCATION))
}

/// Sees to it that the account can pay these fees, where they are in credits: what is missing is minted.
pub(crate) async fn provide(client: &Client, sender: &Sender, joins: bool, moves: bool) -> Result<(), SubmitError> {
    let spec = read(client).await?;
    let (joining, moving) = hotspot_fees(&spec);
    let due: Vec<HotspotFee> = [joining.filter(|_| joins), moving.filter(|_| moves)].into_iter().flatten().collect();
    let Some(first) = due.first() else { return Ok(()) };
    let Some(credit) = Credit::of(&spec, first.token) else { return Ok(()) };
    let sum = due.iter().filter(|fee| fee.token == first.token).filter_map(|fee| fee.units);
    let sum = sum.fold(Units::ZERO, |sum, units| sum.plus(units).unwrap_or(sum));
    let minted = credit.provide(sender, sum).await?;
    if minted > Units::ZERO {
        tracing::info!(credits = minted.get(), token = %first.token, "credits were minted for the hotspot's fees");
    }
    Ok(())
}

async fn read(client: &Client) -> Result<Spec, ClientError> {
    let file = client.network().await?.file;
    Spec::parse(&file).map_err(|error| ClientError::Answer {
        url: client.url().to_owned(),
        what: "the network's file".to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_told_in_what_they_are_paid_in() {
        let spec = Spec::parse(include_str!("../../../../networks/helium/network.toml")).unwrap();
        let (joining, moving) = hotspot_fees(&spec);
        let told = [joining.unwrap(), moving.unwrap()].map(|fee| (fee.units.unwrap().get(), fee.display));
        assert_eq!(told, [(400_000, "40 USD (400000 DC)".to_owned()), (100_000, "10 USD (100000 DC)".to_owned())]);
    }
}
