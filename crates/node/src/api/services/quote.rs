//! What storing would cost, from the asks of open providers.
//!
//! Lays data out as a gateway does: segments of `k` data shards and `n - k` parity shards, each shard a piece with one of the `n`
//! cheapest providers that take it. Encryption's few bytes per segment are left out.

use crate::api::{
    App, Shared, Written,
    error::{ApiError, ApiResult},
    extract::Params,
};
use axum::extract::State;
use depin_client::api::{ErrorBody, Quote, QuoteQuery};
use depin_economy::Reads;
use depin_quantity::{Address, Decimal18, Name, Rounding, Span, Units};
use depin_services::storage::{Ask, Provider, piece::PieceSize, read};
use depin_state::ReadState;

/// Padded size of a shard of a full segment.
const SHARD_SIZE: u64 = 128 << 17;
/// Redundancy when none is asked for.
const DEFAULT: Layout = Layout { data: 2, all: 3 };
const LAYOUT_MAX: u32 = 32;
const TIB: u64 = 1 << 40;
/// Largest amount of data quoted: 1 EiB.
const SIZE_MAX: u64 = 1 << 60;

/// How data is made redundant: any `data` of `all` shards restore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    data: u32,
    all: u32,
}

/// Pieces of one size, one with each of the layout's providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segments {
    count: u64,
    piece: PieceSize,
}

impl Layout {
    fn parse(text: Option<&str>) -> ApiResult<Self> {
        let Some(text) = text else { return Ok(DEFAULT) };
        let number = |text: &str| text.parse::<u32>().ok().filter(|n| (1..=LAYOUT_MAX).contains(n));
        let layout = match text.split_once("-of-") {
            Some((data, all)) => number(data).zip(number(all)).map(|(data, all)| Self { data, all }),
            None => number(text).map(|all| Self { data: 1, all }),
        };
        layout.filter(|layout| layout.data <= layout.all).ok_or_else(|| {
            let message = format!("`copies` is a number of copies or `K-of-N`, with 1 <= K <= N <= {LAYOUT_MAX}");
            ApiError::bad_request(message, "write it like 3 or 2-of-3")
        })
    }

    /// Full segments, and the last one, whose shards are as small as they can be, but not below `least`.
    fn segments(self, size_bytes: u64, least: PieceSize) -> ApiResult<Vec<Segments>> {
        let wrong = |e| ApiError::bad_request(e, "");
        let full = PieceSize::new(SHARD_SIZE).map_err(wrong)?;
        let payload = full.payload_capacity() * u64::from(self.data);
        let (count, rest) = (size_bytes / payload, size_bytes % payload);
        let mut segments = Vec::new();
        if count > 0 {
            segments.push(Segments { count, piece: full });
        }
        if rest > 0 {
            let piece = PieceSize::for_payload(rest.div_ceil(self.data.into())).map_err(wrong)?;
            segments.push(Segments { count: 1, piece: piece.max(least) });
        }
        Ok(segments)
    }
}

/// What storing costs at present asks.
#[utoipa::path(get, path = "/v1/storage/quote", tag = "storage", params(QuoteQuery),
    responses((status = 200, body = Quote), (status = "default", body = ErrorBody)))]
pub(super) async fn quote(State(app): State<Shared>, Params(query): Params<QuoteQuery>) -> ApiResult<Written> {
    let params = app.storage()?;
    if !(1..=SIZE_MAX).contains(&query.size_bytes) {
        return Err(ApiError::bad_request(format!("`size_bytes` is 1 to {SIZE_MAX}"), ""));
    }
    if !(1..=params.term_max).contains(&query.term_epochs) {
        let longest = Span::from_millis(params.term_max.saturating_mul(params.epoch.get()));
        let message = format!("a deal's term is {} to {longest}: `term_epochs` is 1 to {}", params.epoch, params.term_max);
        return Err(ApiError::bad_request(message, "longer storage is renewed"));
    }
    let layout = Layout::parse(query.copies.as_deref())?;
    let month = Span::from_days(30).get() / params.epoch.get().max(1);
    let least = params.piece_min;
    let listed = app.list(move |app, state, reads| {
        let segments = layout.segments(query.size_bytes, least)?;
        let providers = cheapest(state, layout, &segments, &query)?;
        let cost = cost(&segments, &providers, query.term_epochs)?;
        let tib = layout.segments(TIB, least)?;
        let per_month = self::cost(&tib, &providers, month)?;
        let stored: u128 =
            segments.iter().map(|s| u128::from(s.count) * u128::from(s.piece.get()) * u128::from(layout.all)).sum();
        Ok(Quote {
            size_bytes: query.size_bytes,
            term_epochs: query.term_epochs,
            stored_bytes: u64::try_from(stored).map_err(too_large)?,
            overhead: overhead(stored, query.size_bytes)?,
            cost: app.tokens.deals(cost),
            cost_usd: usd(app, reads, cost),
            per_tib_month: app.tokens.deals(per_month),
            per_tib_month_usd: usd(app, reads, per_month),
            providers: providers.iter().map(|(address, _)| *address).collect(),
        })
    });
    listed.await
}

