//! What services read alike in the economy of a network's file.

use depin_economy::ChargePrice;

/// How the price of what a service sells comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceForm {
    /// The network's file sets it.
    Network,
    /// Whoever offers, or orders, says it in a currency.
    Agreed,
    /// The same in dollars.
    Dollars,
}

impl PriceForm {
    /// That of a charge.
    pub(crate) const fn of(price: &ChargePrice) -> Self {
        match price {
            ChargePrice::Priced(_) => Self::Network,
            ChargePrice::Agreed => Self::Agreed,
            ChargePrice::Usd(_) => Self::Dollars,
        }
    }

    /// What the API calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Agreed => "agreed",
            Self::Dollars => "dollars",
        }
    }
}

/// What is wrong with a file for a service, as it gathers: message and hint.
#[derive(Default)]
pub(crate) struct Wrong(pub Vec<(String, &'static str)>);

impl Wrong {
    /// Notes a message unless something holds.
    pub fn need(&mut self, holds: bool, message: impl Into<String>, hint: &'static str) {
        if !holds {
            self.0.push((message.into(), hint));
        }
    }
}
