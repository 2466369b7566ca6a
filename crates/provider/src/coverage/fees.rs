//! What joining and asserting a location cost, and the credits for it.

use depin_client::{Client, ClientError, Credit, Sender, ServiceFee, SubmitError};
use depin_economy::Spec;
use depin_quantity::{Name, Units};

/// The fees of a hotspot by the network's file.
const ONBOARDING: Name = Name::literal("onboarding");
const ASSERT_LOCATION: Name = Name::literal("assert-location");

/// What a hotspot pays to join, and for each location that it asserts; none where the network takes nothing.
pub fn hotspot_fees(spec: &Spec) -> (Option<ServiceFee>, Option<ServiceFee>) {
    (ServiceFee::of(spec, ONBOARDING), ServiceFee::of(spec, ASSERT_LOCATION))
}

/// Sees to it that the account can pay these fees, where they are in credits: what is missing is minted.
pub(crate) async fn provide(client: &Client, sender: &Sender, joins: bool, moves: bool) -> Result<(), SubmitError> {
    let spec = read(client).await?;
    let (joining, moving) = hotspot_fees(&spec);
    let due: Vec<ServiceFee> = [joining.filter(|_| joins), moving.filter(|_| moves)].into_iter().flatten().collect();
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
