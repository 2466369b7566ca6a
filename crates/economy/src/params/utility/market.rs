//! `[price.*]`, `[venue.*]`, `[utility.fee]`: prices, conversion, transaction fees.

use crate::params::{
    network::{Token, reference},
    reader::Reader,
};
use depin_quantity::{Name, Share, Span, Units};
use std::collections::BTreeMap;

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

/// A constant-product venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueRule {
    /// The two tokens, in name order.
    pub tokens: (Name, Name),
    /// Part of what is given that stays with the venue's owners.
    pub fee: Share,
}

pub(super) fn fee(r: &mut Reader<'_>, tokens: &BTreeMap<Name, Token>) -> Option<FeeRule> {
    r.table("fee", |r| {
        let token = reference(r, "token", "token", tokens);
        let minimum = r.table("minimum", |r| r.amount_of("amount", token?));
        let initial = r.table("initial", |r| r.amount_of("amount", token?));
        let target_work = r.table("target", |r| r.integer("work", 1..=u64::MAX));
        let change = r.table("change", |r| r.integer("parts", 1..=1_000_000));
        let rule = FeeRule { token: token?, minimum: minimum?, initial: initial?, target_work: target_work?, change: change? };
        if rule.initial < rule.minimum {
            r.problem("initial", "the first base fee is below the minimum", "raise `initial`");
            return None;
        }
        Some(rule)
    })
}

pub(in crate::params) fn prices(r: &mut Reader<'_>) -> Option<BTreeMap<Name, PriceRule>> {
    r.named("price", |_, r| {
        let (reporters, stale_after) = (r.names("reporters"), r.span("stale-after"));
        let quorum = r.integer("quorum", 1..=64);
        let (reporters, quorum) = (reporters?, u32::try_from(quorum?).ok()?);
        if reporters.len() > 64 || reporters.len() < quorum as usize {
            r.problem(
                "reporters",
                "a price needs at least as many reporters as its quorum, and at most 64",
                "change `reporters` or `quorum`",
            );
            return None;
        }
        Some(PriceRule { reporters, stale_after: stale_after?, quorum })
    })
}

pub(in crate::params) fn venues(r: &mut Reader<'_>, tokens: &BTreeMap<Name, Token>) -> Option<BTreeMap<Name, VenueRule>> {
    r.named("venue", |_, r| {
        let (pair, fee) = (r.names("tokens"), r.share("fee"));
        let mut pair = pair?;
        pair.sort_unstable();
        match pair.as_slice() {
            [a, b] if tokens.contains_key(a) && tokens.contains_key(b) => Some(VenueRule { tokens: (*a, *b), fee: fee? }),
            _ => {
                r.problem("tokens", "a venue joins exactly two declared tokens", "write tokens = [\"AAA\", \"BBB\"]");
                None
            }
        }
    })
}
