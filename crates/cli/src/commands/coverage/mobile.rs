//! Access points, carriers and sessions, as the ledger has them, and what carriers tell it.

use super::{
    act::{credits, field, minted, provide, send, told},
    look::page,
    named::{Named, PAGES_MAX},
};
use crate::{
    args::{AccessPointsArgs, AuthoriseArgs, CarrierCommand, CarrierCreditsArgs, NewCarrierArgs, SessionsArgs},
    error::{CliError, Result},
    output::{Table, ago, short_id, shorten},
};
use depin_client::{
    api::{AccessPointQuery, MobileAccessPoint, MobileCarrier, SessionQuery},
    whole_list,
};
use depin_economy::Money;
use depin_quantity::{Decimal18, Units};
use depin_services::coverage::{CoverageMessage, mobile::MobileMessage};
use serde::Serialize;

/// Entries of a page.
const PAGE: Option<u32> = Some(1_000);

pub(super) async fn access_points(args: &AccessPointsArgs, at: &Named<'_>) -> Result<()> {
    let owner = at.remote.address_of(args.owner.as_ref()).await?;
    let ask = |after| async move { at.coverage().access_points(&AccessPointQuery { owner, after, limit: PAGE }).await };
    let list = page(whole_list(PAGES_MAX, ask).await?);
    at.out.result(&list, |out| {
        let mut table =
            Table::new(&["OWNER", "POINT", "KIND", ">HEXES", ">BEATS", ">TRUST", ">SPEED", ">POINTS", ">MB PAID", "STATE"]);
        for point in &list.items {
            table.row([
                at.name(point.owner),
                point.address.short(),
                point.kind.clone(),
                point.hexes.to_string(),
                point.beats.to_string(),
                hundredths(point.trust),
                hundredths(point.speed),
                point.points.to_string(),
                megabytes(point.bytes.parse().unwrap_or(0)),
                state(point).to_owned(),
            ]);
        }
        table.render_or(out, "no access points; `depin provider mobile` starts one of your own")
    })
}

const fn state(point: &MobileAccessPoint) -> &'static str {
    match () {
        () if point.retired => "left",
        () if point.banned => "banned",
        () if point.location.is_none() => "no place",
        () if point.object == 0 => "no hexes",
        () if point.ranked => "ranked",
        () => "active",
    }
}

fn hundredths(number: u32) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}

/// Bytes in megabytes, with one place, cut.
fn megabytes(bytes: u128) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes / 100_000 % 10)
}

pub(super) async fn sessions(args: &SessionsArgs, at: &Named<'_>) -> Result<()> {
    let carrier = args.carrier;
    let ask =
        |after| async move { at.coverage().sessions(&SessionQuery { access_point: None, carrier, after, limit: PAGE }).await };
    let mut list = page(whole_list(PAGES_MAX, ask).await?);
    list.items.sort_by_key(|session| std::cmp::Reverse(session.reported.instant()));
    list.items.truncate(args.limit as usize);
    at.out.result(&list, |out| {
        let mut table = Table::new(&["SESSION", "POINT", ">CARRIER", "BEGAN", ">MB UP", ">DOWN", ">PAID", ">COST", "STATE"]);
        for session in &list.items {
            let all = session.up.saturating_add(session.down);
            table.row([
                short_id(session.session.to_string()),
                session.access_point.short(),
                session.carrier.to_string(),
                ago(at.now, session.started.instant()),
                megabytes(session.up.into()),
                megabytes(session.down.into()),
                megabytes(session.paid.into()),
                shorten(&session.cost.display),
                match (session.stopped, session.paid < all) {
                    (_, true) => "not all paid",
                    (true, false) => "over",
                    (false, false) => "open",
                }
                .to_owned(),
            ]);
        }
        table.render_or(out, "no sessions were reported yet, or all are forgotten")
    })
}

#[derive(Serialize)]
struct CarrierDone {
    carrier: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<Units>,
    minted: Units,
}

pub(super) async fn carrier(command: &CarrierCommand, at: &Named<'_>) -> Result<()> {
    match command {
        CarrierCommand::New(args) => open(args, at).await,
        CarrierCommand::List => carriers(at).await,
        CarrierCommand::Add(args) => add(args, at).await,
        CarrierCommand::Take(args) => take(args, at).await,
        CarrierCommand::Authorise(args) => authorise(args, at).await,
    }
}

