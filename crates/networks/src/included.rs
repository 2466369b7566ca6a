//! The networks that come along: the one place that knows which there are; everything else reads their files.

use depin_quantity::nearest_name;

/// Name and file of each network, in the order in which they are listed.
pub const NETWORKS: [(&str, &str); 5] = [
    ("helium", include_str!("../../../networks/helium/network.toml")),
    ("filecoin", include_str!("../../../networks/filecoin/network.toml")),
    ("render", include_str!("../../../networks/render/network.toml")),
    ("akash", include_str!("../../../networks/akash/network.toml")),
    ("io.net", include_str!("../../../networks/io.net/network.toml")),
];

/// A name that no network has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no network is called `{name}`")]
pub struct UnknownNetwork {
    /// What was asked for.
    pub name: String,
    /// The network whose name is like it.
    pub near: Option<&'static str>,
}

/// The file of a network that comes along.
///
/// # Errors
/// [`UnknownNetwork`] for another name.
pub fn network_file(name: &str) -> Result<&'static str, UnknownNetwork> {
    let found = NETWORKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
    // Another network's name is no slip for one of these: one that begins otherwise is not meant.
    let same_start = |known: &&str| known.chars().next() == name.to_lowercase().chars().next();
    let near = || nearest_name(name, NETWORKS.iter().map(|(name, _)| *name)).filter(same_start);
    found.ok_or_else(|| UnknownNetwork { name: name.to_owned(), near: near() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_economy::Spec;

    #[test]
    fn every_network_that_comes_along_is_valid_and_named_as_its_folder() {
        for (name, text) in NETWORKS {
            let spec = Spec::parse(text).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
            assert_eq!(spec.network().name.as_str(), name);
        }
    }

    #[test]
    fn a_name_that_no_network_has_is_told_the_one_that_is_like_it() {
        assert_eq!(network_file("filecon").unwrap_err().near, Some("filecoin"));
        assert_eq!(network_file("atlas").unwrap_err().near, None);
        assert_eq!(network_file("bitcoin").unwrap_err().near, None, "three letters away from filecoin, and another network");
    }
}
