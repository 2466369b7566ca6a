//! Which network a home runs: one that comes with this program, or a file of the user's.

use super::Home;
use crate::{Error, Result, services, source};
use depin_economy::Spec;
use depin_networks::{Recipe, compose, with_development_overlay, without_development_overlay};

/// Network of a new home when none is asked for.
pub const NETWORK_DEFAULT: &str = "filecoin";

/// A network to run, as asked for.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The network's rules as they will be part of the chain.
    pub text: String,
    /// The same, read.
    pub spec: Spec,
    /// What to tell about it: in what it differs from what was named.
    pub remarks: Vec<String>,
}

/// What is told of the overlay where it is put over a network.
const OVERLAY: &str = "overlay `development`: rewards, and what a failure costs, are bounded by what is pledged, since the network's own \
    figures are those of millions of machines; its figures stand at the end of network.toml of the home, --without-overlay leaves it off";

impl Choice {
    /// The same with the overlay `development` put over it, where that changes anything, and not where the network has it.
    ///
    /// # Errors
    /// Refused when the network does not read with it.
    pub fn with_overlay(mut self) -> Result<Self> {
        let Some(text) = with_development_overlay(&self.text) else { return Ok(self) };
        self.spec = Spec::parse(&text).map_err(|errors| wrong("the network with its overlay", &errors))?;
        self.text = text;
        self.remarks.push(OVERLAY.to_owned());
        Ok(self)
    }

    /// The same without that overlay.
    ///
    /// # Errors
    /// Refused when the network does not read without it.
    pub fn without_overlay(mut self) -> Result<Self> {
        let Some(text) = without_development_overlay(&self.text) else { return Ok(self) };
        self.spec = Spec::parse(&text).map_err(|errors| wrong("the network without its overlay", &errors))?;
        self.text = text;
        Ok(self)
    }

    /// Whether these rules are those of `text`, with or without the overlay: a home goes on with its own.
    pub(super) fn is_of(&self, text: &str) -> bool {
        let same = |own: Option<String>| own.is_some_and(|own| own.trim_end() == text.trim_end());
        self.text == text || same(with_development_overlay(&self.text)) || same(without_development_overlay(&self.text))
    }

    /// Finds a network by its name, or by the path of its file or folder.
    ///
    /// # Errors
    /// For a name that no network has, a file that cannot be read or is wrong.
    pub fn find(asked: &str) -> Result<Self> {
        let source::Source { label, text } = source::read(asked)?;
        Self::of_text(&text, &label)
    }

    /// The network of a home that is to begin anew: by its name when this program has it, else by the file that the home keeps.
    ///
    /// # Errors
    /// When neither can be read.
    pub fn again(home: &Home) -> Result<Option<Self>> {
        let Some(marker) = home.marker_of_any_format()? else { return Ok(None) };
        // A variant goes by the network's name and its own.
        for name in [marker.network.to_string(), format!("{}-{}", marker.network, marker.variant)] {
            if let Ok(choice) = Self::find(&name)
                && choice.spec.network().variant == marker.variant
            {
                return Ok(Some(choice));
            }
        }
        let kept = home.network_file();
        if kept.exists() { Self::find(&kept.display().to_string()).map(Some) } else { Ok(None) }
    }

    /// Reads a network's rules; puts another service under its economy when its own is not live yet.
    ///
    /// # Errors
    /// Refused when the text is no network's file, or the other service cannot be put there.
    pub fn of_text(text: &str, named: &str) -> Result<Self> {
        let spec = Spec::parse(text).map_err(|errors| wrong(named, &errors))?;
        let name = spec.network().name;
        if services::live(spec.network().service.as_str()).is_some() {
            return Ok(Self { text: text.to_owned(), spec, remarks: Vec::new() });
        }
        let service = services::stand_in().name();
        let recipe = Recipe { name, service, emission: text, payment: text, stake: text, unit: None };
        let composed = compose(&recipe).map_err(|error| {
            Error::refused("service", format_args!("{service} cannot be put under {named}: {error}")).hint(format_args!(
                "`depin new NAME --service {service} --economy …` makes a file that can be edited and then started by its path"
            ))
        })?;
        let spec = Spec::parse(&composed.toml).map_err(|errors| wrong(&format!("{service} under {named}"), &errors))?;
        let remarks = vec![format!(
            "{name}'s own service is not live yet: {service} runs on {name}'s economy, by the rules in network.toml of the home"
        )];
        Ok(Self { text: composed.toml, spec, remarks })
    }
}

