//! The life of a storage deal, from its publication to its end.
//!
//! Source: builtin-actors `actors/market/src/{lib,state,deal,policy}.rs`, FIP-0074.

use depin_quantity::{Basis, Kind, Outputs, RuleCard, RuleError, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&LIFE];

const EPOCHS: u128 = 1 << 32;
const MOST: u128 = 2_000_000_000_000_000_000_000_000_000;

pub static LIFE: RuleCard = RuleCard {
    id: "FIL-PAY-6",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Life of a deal",
    description: "A published deal locks the client's fee and both collaterals. It must be activated by its start, or it expires: the \
            provider's collateral is burnt and the client gets all back. An active one pays by the epoch. When its sector is \
            terminated, it pays up to then, the client gets the rest, and the provider's collateral is burnt. At its end both \
            collaterals come back.",
    formula: "paid = price * max(0, min(now, end, terminated) - start) once active; fee = price * (end - start)",
    rounding: "none",
    inputs: &[
        field("start", Kind::Integer, "epoch", "first epoch of the deal").most(EPOCHS),
        field("end", Kind::Integer, "epoch", "the epoch after its last").most(EPOCHS),
        field("price", Kind::Integer, "attoFIL per epoch", "for the whole piece").most(MOST),
        field("client", Kind::Integer, "attoFIL", "collateral of the client").most(MOST).or("0"),
        field("provider", Kind::Integer, "attoFIL", "collateral of the provider").most(MOST),
        field("activated", Kind::Signed, "epoch", "of its activation; -1 for none").between(-1, EPOCHS as i128).or("-1"),
        field("terminated", Kind::Signed, "epoch", "in which its sector was; -1 for none").between(-1, EPOCHS as i128).or("-1"),
        field("now", Kind::Integer, "epoch", "at which it is settled").most(EPOCHS),
    ],
    outputs: &[
        field("state", Kind::Choice(&["published", "active", "expired", "terminated", "completed"]), "", "of the deal"),
        field("paid", Kind::Integer, "attoFIL", "to the provider so far"),
        field("client_back", Kind::Integer, "attoFIL", "unlocked for the client: rest of the fee, and collateral"),
        field("provider_back", Kind::Integer, "attoFIL", "unlocked for the provider"),
        field("burnt", Kind::Integer, "attoFIL", "of the provider's collateral"),
    ],
    source: "builtin-actors actors/market, FIP-0074; a deal lasts 180 to 1,278 days; examples: by hand",
    examples: &[
        (
            r#"{"start": 100, "end": 518500, "price": 500, "provider": 9000, "activated": 90, "now": 2980}"#,
            r#"{"state": "active", "paid": "1440000", "client_back": "0", "provider_back": "0", "burnt": "0"}"#,
        ),
        (
            r#"{"start": 100, "end": 518500, "price": 500, "provider": 9000, "now": 100}"#,
            r#"{"state": "expired", "paid": "0", "client_back": "259200000", "provider_back": "0", "burnt": "9000"}"#,
        ),
        (
            r#"{"start": 100, "end": 518500, "price": 500, "client": 7, "provider": 9000, "activated": 90, "terminated": 1100, "now": 1100}"#,
            r#"{"state": "terminated", "paid": "500000", "client_back": "258700007", "provider_back": "0", "burnt": "9000"}"#,
        ),
        (
            r#"{"start": 100, "end": 518500, "price": 500, "client": 7, "provider": 9000, "activated": 90, "now": 518500}"#,
            r#"{"state": "completed", "paid": "259200000", "client_back": "7", "provider_back": "9000", "burnt": "0"}"#,
        ),
    ],
    run: |i| {
        let (start, end, price, now) = (i.integer("start")?, i.integer("end")?, i.integer("price")?, i.integer("now")?);
        let (client, provider) = (i.integer("client")?, i.integer("provider")?);
        let moment = |name| i.signed(name).map(|epoch| epoch.to_u128().ok().filter(|epoch| *epoch <= now));
        let (activated, terminated) = (moment("activated")?, moment("terminated")?);
        if end <= start {
            return Err(RuleError::refused(format!("the deal ends at {end}, not after its start, {start}")));
        }
        if activated.is_some_and(|epoch| epoch > start) {
            return Err(RuleError::refused(format!("a deal is activated by its start, {start}, or not at all")));
        }
        if terminated.is_some_and(|epoch| activated.is_none_or(|activated| epoch < activated)) {
            return Err(RuleError::refused("only the sector of an active deal is terminated"));
        }
        let until = |epoch: u128| price * epoch.min(end).saturating_sub(start);
        let fee = until(end);
        let (state, paid, client_back, provider_back, burnt) = match (activated, terminated) {
            (None, _) if now < start => ("published", 0, 0, 0, 0),
            (None, _) => ("expired", 0, fee + client, 0, provider),
            (_, Some(epoch)) if epoch < end => {
                let paid = until(epoch);
                ("terminated", paid, fee - paid + client, 0, provider)
            }
            _ if now >= end => ("completed", fee, client, provider, 0),
            _ => ("active", until(now), 0, 0, 0),
        };
        let outputs = Outputs::new().text("state", state).integer("paid", paid).integer("client_back", client_back);
        Ok(outputs.integer("provider_back", provider_back).integer("burnt", burnt))
    },
};
