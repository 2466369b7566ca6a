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

/// The document pays Render's rewards out of the treasury's 65 %: one flag makes them so.
#[test]
fn render_may_pay_its_emission_out_of_the_treasury() {
    let text = include_str!("../../../networks/render/network.toml");
    let spec = Spec::parse(&text.replacen("emitted = false", "emitted = true", 1)).unwrap_or_else(|e| panic!("{e}"));
    let token = "RENDER".parse().unwrap();
    let start = spec.supply(token).unwrap().at_genesis();
    assert_eq!(start.to_decimal(8), "187904819.2");
    let later = spec.later()[0].1.supply(token).unwrap();
    assert_eq!(later.at_genesis(), start);
    let schedule = later.emission.as_ref().unwrap().scheduled(12 * 100);
    assert!(start.plus(schedule).unwrap() < spec.supply(token).unwrap().genesis.unwrap(), "the treasury's part covers it all");
}