fn too_large(error: impl std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("the cost cannot be counted: {error}"), "ask for less")
}

/// The cheapest open providers that take every piece and have room, one per shard.
fn cheapest(state: &dyn ReadState, layout: Layout, segments: &[Segments], query: &QuoteQuery) -> ApiResult<Vec<(Address, Ask)>> {
    let room: u64 = segments.iter().map(|s| s.count.saturating_mul(s.piece.get())).fold(0, u64::saturating_add);
    let takes = |provider: &Provider| {
        let ask = &provider.ask;
        let fits = segments.iter().all(|s| (ask.piece_min..=ask.piece_max).contains(&s.piece));
        let term = (ask.term_min..=ask.term_max).contains(&query.term_epochs);
        ask.open && fits && term && provider.capacity.saturating_sub(provider.promised) >= room
    };
    let mut open: Vec<(Address, Ask)> = read::providers(state, None).filter(|(_, p)| takes(p)).map(|(a, p)| (a, p.ask)).collect();
    open.sort_by_key(|(address, ask)| (ask.price, *address));
    let wanted = layout.all as usize;
    if open.len() < wanted {
        let message = format!("{} providers take such deals and have room, {wanted} are needed", open.len());
        let hint = "ask for less, a term within their asks, or fewer shards; `depin provider list` shows the asks";
        return Err(ApiError::new(axum::http::StatusCode::CONFLICT, "no-providers", message, hint));
    }
    open.truncate(wanted);
    Ok(open)
}

fn cost(segments: &[Segments], providers: &[(Address, Ask)], epochs: u64) -> ApiResult<Units> {
    let mut sum = Units::ZERO;
    for (segments, (_, ask)) in segments.iter().flat_map(|s| providers.iter().map(move |p| (s, p))) {
        // A deal costs at least one base unit per epoch.
        let price = ask.price_per_epoch(segments.piece, false).max(Units::new(1));
        let term = price.times(epochs.into()).and_then(|each| each.times(segments.count.into())).map_err(too_large)?;
        sum = sum.plus(term).map_err(too_large)?;
    }
    Ok(sum)
}

/// `stored / size - 1` with six places, rounded down.
fn overhead(stored: u128, size: u64) -> ApiResult<String> {
    let extra = stored.saturating_sub(size.into());
    let part = Units::new(extra).mul_div(1_000_000, size.into(), Rounding::Down).map_err(too_large)?;
    Ok(part.to_decimal(6))
}

/// The amount in USD by the present price, rounded up to a cent's hundredth; `None` without a fresh price.
fn usd(app: &App, reads: &Reads<'_>, amount: Units) -> Option<String> {
    let token = app.tokens.deals;
    let credit = app.ledger.economy().spec().credit(token);
    let price = match credit {
        // A credit's price is fixed.
        Some(credit) => credit.usd,
        None => reads.price(format!("{token}-USD").parse::<Name>().ok()?).ok()?.price,
    };
    let whole = 10u128.checked_pow(app.tokens.decimals(token).into())?;
    let usd = amount.mul_div(price.get(), whole, Rounding::Up).ok()?;
    // 18 places down to four: 10^14 steps.
    let steps = usd.mul_div(1, 100_000_000_000_000, Rounding::Up).ok()?;
    Some(Decimal18::new(steps.times(100_000_000_000_000).ok()?.get()).to_decimal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_read_as_people_write_them() {
        let layout = |data, all| Ok(Layout { data, all });
        assert_eq!(Layout::parse(None), layout(2, 3));
        assert_eq!(Layout::parse(Some("3")), layout(1, 3));
        assert_eq!(Layout::parse(Some("4-of-6")), layout(4, 6));
        for text in ["", "0", "3-of-2", "0-of-2", "33", "2-of-", "-of-3", "2of3", "99999999999"] {
            assert!(Layout::parse(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn data_is_laid_out_in_full_segments_and_a_small_last_one() {
        let layout = Layout { data: 2, all: 3 };
        let full = PieceSize::new(SHARD_SIZE).unwrap();
        let segment = 2 * full.payload_capacity();
        assert_eq!(layout.segments(segment, PieceSize::MIN), Ok(vec![Segments { count: 1, piece: full }]));
        let small = Segments { count: 1, piece: PieceSize::MIN };
        assert_eq!(layout.segments(3 * segment + 1, PieceSize::MIN), Ok(vec![Segments { count: 3, piece: full }, small]));
        assert_eq!(layout.segments(1, PieceSize::MIN), Ok(vec![small]));
        assert_eq!(layout.segments(1, full), Ok(vec![Segments { count: 1, piece: full }]));
    }

    #[test]
    fn overhead_is_what_redundancy_and_padding_add() {
        assert_eq!(overhead(1_512, 1_000), Ok("0.512".to_owned()));
        assert_eq!(overhead(384, 1), Ok("383".to_owned()));
    }
}
