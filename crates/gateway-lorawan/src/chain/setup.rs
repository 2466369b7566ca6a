//! The OUI and the route of a customer, found or made.

use super::{ChainConfig, ChainError, lists};
use depin_client::{Credit, Sender, ServiceFee, SigningKey, SubmitError, api::CoverageOui};
use depin_economy::Spec;
use depin_ledger::Message;
use depin_lorawan::server::AddressRange;
use depin_quantity::{Name, UnitId, Units};
use depin_services::coverage::{CoverageMessage, PublicKey, Range, RouteTerms};
use std::time::Duration;

/// How often, and with which pauses, credits are tried to be minted before an OUI is opened.
const PRICE_LOOKS: u32 = 20;
const PRICE_PAUSE: Duration = Duration::from_millis(500);

/// Sends a message, and says what it was for where it is not taken.
pub(super) async fn say(sender: &Sender, what: &'static str, message: CoverageMessage) -> Result<(), ChainError> {
    let sent = sender.submit(Message::service(message)).await;
    let account = sender.address();
    sent.map(drop).map_err(|source| ChainError::Submit { account, what, source })
}

async fn spec(sender: &Sender) -> Result<Spec, ChainError> {
    Spec::parse(&sender.client().network().await?.file).map_err(|error| ChainError::File(error.to_string()))
}

/// What opening an OUI takes of the account's credits beside those that go into it.
async fn opening(sender: &Sender) -> Result<Units, ChainError> {
    let currency = sender.client().coverage().network().await?.currency;
    let fee = ServiceFee::of(&spec(sender).await?, Name::literal("oui"));
    Ok(ServiceFee::takes(fee.as_ref(), currency))
}

/// Sees to it that the account holds so many credits, where credits are minted.
pub(super) async fn provide(sender: &Sender, needed: Units) -> Result<(), ChainError> {
    let (spec, currency) = (spec(sender).await?, sender.client().coverage().network().await?.currency);
    let Some(credit) = Credit::of(&spec, currency) else { return Ok(()) };
    let minted = credit.provide(sender, needed).await;
    let (account, what) = (sender.address(), "no credits could be minted");
    minted.map(drop).map_err(|source| ChainError::Submit { account, what, source })
}

/// The same, and waits for a while for what a network that has just begun does not have yet: the first report of a price.
async fn provide_soon(sender: &Sender, needed: Units) -> Result<(), ChainError> {
    for _ in 0..PRICE_LOOKS {
        match provide(sender, needed).await {
            Err(ChainError::Submit { source: SubmitError::Failed { .. }, .. }) => tokio::time::sleep(PRICE_PAUSE).await,
            done => return done,
        }
    }
    provide(sender, needed).await
}

/// The customer's OUI, with `key` among those that acknowledge for it.
pub(super) async fn oui(sender: &Sender, wishes: &ChainConfig, key: &SigningKey) -> Result<u32, ChainError> {
    let (client, own) = (sender.client(), PublicKey::new(key.public_key()));
    let found = match wishes.oui {
        Some(number) => {
            let found = client.coverage().oui(number).await?.ok_or(ChainError::UnknownOui(number))?;
            if found.owner != sender.address() {
                return Err(ChainError::OtherOwner { oui: number, owner: found.owner, asked: sender.address() });
            }
            Some(found)
        }
        None => lists::ouis(client).await?.into_iter().find(|oui| oui.owner == sender.address()),
    };
    if let Some(oui) = found {
        add_key(sender, &oui, own).await?;
        return Ok(oui.oui);
    }
    let credits = wishes.open_with.ok_or_else(|| ChainError::NoOui(sender.address()))?;
    let fee = opening(sender).await?;
    provide_soon(sender, credits.plus(fee).unwrap_or(credits)).await?;
    let open = CoverageMessage::OpenOui { keys: vec![own], credits, price: wishes.price };
    say(sender, "no OUI could be opened", open).await?;
    let found = lists::ouis(client).await?.into_iter().find(|oui| oui.owner == sender.address());
    found.map(|oui| oui.oui).ok_or_else(|| ChainError::NoOui(sender.address()))
}

async fn add_key(sender: &Sender, oui: &CoverageOui, own: PublicKey) -> Result<(), ChainError> {
    let mut keys: Vec<PublicKey> = oui.keys.iter().filter_map(|key| key.parse().ok()).collect();
    if keys.contains(&own) {
        return Ok(());
    }
    keys.push(own);
    say(sender, "this gateway's key could not be added to the OUI", CoverageMessage::SetKeys { oui: oui.oui, keys }).await
}

/// What a route of this gateway says. No address of it is left alone for want of a filter: they are its devices' alone.
pub(super) const fn terms(net_id: u32, server: String, max_copies: u32) -> RouteTerms {
    RouteTerms { net_id, server, max_copies, active: true, ignore_empty_skf: false }
}

/// The gateway's route: the one that has its addresses, or its server; it is changed where it says something else, and made where there is none.
pub(super) async fn route(sender: &Sender, oui: u32, terms: RouteTerms, addresses: AddressRange) -> Result<UnitId, ChainError> {
    let (client, bounds) = (sender.client(), (addresses.first().get(), addresses.last().get()));
    let holder = lists::range(client, bounds).await?;
    let known = lists::routes(client, oui).await?;
    let found =
        known.iter().find(|(id, ..)| Some(*id) == holder).or_else(|| known.iter().find(|(_, server, _)| *server == terms.server));
    let route = match found {
        Some((id, server, takes_all)) => {
            if *server != terms.server || !takes_all {
                let change = CoverageMessage::ChangeRoute { route: *id, terms };
                say(sender, "the route could not be changed", change).await?;
            }
            *id
        }
        None => {
            say(sender, "no route could be added", CoverageMessage::AddRoute { oui, terms }).await?;
            let before: Vec<UnitId> = known.iter().map(|(id, ..)| *id).collect();
            let after = lists::routes(client, oui).await?.into_iter().find(|(id, ..)| !before.contains(id));
            after.map(|(id, ..)| id).ok_or(ChainError::UnknownOui(oui))?
        }
    };
    if holder != Some(route) {
        let add = vec![Range { start: bounds.0, end: bounds.1 }];
        let change = CoverageMessage::ChangeRanges { route, add, remove: Vec::new() };
        say(sender, "the addresses of this gateway's devices could not be routed here", change).await?;
    }
    Ok(route)
}
