//! The five networks, and what is made of them.

use depin_networks::{Composed, Recipe, compose};
use depin_quantity::Name;

macro_rules! network {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../networks/", $name, "/network.toml")))
    };
}

/// Name and text of each.
pub const FIVE: [(&str, &str); 5] =
    [network!("helium"), network!("filecoin"), network!("render"), network!("akash"), network!("io.net")];

/// A service under parts of three networks, as numbers of [`FIVE`].
pub fn mixed(service: &str, emission: usize, payment: usize, stake: usize) -> Composed {
    let recipe = Recipe {
        name: Name::literal("mynet"),
        service,
        emission: FIVE[emission].1,
        payment: FIVE[payment].1,
        stake: FIVE[stake].1,
        unit: (service == "metered").then_some("map tile"),
    };
    compose(&recipe).unwrap_or_else(|error| panic!("{service}: {error}"))
}
