//! io.net's file with work that takes no time.

/// The figures of the work, and the least of each.
const LEAST: [(&str, &str); 6] = [
    ("region-kib = 32", "region-kib = 8"),
    ("passes = 3", "passes = 1"),
    ("reads = 24", "reads = 4"),
    ("products = 48", "products = 1"),
    ("steps = 65_535", "steps = 64"),
    ("delay = 800_000", "delay = 16"),
];

/// io.net's file with the least work, and some texts replaced.
pub fn least_work(changes: &[(&str, &str)]) -> String {
    let file = include_str!("../../../../networks/io.net/network.toml").to_owned();
    LEAST.iter().chain(changes).fold(file, |toml, (from, to)| {
        assert!(toml.contains(from), "no `{from}` in the file");
        toml.replace(from, to)
    })
}
