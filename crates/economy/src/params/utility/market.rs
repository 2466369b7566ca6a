//! `[price.*]`, `[amm-pool.*]`, `[utility.fee]`: prices, conversion, transaction fees.

use crate::params::{
    network::{Token, reference},
    reader::{Declared, Reader},
};
use depin_quantity::{Name, Share, Span, Units, nearest_name};

/// Transaction fees: a base fee per work unit, burnt, and a tip to the proposer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeRule {
    /// The token.
    pub token: Name,
    /// Least base fee per work unit, in base units.
    pub minimum: Units,
    /// Base fee per work unit of the first block.
    pub initial: Units,
    /// Work units per block at which the base fee stays.
    pub target_work: u64,
    /// A block moves the base fee by at most one part in this many.
    pub change: u64,
    /// What rows cost; none where they cost nothing.
    pub row: Option<RowFee>,
    /// Whether a party may owe base fees, as long as it owes no more than it has pledged.
    pub on_pledge: bool,
}

/// What the rows cost that a transaction adds to the ledger, keys and values by encoded size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFee {
    /// Work units of one byte more.
    pub work: u64,
    /// Bytes per block at which the base fee of rows stays.
    pub target: u64,
}

/// A pair of currencies with price reports. Its name is base and quote, like `FIL-USD`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRule {
    /// Roles that report.
    pub reporters: Vec<Name>,
    /// Reports older than this do not count.
    pub stale_after: Span,
    /// Least number of fresh reports for a price.
    pub quorum: u32,
}

/// A constant-product AMM pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AmmPoolRule {
    /// The two tokens, in name order.
    pub tokens: (Name, Name),
    /// Part of what is given that stays with the AMM pool's owners.
    pub fee: Share,
}

pub(super) fn fee(r: &mut Reader<'_>, tokens: &Declared<Token>) -> Option<FeeRule> {
    r.table("fee", |r| {
        let token = reference(r, "token", "token", tokens);
        let minimum = r.inner("minimum", |r| r.amount_of("amount", token?));
        let initial = r.inner("initial", |r| r.amount_of("amount", token?));
        let target_work = r.inner("target", |r| r.integer("work", 1..=u64::MAX));
        let change = r.inner("change", |r| r.integer("parts", 1..=1_000_000));
        let row = if r.has("row") { Some(r.inner("row", row)?) } else { None };
        let on_pledge = if r.has("owed") { r.inner("owed", owed)? } else { false };
        let (token, minimum, initial) = (token?, minimum?, initial?);
        let rule = FeeRule { token, minimum, initial, target_work: target_work?, change: change?, row, on_pledge };
        if rule.initial < rule.minimum {
            r.problem_in(&["initial", "amount"], "the first base fee is below the minimum", "raise `initial`");
            return None;
        }
        Some(rule)
    })
}

fn row(r: &mut Reader<'_>) -> Option<RowFee> {
    let (work, target) = (r.integer("work", 1..=1_000_000_000_000), r.integer("target", 1..=1 << 40));
    Some(RowFee { work: work?, target: target? })
}

/// Up to what fees may be owed; there is one word for it.
fn owed(r: &mut Reader<'_>) -> Option<bool> {
    r.choice("up-to", &[("pledge", true)])
}

pub(in crate::params) fn prices(r: &mut Reader<'_>) -> Declared<PriceRule> {
    r.named("price", |_, r| {
        let (reporters, stale_after) = (r.names("reporters"), r.span("stale-after"));
        let quorum = r.integer("quorum", 1..=64);
        let (reporters, quorum) = (reporters?, u32::try_from(quorum?).ok()?);
        if reporters.len() > 64 {
            r.problem("reporters", &format!("a price has at most 64 reporters, not {}", reporters.len()), "name fewer");
            return None;
        }
        if reporters.len() < quorum as usize {
            let message = format!(
                "a price needs at least as many reporters as its quorum: {quorum} fresh reports can never come from {}",
                reporters.len()
            );
            r.problem("quorum", &message, "change `reporters` or `quorum`");
            return None;
        }
        Some(PriceRule { reporters, stale_after: stale_after?, quorum })
    })
}

pub(in crate::params) fn amm_pools(r: &mut Reader<'_>, tokens: &Declared<Token>) -> Declared<AmmPoolRule> {
    r.named("amm-pool", |_, r| {
        let (pair, fee) = (r.names("tokens"), r.share("fee"));
        let mut pair = pair?;
        pair.sort_unstable();
        let two = match pair.as_slice() {
            [a, b] if tokens.has(*a) && tokens.has(*b) => (*a, *b),
            _ => {
                let unknown = pair.iter().find(|token| !tokens.has(**token));
                let message = match unknown {
                    Some(token) => format!("an AMM pool joins exactly two declared tokens, and `{token}` is none"),
                    None => format!("an AMM pool joins exactly two declared tokens, not {}", pair.len()),
                };
                let near = unknown.and_then(|token| nearest_name(token.as_str(), tokens.all().keys().map(Name::as_str)));
                let hint =
                    near.map_or_else(|| "write tokens = [\"AAA\", \"BBB\"]".to_owned(), |near| format!("did you mean `{near}`?"));
                r.problem("tokens", &message, &hint);
                return None;
            }
        };
        let fee = fee?;
        if fee == Share::WHOLE {
            r.problem("fee", "an AMM pool that keeps everything gives nothing", "write a fee below 100%, like \"0.3%\"");
            return None;
        }
        Some(AmmPoolRule { tokens: two, fee })
    })
}
