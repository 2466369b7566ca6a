//! `profiles.placement.<name>`.

use super::Reader;
use crate::{
    decimal,
    document::PlacementDoc,
    finding::{Said, quoted},
    group::{Price, SignedBy},
    names,
    resources::Attribute,
    yaml::NodeId,
};
use depin_quantity::Decimal18;

/// Currencies that upstream's schema knows.
const DENOMS: [&str; 2] = ["uact", "uakt"];

impl Reader<'_> {
    pub(super) fn placement(&mut self, id: NodeId, path: &str) -> Option<PlacementDoc> {
        let fields = self.structure(id, path, &["attributes", "signedBy", "pricing"])?;
        let mut attributes = Vec::new();
        if let Some(id) = fields.value("attributes") {
            attributes = self.requirements(id, &fields.path_of("attributes"));
        }
        let mut signed_by = SignedBy::default();
        if let Some(signed) = self.member(&fields, "signedBy", &["anyOf", "allOf"]) {
            let mut list = |key| {
                let said = self.texts(signed.value(key), &signed.path_of(key)).unwrap_or_default();
                said.into_iter().map(|said| said.value).collect()
            };
            signed_by = SignedBy { any_of: list("anyOf"), all_of: list("allOf") };
        }
        let pricing =
            self.named(fields.value("pricing"), &fields.path_of("pricing"), |reader, id, path| Some(reader.price(id, path)));
        Some(PlacementDoc { attributes, signed_by, pricing, at: fields.at })
    }

    fn requirements(&mut self, id: NodeId, path: &str) -> Vec<Attribute> {
        let Some(fields) = self.merged(id, path.to_owned()) else { return Vec::new() };
        let mut attributes = Vec::new();
        for (name, key, _) in fields.list.clone() {
            if !names::is_attribute_key(name) {
                let at = self.at(key, &fields.path_of(name));
                let hint = "a letter, then letters, digits, `_`, `/`, `.`, `-`, at most 128, a `*` at most at the end";
                self.findings.warn(&at, "no provider can have an attribute of this name", hint);
            }
            let value = self.text_of(&fields, name).map(|said| said.value).unwrap_or_default();
            attributes.push(Attribute::new(name, value));
        }
        attributes.sort();
        attributes
    }

    fn price(&mut self, id: NodeId, path: &str) -> Option<Said<Price>> {
        let fields = self.structure(id, path, &["amount", "denom"])?;
        let or_empty = |said: Option<Said<String>>| said.unwrap_or_else(|| Said { value: String::new(), at: fields.at.clone() });
        let amount = or_empty(self.text_of(&fields, "amount"));
        let denom = or_empty(self.text_of(&fields, "denom"));
        if !names::is_denom(&denom.value) {
            let hint = "`uact`; letters, digits, `/`, `:`, `.`, `_`, `-`, 3 to 128 of them, a letter first";
            self.findings.error(&denom.at, format!("{} is no currency", quoted(&denom.value)), hint);
        } else if !DENOMS.contains(&denom.value.as_str()) {
            let message = format!("{} is none of the currencies that upstream's schema knows", quoted(&denom.value));
            self.findings.warn(&denom.at, message, "`uact` or `uakt`, unless your network names others");
        }
        let read = match price(&amount.value) {
            Ok(read) => read,
            Err(wrong) => {
                let hint = "a decimal number above zero with at most 18 places, at most 10000000: `1000` or `0.5`";
                self.findings.error(&amount.at, format!("{} {wrong}", quoted(&amount.value)), hint);
                return None;
            }
        };
        Some(Said { value: Price { denom: denom.value, amount: read }, at: amount.at })
    }
}

/// Most of a unit's price per block.
pub const PRICE_MAX: Decimal18 = Decimal18::new(10_000_000 * Decimal18::ONE.get());

/// A price in decimal text: above zero, and not above the most.
fn price(text: &str) -> Result<Decimal18, &'static str> {
    let (negative, amount) = decimal::parse(text)?;
    match (amount.is_zero(), negative) {
        (true, _) => Err("is nothing"),
        (_, true) => Err("is negative"),
        _ if amount > PRICE_MAX => Err("is too much"),
        _ => Ok(amount),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_exact_and_bounded() {
        let e18 = Decimal18::ONE.get();
        for (text, value) in [
            ("1000", 1000 * e18),
            ("0.5", e18 / 2),
            (".5", e18 / 2),
            ("+1", e18),
            ("0.000000000000000001", 1),
            ("10000000", PRICE_MAX.get()),
            ("010", 10 * e18),
        ] {
            assert_eq!(price(text), Ok(Decimal18::new(value)), "{text}");
        }
        for (text, word) in [
            ("0", "nothing"),
            ("-0", "nothing"),
            ("-1", "negative"),
            ("10000000.000000000000000001", "too much"),
            ("99999999999999999999999999999999999999999", "far too much"),
            ("0.0000000000000000001", "18 places"),
            ("1.", "no decimal"),
            ("1e3", "no decimal"),
            ("1_000", "no decimal"),
            ("1.2.3", "no decimal"),
            ("", "is empty"),
            ("x", "no decimal"),
        ] {
            assert!(price(text).unwrap_err().contains(word), "{text}: {:?}", price(text));
        }
    }
}