fn wrong(named: &str, errors: &depin_economy::SpecErrors) -> Error {
    Error::refused("network-file", format_args!("{named} is not usable:\n{errors}"))
        .hint("`depin check` says what is wrong with a network's file, and what to do about it")
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_networks::{NETWORKS, network_file};
    use std::fs;

    #[test]
    fn a_network_is_found_by_name_and_by_path() {
        assert_eq!(Choice::find("filecoin").unwrap().spec.network().name.as_str(), "filecoin");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.toml");
        fs::write(&file, network_file("filecoin").unwrap().replace("name = \"filecoin\"", "name = \"mine\"")).unwrap();
        for path in [folder.path(), &file] {
            assert_eq!(Choice::find(path.to_str().unwrap()).unwrap().spec.network().name.as_str(), "mine");
        }
    }

    #[test]
    fn storage_is_put_under_the_economies_of_other_services_and_that_is_said() {
        for (name, text) in NETWORKS {
            let choice = Choice::find(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            let info = choice.spec.network();
            let own = services::live(Spec::parse(text).unwrap().network().service.as_str()).is_some();
            let service = match name {
                "helium" => "coverage",
                "akash" => "leasing",
                "render" => "rendering",
                "io.net" => "clusters",
                _ => "storage",
            };
            assert_eq!((info.name.as_str(), info.service.as_str(), own || service == "storage"), (name, service, true));
            let now = depin_quantity::Instant::new(1_790_000_000_000);
            depin_services::Live::read(choice.spec.at(now, now), now).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
            assert_eq!(choice.remarks.is_empty(), own);
            assert!(
                own || choice.remarks[0]
                    .starts_with(&format!("{name}'s own service is not live yet: storage runs on {name}'s economy"))
            );
        }
    }

    #[test]
    fn an_overlay_is_put_over_a_network_once_and_taken_off_again() {
        let plain = Choice::find("filecoin").unwrap();
        let over = plain.clone().with_overlay().unwrap();
        assert_eq!(over.spec.network().overlays.len(), 1);
        assert!(over.remarks[0].contains("--without-overlay"), "{:?}", over.remarks);
        let twice = over.clone().with_overlay().unwrap();
        assert_eq!((&twice.text, twice.remarks.len()), (&over.text, 1));
        assert_eq!(over.clone().without_overlay().unwrap().text.trim_end(), plain.text.trim_end());
        assert!(plain.is_of(&over.text) && over.is_of(&plain.text));
        assert!(!plain.is_of(&plain.text.replace("10_108", "10_107")));
        let akash = Choice::find("akash").unwrap();
        assert_eq!(akash.clone().with_overlay().unwrap().text, akash.text, "nothing on akash is bounded by pledges");
    }

    #[test]
    fn what_is_no_network_says_what_would_be() {
        let error = Choice::find("bitcoin").unwrap_err();
        assert!(error.hint.contains("filecoin"), "{error:?}");
        let error = Choice::find("/nowhere/network.toml").unwrap_err();
        assert!(error.message.contains("/nowhere/network.toml"), "{error:?}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("network.toml");
        fs::write(&file, "[network]\nname = 7\n").unwrap();
        let error = Choice::find(file.to_str().unwrap()).unwrap_err();
        assert!(error.message.contains("name") && error.hint.contains("depin check"), "{error:?}");
    }
}
