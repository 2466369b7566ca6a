//! The five network files of the repository are read without a problem.

use depin_economy::Spec;

fn reads(name: &str, text: &str) {
    let spec = Spec::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(spec.network().name.as_str(), name);
}

#[test]
fn the_file_of_filecoin_is_read() {
    reads("filecoin", include_str!("../../../networks/filecoin/network.toml"));
}

#[test]
fn the_file_of_helium_is_read() {
    reads("helium", include_str!("../../../networks/helium/network.toml"));
}

#[test]
fn the_file_of_render_is_read() {
    reads("render", include_str!("../../../networks/render/network.toml"));
}

#[test]
fn the_file_of_akash_is_read() {
    reads("akash", include_str!("../../../networks/akash/network.toml"));
}

#[test]
fn the_file_of_io_net_is_read() {
    reads("io.net", include_str!("../../../networks/io.net/network.toml"));
}
