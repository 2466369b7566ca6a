//! The storage service: providers, deals, data sets, faults.

use super::page::page;
use crate::api::{
    App, PageQuery, Shared, Written,
    error::{ApiError, ApiResult},
    extract::{Params, Segment, page_after, page_limit},
};
use axum::{Json, extract::State};
use depin_client::api::{
    Amount, Ask, Challenge, ChallengedSector, DataSet, Deal, DealQuery, DealStage, ErrorBody, Fault, Page, Provider,
    ProviderList, StorageTotals, Window,
};
use depin_economy::{Account, Reads};
use depin_quantity::{Address, UnitId};
use depin_services::storage::{self as service, CloseReason, DealState, Faulty, read};
use depin_state::ReadState;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The paths of this service.
pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(providers))
        .routes(routes!(provider))
        .routes(routes!(super::absence::absence))
        .routes(routes!(deals))
        .routes(routes!(deal))
        .routes(routes!(sets))
        .routes(routes!(faults))
        .routes(routes!(super::quote::quote))
}

/// Parameters of lists by provider.
#[derive(Clone, Debug, Default, serde::Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderQuery {
    /// Only of this provider.
    #[param(value_type = Option<String>)]
    provider: Option<Address>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Most entries in the answer.
    limit: Option<u32>,
}

/// A page of providers, in order of address, and sums over the network.
#[utoipa::path(get, path = "/v1/storage/providers", tag = "storage", params(PageQuery),
    responses((status = 200, body = ProviderList), (status = "default", body = ErrorBody)))]
pub(super) async fn providers(State(app): State<Shared>, Params(query): Params<PageQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 1_000, 1_000)?;
    let after = page_after::<Address>(query.after.as_deref())?;
    let listed = app.list(move |app, state, _| {
        let (rows, totals) = (read::providers(state, after), read::totals(state));
        let wire = |(address, row)| Some(wire_provider(app, address, row));
        let Page { items, next } = page(rows, limit, |(address, _)| address.to_string(), wire);
        let totals = StorageTotals {
            providers: totals.providers,
            proposed: totals.proposed,
            active: totals.active,
            faulty: totals.faulty,
            raw_bytes: totals.raw_bytes.to_string(),
            quality_bytes: totals.quality_bytes.to_string(),
        };
        let next = next.and(items.last()).map(|last| last.address);
        Ok(ProviderList { items, next, totals })
    });
    listed.await
}

/// One provider.
#[utoipa::path(get, path = "/v1/storage/providers/{address}", tag = "storage", params(("address" = String, Path, description = "Its address")),
    responses((status = 200, body = Provider), (status = "default", body = ErrorBody)))]
pub(super) async fn provider(State(app): State<Shared>, Segment(address): Segment<Address>) -> ApiResult<Json<Provider>> {
    let row = app.ledger.read(|state| read::provider(state, address));
    let row = row.ok_or_else(|| ApiError::not_found(format!("{address} is no provider")))?;
    Ok(Json(wire_provider(&app, address, row)))
}

fn wire_provider(app: &App, address: Address, row: service::Provider) -> Provider {
    let price = |units| app.tokens.deals(units);
    Provider {
        address,
        name: row.name,
        url: row.url,
        capacity_bytes: row.capacity,
        promised_bytes: row.promised,
        deals: row.deals,
        ask: Ask {
            price: price(row.ask.price),
            verified_price: price(row.ask.verified_price),
            piece_min_bytes: row.ask.piece_min.get(),
            piece_max_bytes: row.ask.piece_max.get(),
            term_min_epochs: row.ask.term_min,
            term_max_epochs: row.ask.term_max,
            open: row.ask.open,
        },
        since: row.since.into(),
    }
}

/// A page of deals, in order of id.
#[utoipa::path(get, path = "/v1/storage/deals", tag = "storage", params(DealQuery),
    responses((status = 200, body = Page<Deal>), (status = "default", body = ErrorBody)))]
