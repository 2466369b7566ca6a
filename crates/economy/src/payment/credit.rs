//! Credits: tokens with a fixed worth in dollars that nobody can send, minted only by burning another token at its price.
//!
//! In: how many credits somebody wants, or how much somebody gives. Out: the token burnt and the credits minted, in one step.
//! They are used by being burnt (charges, service fees, streams in their currency).

use crate::{
    Account, CreditRule, Event, Limit, Reason, Refusal, Spec, Topic, UsdRate,
    market::dollars::usd_price,
    payment::rows::CreditRow,
    session::work::{Work, found},
};
use depin_quantity::{Address, Decimal18, Instant, Name, QuantityError, Rounding, Units, mul_div_wide};
use depin_state::ReadState;
use ruint::aliases::U256;
use serde::Serialize;

/// What minting would burn and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct CreditQuote {
    /// The token that is burnt.
    pub from: Name,
    /// How much of it, in base units.
    pub burnt: Units,
    /// Credits, in base units.
    pub credits: Units,
    /// Dollars for one whole token.
    pub price: Decimal18,
}

/// How much to mint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditOrder {
    /// So many credits, whatever they cost.
    Credits(Units),
    /// As many credits as this much pays for; all of it is burnt.
    Tokens(Units),
}

/// What `credits` cost: `ceil(credits * usd * 10^n / (price * 10^d))`, at least one base unit.
///
/// - Units: credits in 10^-d of a credit; `usd` for one whole credit and `price` for one whole token in 10^-18 dollars; the
///   result in 10^-n of the token.
/// - Rounding: up, so that no credit is minted for less than its price.
pub fn burnt_for(credits: Units, usd: Decimal18, price: Decimal18, n: u8, d: u8) -> Result<Units, QuantityError> {
    let ten = |power: u8| U256::from(10).pow(U256::from(power));
    let factor = U256::from(usd.get()) * ten(n);
    let burnt = mul_div_wide(credits.get(), factor, U256::from(price.get()) * ten(d), Rounding::Up)?;
    Ok(Units::new(burnt.max(1)))
}

/// What `tokens` buy: `floor(tokens * price * 10^d / (usd * 10^n))`.
///
/// - Units: as for [`burnt_for`].
/// - Rounding: down, so that no credit is minted for less than its price.
/// - Source: helium-program-library `data-credits/mint_data_credits_v0.rs`: dc = floor(hnt * p / …).
pub fn credits_for(tokens: Units, usd: Decimal18, price: Decimal18, n: u8, d: u8) -> Result<Units, QuantityError> {
    let ten = |power: u8| U256::from(10).pow(U256::from(power));
    let factor = U256::from(price.get()) * ten(d);
    Ok(Units::new(mul_div_wide(tokens.get(), factor, U256::from(usd.get()) * ten(n), Rounding::Down)?))
}

/// What an order would burn and give now.
///
/// Order of refusals: amount, price, least.
pub fn quote(spec: &Spec, state: &dyn ReadState, now: Instant, credit: Name, order: CreditOrder) -> Result<CreditQuote, Refusal> {
    let rule: &CreditRule = found(spec.credit(credit), Topic::Credit, credit)?;
    let (CreditOrder::Credits(amount) | CreditOrder::Tokens(amount)) = order;
    if amount.is_zero() {
        return Err(Refusal::OutOfRange { what: Topic::Amount, reason: Limit::AboveZero });
    }
    let price = usd_price(spec, state, UsdRate::Pair(rule.pair), now)?;
    let (n, d) = (spec.token_of(rule.from).decimals, spec.token_of(credit).decimals);
    let (burnt, credits) = match order {
        CreditOrder::Credits(credits) => (burnt_for(credits, rule.usd, price, n, d)?, credits),
        CreditOrder::Tokens(tokens) => (tokens, credits_for(tokens, rule.usd, price, n, d)?),
    };
    if credits < rule.least {
        return Err(Refusal::OutOfRange { what: Topic::Credit, reason: Limit::AtLeast(rule.least) });
    }
    Ok(CreditQuote { from: rule.from, burnt, credits, price })
}

impl Work<'_> {
    /// Burns a party's tokens and mints credits to `to`.
    ///
    /// Order of refusals: credit, amount, price, least, the caller's limit, debt, funds.
    pub fn mint_credits(
        &mut self,
        who: Address,
        to: Address,
        credit: Name,
        order: CreditOrder,
        accept: impl FnOnce(&CreditQuote) -> Result<(), Refusal>,
    ) -> Result<CreditQuote, Refusal> {
        let quote = quote(self.spec, self.state.as_read(), self.now, credit, order)?;
        accept(&quote)?;
        self.owes_nothing(who, quote.from)?;
        self.post(quote.from, Account::Wallet(who), Account::Supply, quote.burnt, Reason::BurntForCredits)?;
        self.post(credit, Account::Supply, Account::Wallet(to), quote.credits, Reason::CreditsMinted)?;
        let empty = CreditRow { burnt: Units::ZERO, minted: Units::ZERO };
        let row = self.state.get::<CreditRow>(&credit).unwrap_or(empty);
        let row = CreditRow { burnt: row.burnt.plus(quote.burnt)?, minted: row.minted.plus(quote.credits)? };
        self.state.put(&credit, &row);
        self.emit(Event::CreditsMinted { credit, to, credits: quote.credits, burnt: quote.burnt, price: quote.price });
        Ok(quote)
    }
}
