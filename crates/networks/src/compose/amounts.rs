//! Amounts of one network's token as amounts of another's: the same part of the cap.

use super::{
    donor::{Donor, text_at},
    write::{mark, string},
};
use depin_quantity::{Rounding, Units, group_digits};
use toml_edit::{Array, Item, TableLike, Value};

/// The new network's token, and what it counts for beside others.
pub(super) struct Rates {
    pub token: String,
    decimals: u8,
    cap: Units,
}

/// One network's token as the new network's.
pub(super) struct Exchange<'r> {
    to: &'r Rates,
    /// The token that is replaced.
    from: String,
    decimals: u8,
    cap: Units,
    /// The network that it is of.
    name: String,
}

impl Rates {
    pub fn new(emission: &Donor) -> Self {
        let (decimals, cap) = scale(emission);
        Self { token: emission.token.clone(), decimals, cap }
    }

    /// Amounts of `donor`'s main token from now on in the new network's.
    pub fn exchange(&self, donor: &Donor) -> Exchange<'_> {
        let (decimals, cap) = scale(donor);
        Exchange { to: self, from: donor.token.clone(), decimals, cap, name: donor.title.clone() }
    }

    /// The whole cap, as an amount.
    pub fn whole_cap(&self) -> String {
        self.write(self.cap)
    }

    /// A share of one in `parts` of any amount, and at least so much as one of `cap_parts` equal parts of the cap: `per`, `least` and
    /// `amount` of a price, and that least amount.
    pub fn share_at_least(&self, parts: u128, cap_parts: u128) -> (i64, i64, String, String) {
        let least = self.cap.mul_div(1, cap_parts, Rounding::Up).unwrap_or(self.cap).get().max(1);
        // As few lots as keep a lot's size within the file's integers.
        let lots = std::iter::successors(Some(1_000u128), |lots| lots.checked_mul(10));
        let each =
            lots.map(|lots| least.div_ceil(lots)).find(|each| i64::try_from(each.saturating_mul(parts)).is_ok()).unwrap_or(1);
        let count = least.div_ceil(each);
        let fits = |n: u128| i64::try_from(n).unwrap_or(i64::MAX);
        (fits(each * parts), fits(count), self.write(Units::new(each)), self.write(Units::new(each * count)))
    }

    fn write(&self, units: Units) -> String {
        format!("{} {}", group_digits(&units.to_decimal(self.decimals), '_'), self.token)
    }
}

/// Decimals and cap of a network's main token.
fn scale(donor: &Donor) -> (u8, Units) {
    let tokens = donor.root.get("token").and_then(Item::as_array_of_tables);
    let is_main = |table: &&toml_edit::Table| table.get("id").and_then(Item::as_str) == Some(donor.token.as_str());
    let main = tokens.and_then(|all| all.iter().find(is_main));
    let decimals = main.and_then(|table| table.get("decimals")?.as_integer()).and_then(|n| u8::try_from(n).ok()).unwrap_or(18);
    let cap = text_at(&donor.root, &format!("supply.{}.cap.amount", donor.token));
    let number = cap.as_deref().and_then(|text| text.split_whitespace().next());
    let cap = number.and_then(|number| Units::parse_decimal(number, decimals).ok()).unwrap_or(Units::new(1));
    (decimals, cap)
}

impl Exchange<'_> {
    /// Whether nothing changes.
    pub fn is_same(&self) -> bool {
        self.from == self.to.token
    }

    /// An amount as the new network writes it, when it is one of the token that is replaced.
    pub fn amount(&self, text: &str) -> Option<String> {
        let units = self.units(text)?;
        Some(if self.is_same() { text.to_owned() } else { self.to.write(self.convert(units)) })
    }

    /// An amount times `num / den`, as the new network writes it.
    pub fn scaled(&self, text: &str, num: u128, den: u128) -> Option<String> {
        let units = self.units(text)?;
        let units = units.mul_div(num, den, Rounding::Up).ok()?;
        Some(self.to.write(self.convert(units)))
    }

    fn convert(&self, units: Units) -> Units {
        if self.is_same() {
            return units;
        }
        units.mul_div(self.to.cap.get(), self.cap.get().max(1), Rounding::Up).unwrap_or(self.to.cap)
    }

    fn units(&self, text: &str) -> Option<Units> {
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [number, token] if *token == self.from => Units::parse_decimal(number, self.decimals).ok(),
            [number, "base", token] if *token == self.from => Units::parse_decimal(number, 0).ok(),
            _ => None,
        }
    }

    /// A name in which the token that is replaced stands: the token, a pair, an AMM pool.
    pub fn name(&self, text: &str) -> Option<String> {
        let mut parts: Vec<&str> = text.split('-').collect();
        let place = parts.iter().position(|part| *part == self.from)?;
        parts[place] = &self.to.token;
        Some(parts.join("-"))
    }

    /// Replaces the token in a table and everything in it. What changed is marked where its source stands.
    pub fn apply(&self, table: &mut dyn TableLike) {
        if !self.is_same() {
            self.walk(table);
        }
    }

    /// What changed whose source does not stand in here.
    fn walk(&self, table: &mut dyn TableLike) -> Change {
        let mut change = Change::None;
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            if matches!(key.as_str(), "source" | "why" | "title") {
                continue;
            }
            let Some(item) = table.get_mut(&key) else { continue };
            change = change.max(match item {
                Item::Value(value) => self.value(value),
                Item::Table(inner) => self.walk(inner),
                Item::None | Item::ArrayOfTables(_) => Change::None,
            });
        }
        if change != Change::None && (table.contains_key("source") || table.contains_key("why")) {
            mark(table, &change.words(self));
            return Change::None;
        }
        change
    }

    fn value(&self, value: &mut Value) -> Change {
        match value {
            Value::String(text) => {
                let text = text.value().clone();
                if let Some(amount) = self.amount(&text) {
                    *value = string(&amount);
                    return if text.starts_with("0 ") { Change::Name } else { Change::Amount };
                }
                if let Some(name) = self.name(&text) {
                    *value = string(&name);
                    return Change::Name;
                }
                Change::None
            }
            Value::Array(list) => self.list(list),
            Value::InlineTable(inner) => self.walk(inner),
            _ => Change::None,
        }
    }

    fn list(&self, list: &mut Array) -> Change {
        let mut change = Change::None;
        for value in list.iter_mut() {
            let decor = value.decor().clone();
            change = change.max(self.value(value));
            *value.decor_mut() = decor;
        }
        change
    }
}

/// What became of a table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    /// A token's name.
    Name,
    /// An amount.
    Amount,
}

impl Change {
    fn words(self, exchange: &Exchange<'_>) -> String {
        let Exchange { to, from, name, .. } = exchange;
        match self {
            Self::Amount => format!("as on {name}, the same part of the cap"),
            Self::None | Self::Name => format!("as on {name}, in {} instead of {from}", to.token),
        }
    }
}