pub(super) async fn deals(State(app): State<Shared>, Params(query): Params<DealQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 100, 1_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let listed = app.list(move |app, state, reads| {
        let wanted = |deal: &service::Deal| {
            query.client.is_none_or(|client| client == deal.client)
                && query.provider.is_none_or(|provider| provider == deal.provider)
                && query.state.is_none_or(|stage| stage == self::stage(&deal.state))
        };
        let wire = |(id, deal)| Some(deal).filter(&wanted).map(|deal| wire_deal(app, reads, id, deal));
        Ok(page(narrowest(state, &query, after), limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// The shortest list that holds everything asked for.
fn narrowest<'a>(
    state: &'a dyn ReadState,
    query: &DealQuery,
    after: Option<UnitId>,
) -> Box<dyn Iterator<Item = (UnitId, service::Deal)> + 'a> {
    match (query.client, query.provider) {
        (Some(client), _) => Box::new(read::deals_of_client(state, client, after)),
        (None, Some(provider)) => Box::new(read::deals_of_provider(state, provider, after)),
        (None, None) => Box::new(read::deals(state, after)),
    }
}

/// One deal. A closed one is kept for a while.
#[utoipa::path(get, path = "/v1/storage/deals/{id}", tag = "storage", params(("id" = String, Path, description = "Its id, 64 hexadecimal digits")),
    responses((status = 200, body = Deal), (status = "default", body = ErrorBody)))]
pub(super) async fn deal(State(app): State<Shared>, Segment(id): Segment<UnitId>) -> ApiResult<Json<Deal>> {
    let found = app.read(|state, reads| read::deal(state, id).map(|deal| wire_deal(&app, reads, id, deal)));
    found.map(Json).ok_or_else(|| ApiError::not_found(format!("there is no deal {id}; it never was, or it closed long ago")))
}

fn wire_deal(app: &App, reads: &Reads<'_>, id: UnitId, deal: service::Deal) -> Deal {
    let (since, until, faulty) = match &deal.state {
        DealState::Active { since, until, faulty } => (Some(*since), Some(*until), faulty.as_ref()),
        _ => (None, None, None),
    };
    let closed = if let DealState::Closed { at, .. } = &deal.state { Some(*at) } else { None };
    Deal {
        id,
        client: deal.client,
        provider: deal.provider,
        piece: deal.piece,
        size_bytes: deal.size.get(),
        price: app.tokens.deals(deal.price),
        term_epochs: deal.term,
        verified: deal.verified,
        state: stage(&deal.state),
        reason: reason(&deal.state),
        proposed: deal.proposed.into(),
        start_by: deal.start_by.into(),
        since: since.map(Into::into),
        until: until.map(Into::into),
        closed: closed.map(Into::into),
        fault: faulty.map(|faulty| wire_fault(id, &deal, faulty)),
        set: deal.set,
        challenge: deal.challenge.map(|seed| Challenge { seed, leaves: app.storage().map_or(0, |storage| storage.challenges) }),
        extension_epochs: deal.extension,
        end_asked: deal.end_asked,
        escrow: escrow(app, reads, id),
        label: deal.label,
    }
}

/// What lies in the deal's escrow, which goes by the deal's id.
fn escrow(app: &App, reads: &Reads<'_>, id: UnitId) -> Option<Amount> {
    reads.escrow(id)?;
    Some(app.tokens.deals(reads.balance(Account::Escrow(id), app.tokens.deals)))
}

const fn stage(state: &DealState) -> DealStage {
    match state {
        DealState::Proposed => DealStage::Proposed,
        DealState::Accepted => DealStage::Accepted,
        DealState::Active { faulty: None, .. } => DealStage::Active,
        DealState::Active { faulty: Some(_), .. } => DealStage::Faulty,
        DealState::Closed { reason: CloseReason::Refused(_), .. } => DealStage::Refused,
        DealState::Closed { reason: CloseReason::Expired, .. } => DealStage::Expired,
        DealState::Closed { .. } => DealStage::Ended,
    }
}

fn reason(state: &DealState) -> Option<String> {
    let DealState::Closed { reason, .. } = state else { return None };
    Some(match reason {
        CloseReason::Refused(why) => why.clone(),
        CloseReason::Expired => "not accepted and proven in time".to_owned(),
        CloseReason::Completed => "its term ended".to_owned(),
        CloseReason::Agreed => "both sides ended it early".to_owned(),
        CloseReason::GivenUp => "the provider gave it up".to_owned(),
        CloseReason::Faulty => "faulty for too many proving periods".to_owned(),
    })
}

fn wire_fault(id: UnitId, deal: &service::Deal, faulty: &Faulty) -> Fault {
    Fault {
        deal: id,
        provider: deal.provider,
        piece: deal.piece,
        since: faulty.since.into(),
        periods: faulty.periods,
        declared: faulty.declared,
        recovering: faulty.recovering,
    }
}

/// Sectors that cannot be proven at present.
#[utoipa::path(get, path = "/v1/storage/faults", tag = "storage", params(ProviderQuery),
    responses((status = 200, body = Page<Fault>), (status = "default", body = ErrorBody)))]