async fn open(args: &NewCarrierArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let (token, units) = credits(at, &args.credits).await?;
    let price = args.price.as_ref().map(|price| {
        let amount = Decimal18::parse(&price.number).map_err(|error| CliError::refused("amount", error))?;
        Ok::<_, CliError>(Money { currency: price.token.unwrap_or(token), amount })
    });
    let price = price.transpose()?;
    let more = provide(at, &sender, token, units).await?;
    let message = MobileMessage::OpenCarrier { credits: units, price };
    let mut receipt = send(at, &sender, CoverageMessage::Mobile(message)).await?;
    let number = field(&receipt, "carrier-opened", "carrier").and_then(serde_json::Value::as_u64);
    let number = number.and_then(|number| u32::try_from(number).ok());
    let carrier = number.ok_or_else(|| CliError::broken("receipt", "the ledger did not say which carrier it opened"))?;
    if args.bytes > 0 {
        let message = MobileMessage::Authorise { carrier, access_point: None, bytes: args.bytes };
        receipt = send(at, &sender, CoverageMessage::Mobile(message)).await?;
    }
    let text = format!(
        "carrier {carrier} has {} {token}{}, and pays for {} MB at each access point",
        units.get(),
        minted(more, token),
        megabytes(args.bytes.into())
    );
    told(at, CarrierDone { carrier, credits: Some(units), minted: more }, receipt, &text)
}

async fn add(args: &CarrierCreditsArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let (token, units) = credits(at, &args.credits).await?;
    let more = provide(at, &sender, token, units).await?;
    let message = MobileMessage::AddCredits { carrier: args.carrier, credits: units };
    let receipt = send(at, &sender, CoverageMessage::Mobile(message)).await?;
    let text = format!("carrier {} has {} {token} more{}", args.carrier, units.get(), minted(more, token));
    told(at, CarrierDone { carrier: args.carrier, credits: Some(units), minted: more }, receipt, &text)
}

async fn take(args: &CarrierCreditsArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let (token, units) = credits(at, &args.credits).await?;
    let message = MobileMessage::TakeCredits { carrier: args.carrier, credits: units };
    let receipt = send(at, &sender, CoverageMessage::Mobile(message)).await?;
    let text = format!("{} {token} of carrier {} are back in the wallet", units.get(), args.carrier);
    told(at, CarrierDone { carrier: args.carrier, credits: Some(units), minted: Units::ZERO }, receipt, &text)
}

async fn authorise(args: &AuthoriseArgs, at: &Named<'_>) -> Result<()> {
    let sender = at.remote.sender(&args.signer.from)?;
    let access_point = at.remote.address_of(args.access_point.as_ref()).await?;
    let message = MobileMessage::Authorise { carrier: args.carrier, access_point, bytes: args.bytes };
    let receipt = send(at, &sender, CoverageMessage::Mobile(message)).await?;
    let whereabouts = access_point.map_or_else(|| "each access point".to_owned(), |point| point.short());
    let text = format!("carrier {} pays for {} MB at {whereabouts}", args.carrier, megabytes(args.bytes.into()));
    told(at, CarrierDone { carrier: args.carrier, credits: None, minted: Units::ZERO }, receipt, &text)
}

async fn carriers(at: &Named<'_>) -> Result<()> {
    let ask = |after: Option<String>| async move { at.coverage().carriers(after.as_deref(), PAGE).await };
    let list = page(whole_list(PAGES_MAX, ask).await?);
    at.out.result(&list, |out| {
        let mut table = Table::new(&[">CARRIER", "OWNER", ">CREDITS", ">MB EACH", ">MB PAID", ">UNITS", ">SPENT"]);
        for MobileCarrier { carrier, owner, balance, usual_bytes, bytes, units, spent, .. } in &list.items {
            table.row([
                carrier.to_string(),
                at.name(*owner),
                shorten(&balance.display),
                megabytes((*usual_bytes).into()),
                megabytes(bytes.parse().unwrap_or(0)),
                units.clone(),
                shorten(&spent.display),
            ]);
        }
        table.render_or(out, "no carriers; `depin coverage carrier new` opens one")
    })
}
