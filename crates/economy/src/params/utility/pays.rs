//! Who gets which part of a payment: `pays` and `pays-other`; currencies; what a token is worth in dollars.

use super::Given;
use crate::params::{
    network::reference,
    reader::{Reader, Wants, percent},
};
use depin_quantity::{Decimal18, Name, Share, nearest_name};
use std::collections::{BTreeMap, BTreeSet};

/// Where a part of a payment goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayTo {
    /// Who did the work.
    Payee,
    /// Nobody: it is burnt.
    Burn,
    /// A fund of the network.
    Treasury(Name),
    /// The members of a pool, by weight.
    Pool(Name),
}

/// One part of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayPart {
    /// Where it goes.
    pub to: PayTo,
    /// How much of the whole.
    pub share: Share,
    /// The AMM pool at which it is swapped into the AMM pool's other token first. With [`PayTo::Burn`] this is a buy-back.
    pub convert: Option<Name>,
}

/// How payments are split. Each part but the first is rounded down; the first takes what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pays {
    /// In the first currency; in the others too when they have no parts of their own.
    pub first: Vec<PayPart>,
    /// In the other currencies.
    pub other: Option<Vec<PayPart>>,
}

impl Pays {
    /// The parts of a payment in `token`, when `currencies` may be paid in.
    pub fn of(&self, token: Name, currencies: &[Name]) -> &[PayPart] {
        match &self.other {
            Some(other) if currencies.first() != Some(&token) => other,
            _ => &self.first,
        }
    }
}

/// What one whole token is worth in dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsdRate {
    /// By the reports of this pair, whose base is the token.
    Pair(Name),
    /// Fixed: the token is a credit.
    Fixed(Decimal18),
}

/// Base and quote of a pair: `HNT-USD` is `HNT` in `USD`.
pub fn pair_of(pair: Name) -> Option<(Name, Name)> {
    let (base, quote) = pair.as_str().rsplit_once('-')?;
    Some((base.parse().ok()?, quote.parse().ok()?))
}

/// The name of dollars, as a pair's quote and as the currency of agreed amounts that are priced in them.
pub const USD: Name = Name::literal("USD");

/// Reads `currencies`, or `token` for one.
pub(super) fn currencies(r: &mut Reader<'_>, given: &Given<'_>) -> Option<Vec<Name>> {
    if r.has("token") && !r.has("currencies") {
        return reference(r, "token", "token", given.tokens).map(|token| vec![token]);
    }
    let all = r.names("currencies")?;
    let mut whole = true;
    for (index, unknown) in all.iter().enumerate().filter(|(_, name)| !given.tokens.has(**name)) {
        whole = false;
        let near = nearest_name(unknown.as_str(), given.tokens.all().keys().map(Name::as_str));
        let hint = near.map_or_else(|| "declare it with [[token]]".to_owned(), |near| format!("did you mean `{near}`?"));
        if r.context().tokens.borrow().is_some() {
            r.problem_in(&["currencies", &format!("[{index}]")], &format!("`{unknown}` is no declared token"), &hint);
        }
    }
    whole.then_some(all)
}

/// Reads `pays` and `pays-other`; without them the payee gets everything.
pub(super) fn pays(r: &mut Reader<'_>, given: &Given<'_>, currencies: &[Name]) -> Option<Pays> {
    let others = currencies.get(1..).unwrap_or_default();
    let to_first = if r.has("pays-other") { currencies.get(..1).unwrap_or_default() } else { currencies };
    let payee = vec![PayPart { to: PayTo::Payee, share: Share::WHOLE, convert: None }];
    let first = if r.has("pays") { parts(r, "pays", given, to_first, true)? } else { payee };
    if !r.has("pays") {
        credits_only_burn(r, "currencies", &first, given, to_first)?;
    }
    if !r.has("pays-other") {
        return Some(Pays { first, other: None });
    }
    if others.is_empty() {
        r.problem("pays-other", "there is no other currency", "list it in `currencies`, or remove `pays-other`");
        return None;
    }
    Some(Pays { first, other: Some(parts(r, "pays-other", given, others, true)?) })
}

/// Reads the parts of payments in `tokens`.
pub(super) fn parts(r: &mut Reader<'_>, key: &str, given: &Given<'_>, tokens: &[Name], payee: bool) -> Option<Vec<PayPart>> {
    let parts = r.inner_list(key, |r| {
        let convert = if r.has("convert") { Some(reference(r, "convert", "amm-pool", given.amm_pools)?) } else { None };
        let to = destination(r, "to", given, tokens, convert, payee);
        let share = r.share("share");
        Some(PayPart { to: to?, share: share?, convert })
    })?;
    let sum: u64 = parts.iter().map(|part| u64::from(part.share.get())).sum();
    if sum != u64::from(Share::WHOLE.get()) {
        let message = format!("`{key}` comes to {}; the shares must sum to exactly 100%", percent(sum));
        r.problem(key, &message, "change them; the first part takes what rounding leaves");
        return None;
    }
    credits_only_burn(r, key, &parts, given, tokens)?;
    Some(parts)
}

