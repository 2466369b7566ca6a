//! The five networks' own files at work: they start, close years, and audit.

use super::common::*;
use depin_quantity::{Name, Span};

const FILES: [(&str, &str); 5] = [
    ("filecoin", include_str!("../../../../networks/filecoin/network.toml")),
    ("helium", include_str!("../../../../networks/helium/network.toml")),
    ("render", include_str!("../../../../networks/render/network.toml")),
    ("akash", include_str!("../../../../networks/akash/network.toml")),
    ("io.net", include_str!("../../../../networks/io.net/network.toml")),
];

#[test]
fn every_network_starts_and_closes_three_years_without_anybody() {
    for (name, text) in FILES {
        let mut world = World::new(text);
        for _ in 0..6 {
            world.now = world.now.later(Span::from_days(180));
            while world.with(|s| s.close(100_000)).unwrap().more {}
            world.check();
        }
        let tokens: Vec<Name> = world.economy.spec().supplies().keys().copied().collect();
        for token in tokens {
            let supply = world.reads().supply(token).unwrap();
            assert!(supply.total <= supply.cap, "{name}: {token}");
        }
    }
}

#[test]
fn every_network_closes_from_its_launch_through_all_its_changes() {
    for (name, text) in FILES {
        let spec = parsed(text);
        let Some(launch) = spec.network().launch.filter(|_| name != "akash") else { continue };
        let mut world = World::starting(text, launch);
        for _ in 0..14 {
            world.now = world.now.later(Span::from_days(180));
            while world.with(|s| s.close(100_000)).unwrap().more {}
            world.check();
        }
    }
}

/// Closing every day or every half year gives the same.
#[test]
fn slices_of_time_do_not_matter_to_any_network() {
    for (name, text) in FILES {
        let run = |days: u64| {
            let mut world = World::new(text);
            for _ in 0..60 / days {
                world.now = world.now.later(Span::from_days(days));
                while world.with(|s| s.close(100_000)).unwrap().more {}
            }
            world.check();
            world
        };
        let (fine, coarse) = (run(3), run(60));
        assert!(fine.state == coarse.state, "{name}");
    }
}