pub(super) async fn faults(State(app): State<Shared>, Params(query): Params<ProviderQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 1_000, 10_000)?;
    let after = page_after::<UnitId>(query.after.as_deref())?;
    let by_provider = DealQuery { provider: query.provider, ..DealQuery::default() };
    let listed = app.list(move |_, state, _| {
        if read::totals(state).faulty == 0 {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let wire = |(id, deal): (UnitId, service::Deal)| match &deal.state {
            DealState::Active { faulty: Some(faulty), .. } => Some(wire_fault(id, &deal, faulty)),
            _ => None,
        };
        Ok(page(narrowest(state, &by_provider, after), limit, |(id, _)| id.to_string(), wire))
    });
    listed.await
}

/// Data sets, by provider and number. `next` is the last one's provider and number.
#[utoipa::path(get, path = "/v1/storage/sets", tag = "storage", params(ProviderQuery),
    responses((status = 200, body = Page<DataSet>), (status = "default", body = ErrorBody)))]
pub(super) async fn sets(State(app): State<Shared>, Params(query): Params<ProviderQuery>) -> ApiResult<Written> {
    let limit = page_limit(query.limit, 1_000, 10_000)?;
    let after = query.after.as_deref().map(set_key).transpose()?;
    let leaves = app.storage()?.challenges;
    let listed = app.list(move |_, state, _| {
        let rows: Box<dyn Iterator<Item = ((Address, u32), service::DataSet)>> = match query.provider {
            // The ask for a page behind another provider's is one for what that one has behind it: nothing, or all.
            Some(provider) if after.is_some_and(|(last, _)| last > provider) => Box::new(std::iter::empty()),
            Some(provider) => {
                let from = after.filter(|(last, _)| *last == provider).map(|(_, number)| number);
                let own = read::sets(state, provider).filter(move |(number, _)| from.is_none_or(|last| *number > last));
                Box::new(own.map(move |(number, set)| ((provider, number), set)))
            }
            None => Box::new(read::all_sets(state, after)),
        };
        let key = |((owner, number), _): &((Address, u32), service::DataSet)| format!("{owner}:{number}");
        Ok(page(rows, limit, key, |((owner, number), set)| Some(wire_set(owner, number, set, leaves))))
    });
    listed.await
}

fn set_key(text: &str) -> ApiResult<(Address, u32)> {
    let wrong = || ApiError::bad_request("`after` is not a provider and a number", "pass the `next` of the page before as it is");
    let (provider, number) = text.split_once(':').ok_or_else(wrong)?;
    Ok((provider.parse().map_err(|_| wrong())?, number.parse().map_err(|_| wrong())?))
}

fn wire_set(provider: Address, set: u32, row: service::DataSet, leaves: u32) -> DataSet {
    let window = row.window.map(|window| Window {
        seed: window.seed,
        opened: window.opened.into(),
        closes: window.closes.into(),
        sectors: window.sectors.iter().map(wire_sector).collect(),
        proven: window.proven,
    });
    DataSet {
        provider,
        client: row.client,
        set,
        sectors: row.sectors,
        deadline: row.deadline.into(),
        window,
        proven: row.proven,
        missed: row.missed,
        leaves,
    }
}

fn wire_sector(sector: &service::Challenged) -> ChallengedSector {
    ChallengedSector { deal: sector.deal, piece: sector.piece, size_bytes: sector.size.get(), skipped: sector.skipped }
}