/// Reads where something goes. A pool must pay the token that arrives there.
pub(super) fn destination(
    r: &mut Reader<'_>,
    key: &str,
    given: &Given<'_>,
    tokens: &[Name],
    convert: Option<Name>,
    payee: bool,
) -> Option<PayTo> {
    let text = r.text(key)?;
    let named = |prefix: &str| text.strip_prefix(prefix).and_then(|rest| rest.parse::<Name>().ok());
    let arriving = arriving(r, given, tokens, convert)?;
    if text == "burn" {
        return Some(PayTo::Burn);
    }
    if text == "payee" && payee {
        return Some(PayTo::Payee);
    }
    if let Some(name) = named("treasury.") {
        r.want(key, name, Wants::Treasury);
        return Some(PayTo::Treasury(name));
    }
    if let Some(name) = named("pool.") {
        for token in arriving {
            r.want(key, name, Wants::Pool(token));
        }
        return Some(PayTo::Pool(name));
    }
    let words: &[&str] = if payee { &["payee", "burn"] } else { &["burn"] };
    let hint = match nearest_name(&text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("choose one of {}, treasury.<name>, pool.<name>", words.join(", ")),
    };
    r.problem(key, &format!("`{text}` is no destination"), &hint);
    None
}

/// What arrives of `tokens` when they are converted at an AMM pool.
fn arriving(r: &mut Reader<'_>, given: &Given<'_>, tokens: &[Name], convert: Option<Name>) -> Option<BTreeSet<Name>> {
    let Some(amm_pool) = convert else { return Some(tokens.iter().copied().collect()) };
    let (a, b) = given.amm_pools.get(amm_pool)?.tokens;
    let mut out = BTreeSet::new();
    for token in tokens {
        match *token {
            token if token == a => out.insert(b),
            token if token == b => out.insert(a),
            token => {
                r.problem(
                    "convert",
                    &format!("AMM pool `{amm_pool}` does not take {token}"),
                    "name an AMM pool that joins the two tokens",
                );
                return None;
            }
        };
    }
    Some(out)
}

/// What cannot be sent cannot be paid to anybody either: it is burnt when it is used.
fn credits_only_burn(r: &mut Reader<'_>, key: &str, parts: &[PayPart], given: &Given<'_>, tokens: &[Name]) -> Option<()> {
    let credit = tokens.iter().find(|token| given.credits.has(**token));
    let Some(credit) = credit else { return Some(()) };
    if parts.iter().all(|part| part.to == PayTo::Burn && part.convert.is_none()) {
        return Some(());
    }
    let hint = "write pays = [{ to = \"burn\", share = \"100%\" }], or pays-other for the other currencies";
    r.problem(key, &format!("{credit} is not transferable, so payments in it can only be burnt"), hint);
    None
}

/// What each of `tokens` is worth in dollars: credits what the file says, others by the pair given under `key`, or by the pair
/// `<token>-USD` when the key is absent or `true`.
pub(super) fn usd_rates(r: &mut Reader<'_>, key: &str, given: &Given<'_>, tokens: &[Name]) -> Option<BTreeMap<Name, UsdRate>> {
    let mut pairs = BTreeMap::new();
    if r.holds_flag(key) {
        if r.flag(key) != Some(true) {
            r.problem(key, "this is `true`, a pair, or a list of pairs", "remove the key, or write it like \"HNT-USD\"");
            return None;
        }
    } else if r.has(key) {
        for pair in r.name_or_names(key)? {
            match pair_of(pair) {
                Some((base, USD)) if given.prices.has(pair) => {
                    pairs.insert(base, pair);
                }
                _ => {
                    let message = format!("`{pair}` is no declared pair of a token and USD");
                    let near = nearest_name(pair.as_str(), given.prices.all().keys().map(Name::as_str));
                    let hint = near.map_or_else(
                        || format!("declare [price.{pair}], named like HNT-USD"),
                        |near| format!("did you mean `{near}`?"),
                    );
                    r.problem(key, &message, &hint);
                    return None;
                }
            }
        }
    }
    let mut rates = BTreeMap::new();
    for token in tokens {
        if given.credits.has(*token) {
            rates.insert(*token, UsdRate::Fixed(given.credits.get(*token)?.usd));
            continue;
        }
        let implied = format!("{token}-USD").parse::<Name>().ok().filter(|pair| given.prices.has(*pair));
        match pairs.get(token).copied().or(implied) {
            Some(pair) => {
                rates.insert(*token, UsdRate::Pair(pair));
            }
            None => {
                let message = format!("nothing says what {token} is worth in dollars");
                r.problem(key, &message, &format!("declare [price.{token}-USD] with its reporters"));
                return None;
            }
        }
    }
    Some(rates)
}
