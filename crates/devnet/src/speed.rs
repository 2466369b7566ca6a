//! How fast a chain may go, and what makes that so.
//!
//! In: a speed, a home, the network that a new home would run. Out: nothing, or a refusal that says the true limit and where it comes
//! from. Asked before anything is made, so it reads and never writes.

use crate::{
    Error, Result,
    home::{self, Choice, Home},
};
use depin_economy::Spec;
use depin_node::{HEARTBEAT, highest_speed};
use depin_quantity::Instant;
use depin_services::{Live, Window};

/// The highest speed, and what makes it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeedLimit {
    /// Milliseconds of ledger time per millisecond.
    pub max: u32,
    /// The shortest window, where it asks for less than the chain allows.
    pub window: Option<Window>,
}

impl SpeedLimit {
    /// The limit of a chain that allows `chain_max` and runs these rules since `time`.
    pub fn new(spec: &Spec, time: Instant, chain_max: u32) -> Self {
        let service = Live::read(spec, time).ok();
        let window = service.as_ref().and_then(Live::shortest_window);
        // Where machines need their time by the wall clock, that is the reason which the refusal gives without a window.
        let chain_max = service.as_ref().and_then(Live::speed_most).map_or(chain_max, |most| most.min(chain_max));
        let by_window = window.map(|window| highest_speed(window.step(), HEARTBEAT));
        match by_window {
            Some(max) if max < chain_max => Self { max, window },
            _ => Self { max: chain_max, window: None },
        }
    }

    /// Refuses a speed that is out of bounds.
    ///
    /// # Errors
    /// Refused, with the limit and what makes it.
    pub fn check(&self, speed: u32) -> Result<()> {
        let max = self.max;
        if (1..=max).contains(&speed) {
            return Ok(());
        }
        let message = format!("a speed of {speed} is not possible here; it must be from 1 to {max}");
        Err(Error::refused("speed", message).hint(match self.window {
            Some(Window { key, length }) => format!(
                "use --speed {max} or less: ledger time may pass a quarter of the shortest window at a time, and that is {length} \
                 (`{key}` in the network's file), so that nobody's answer comes too late"
            ),
            None => format!(
                "use --speed {max} or less: faster, proof windows would close before a busy machine can answer in them"
            ),
        }))
    }
}

/// Refuses a speed before anything is made, deleted or started. `asked` is the network of a home that does not exist yet, or is to
/// begin anew (`fresh`).
///
/// # Errors
/// Refused for a speed out of bounds.
pub fn check_speed(speed: u32, home: &Home, asked: Option<&Choice>, fresh: bool) -> Result<()> {
    if !fresh && home.genesis().exists() {
        let genesis = home.read_genesis()?;
        // A file of rules that cannot be read is told when the network is opened.
        let Ok(spec) = Spec::parse(&genesis.network_toml) else { return Ok(()) };
        return SpeedLimit::new(spec.at(genesis.time, genesis.time), genesis.time, genesis.speed_max).check(speed);
    }
    let usual = if asked.is_none() { Some(Choice::find(home::NETWORK_DEFAULT)?) } else { None };
    let Some(choice) = asked.or(usual.as_ref()) else { return Ok(()) };
    let now = home::now();
    SpeedLimit::new(choice.spec.at(now, now), now, home::SPEED_MAX).check(speed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_networks::{Recipe, compose, network_file};

    /// A metered network whose customers have ten minutes to dispute a batch.
    fn hasty() -> Choice {
        let text = network_file("filecoin").unwrap();
        let recipe = Recipe {
            name: depin_quantity::Name::literal("atlas"),
            service: "metered",
            emission: text,
            payment: text,
            stake: text,
            unit: Some("map tile"),
        };
        let toml = compose(&recipe).unwrap().toml;
        assert!(toml.contains("window = \"3d\""), "{toml}");
        Choice::of_text(&toml.replacen("window = \"3d\"", "window = \"10m\"", 1), "atlas").unwrap()
    }

    #[test]
    fn the_limit_is_a_quarter_of_the_shortest_window_and_the_refusal_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("net"));
        let choice = hasty();
        assert_eq!(check_speed(150, &home, Some(&choice), false), Ok(()));
        let error = check_speed(151, &home, Some(&choice), false).unwrap_err();
        assert!(error.message.contains("from 1 to 150") && error.hint.contains("`dispute.window`"), "{error:?}");
        assert!(error.hint.contains("10m") && error.hint.contains("--speed 150"), "{error:?}");
        assert!(!home.path().exists(), "asking makes nothing");
    }

    #[test]
    fn a_network_with_long_windows_goes_as_fast_as_chains_may() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().join("net"));
        assert_eq!(check_speed(home::SPEED_MAX, &home, None, false), Ok(()));
        for speed in [0, home::SPEED_MAX + 1] {
            let error = check_speed(speed, &home, None, false).unwrap_err();
            assert!(error.message.contains("from 1 to 200") && error.hint.contains("proof windows"), "{error:?}");
        }
    }
}
