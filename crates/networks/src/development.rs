//! Variants for development: the same network with shorter times, so that a person sees in minutes what takes a day.
//!
//! In: the file of a network that comes along. Out: the same text with some figures replaced, each marked as a parameter, under the variant
//! `development`. There is no second copy of a file that could fall behind.

use crate::network_file;

/// Name under which the variant is started, the network that it is of, and what differs.
struct Variant {
    name: &'static str,
    of: &'static str,
    replaced: &'static [(&'static str, &'static str)],
}

const VARIANTS: [Variant; 1] = [Variant {
    name: "helium-development",
    of: "helium",
    replaced: &[
        ("variant = \"document\"", "variant = \"development\""),
        (
            "[clock.day]\nevery = \"1d\"\norigin = \"genesis\"\nsource = \"helium-program-library programs/helium-sub-daos/src/utils.rs: epochs of 86,400 s; counted from this network's own start\"",
            "[clock.day]\nevery = \"1h\"\norigin = \"genesis\"\nparameter = true\nwhy = \"development: epochs of an hour instead of a day\"",
        ),
        (
            "[change.set.clock.sub-network-day]\nevery = \"1d\"\norigin = 2022-08-01T00:00:00Z\nsource = \"HIP-52, HIP-53: the schedules' years begin in August 2022\"",
            "[change.set.clock.sub-network-day]\nevery = \"1h\"\norigin = 2022-08-01T00:00:00Z\nparameter = true\nwhy = \"development: epochs of an hour instead of a day; the schedules' years begin in August 2022 (HIP-52, HIP-53)\"",
        ),
        (
            "interval = \"6h\"\nentropy-valid = \"180s\"\nwitnesses-most = 14\nsource = \"helium/gateway-rs src/beaconer.rs: one beacon in 6 hours; helium/oracles iot_verifier/src/entropy.rs: 180 s; HIP-83: the first 14 witnesses\"",
            "interval = \"10m\"\nentropy-valid = \"180s\"\nreveal-within = \"5m\"\nwitnesses-most = 14\nparameter = true\nwhy = \"development: a beacon in 10 minutes instead of 6 hours, its reports disclosed within 5 instead of 10; otherwise as mainnet's\"",
        ),
        (
            "[service.coverage.mobile]\nfigures = \"2024-10\"\nunit = \"24B\"\nspeed-server = \"speed-test\"\nsource = \"document: 5G hotspots earn MOBILE by coverage, usage is paid per 24 bytes; helium/oracles of October 2024, when they did: coverage_point_calculator, mobile_verifier, hex_assignments\"",
            "[service.coverage.mobile]\nfigures = \"2024-10\"\nunit = \"24B\"\nspeed-server = \"speed-test\"\nepoch = \"1h\"\nheartbeat = \"150s\"\nparameter = true\nwhy = \"development: an epoch of an hour with 24 heartbeats instead of a day with as many; otherwise as the document's\"",
        ),
        (
            "[service.coverage.packet]\nunit = \"24B\"\nsource = \"document: usage is paid per 24 bytes\"",
            "[service.coverage.packet]\nunit = \"24B\"\nlate-after = \"10h\"\nparameter = true\nwhy = \"development: ten minutes of wall time at a speed of 60, since a hotspot reports in wall time; a unit is the document's 24 bytes\"",
        ),
    ],
}];

/// Names of the variants for development.
pub fn development_names() -> impl Iterator<Item = &'static str> {
    VARIANTS.iter().map(|variant| variant.name)
}

/// The file of a variant for development; none for another name.
pub fn development_file(name: &str) -> Option<String> {
    let variant = VARIANTS.iter().find(|variant| variant.name == name)?;
    let text = network_file(variant.of).ok()?.to_owned();
    Some(variant.replaced.iter().fold(text, |text, (from, to)| text.replace(from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_economy::Spec;

    #[test]
    fn a_variant_differs_in_what_it_says_and_in_nothing_else() {
        for variant in &VARIANTS {
            let (text, document) = (development_file(variant.name).unwrap(), network_file(variant.of).unwrap());
            for (from, to) in variant.replaced {
                assert_eq!((document.matches(from).count(), text.matches(to).count()), (1, 1), "{from}");
            }
            let spec = Spec::parse(&text).unwrap_or_else(|errors| panic!("{}:\n{errors}", variant.name));
            assert_eq!((spec.network().name.as_str(), spec.network().variant.as_str()), (variant.of, "development"));
        }
        assert_eq!(development_file("helium"), None);
    }
}
