//! Every figure of the comparison that the project was asked for stands in the cards.

use super::*;
use crate::NETWORKS;

fn card(name: &str) -> Card {
    let (_, text) = NETWORKS.iter().find(|(known, _)| *known == name).unwrap();
    Card::new(text).unwrap()
}

/// A line with its dates before it.
fn dated(line: &Line) -> String {
    line.dates().map_or_else(|| line.text.clone(), |dates| format!("{dates}: {}", line.text))
}

fn said(card: &Card) -> String {
    let lines = card.sections.iter().flat_map(|s| &s.rows).flat_map(|row| &row.lines);
    lines.map(|line| format!("{}\n", dated(line))).collect()
}

#[track_caller]
fn says(name: &str, words: &[&str]) {
    let text = said(&card(name));
    for word in words {
        assert!(text.contains(word), "{name} does not say `{word}`:\n{text}");
    }
}

#[test]
fn helium_halves_burns_for_credits_and_pays_its_sub_networks_later() {
    says(
        "helium",
        &[
            "223,000,000 HNT: minting stops there",
            "packet: 1 DC for each unit of 24 bytes, in DC",
            "then 50% of what came before in each further 2 years, 23 times (50 years in all)",
            "DC: minted only by burning HNT, 0.0001 USD each",
            "until 2023-04-18: coverage: 29% (1.5 points less every 365 days, to 0.5%)",
            "from 2023-04-18: iot-coverage: 30% of the emission of IOT",
            "from 2023-04-18: MOBILE to HNT at treasury `mobile`",
            "DC (0 places), not transferable",
            "veHNT: HNT locked for 1,460 days weighs x100",
            "founders: 35% (1 point less",
            "treasury `reserve`",
        ],
    );
}

#[test]
fn filecoin_mines_seventy_per_cent_with_a_half_life_of_six_years() {
    says(
        "filecoin",
        &[
            "2,000,000,000 FIL: minting stops there",
            "70% mining (1,400,000,000 FIL), by emission",
            "15% protocol-labs",
            "10% investors",
            "5% foundation",
            "halves every 6 years",
            "FIL per GiB of quality-bytes",
            "quality-bytes: x10",
            "streamed in FIL",
        ],
    );
}

#[test]
fn render_holds_in_dollars_and_burns_on_completion() {
    says(
        "render",
        &[
            "536,870,912 RENDER",
            "644,245,094 RENDER (107,374,182 RENDER more than at genesis, 20%)",
            "65% treasury",
            "25% investors",
            "10% team-and-advisers",
            "9,126,804 RENDER in 12 months",
            "then 94.5% of what came before in each further 12 months",
            "until 2023-12-20: frame: 100% to the provider",
            "from 2023-12-20: frame: 100% burnt",
            "priced in USD, held in RENDER",
            "each 7 days",
        ],
    );
}

#[test]
fn akash_streams_leases_and_takes_its_rate() {
    says(
        "akash",
        &[
            "100,000,000 AKT",
            "389,000,000 AKT (289,000,000 AKT more than at genesis, 289%): minting stops there",
            "34.5% investors (34,500,000 AKT)",
            "27% team",
            "19.7% foundation",
            "8% ecosystem",
            "5% testnet",
            "5.8% unallocated",
            "15% to 25%",
            "lease in AKT: 90% to the provider (10% are taken)",
            "lease in USDC: 80% to the provider (20% are taken)",
            "burnt, swapped at AKT-USDC",
            "provider: ",
            "treasury `ecosystem`",
        ],
    );
}

#[test]
fn io_net_emits_hourly_and_asks_for_stake() {
    says(
        "io.net",
        &[
            "500,000,000 IO",
            "800,000,000 IO (300,000,000 IO more than at genesis, 60%): minting stops there",
            "for 175,319 hours (about 20 years)",
            "200 IO per 4 of stake-units",
            "in IO or USDC",
            "burnt",
            "stakers: 10% of the emission",
        ],
    );
}

#[test]
fn a_line_that_a_change_alters_carries_its_dates_and_others_do_not() {
    let text = "[network]\nname = \"x\"\n[[token]]\nid = \"A\"\nsource = \"s\"\n[treasury.a]\ntitle = \"old\"\n[treasury.b]\ntitle = \"stays\"\n\
                [[change]]\nat = 2030-01-01T00:00:00Z\nremove = [\"treasury.a\"]\n[change.set.treasury.c]\ntitle = \"new\"\n";
    let card = Card::new(text).unwrap();
    let lines: Vec<String> = card.row("treasuries").iter().map(dated).collect();
    assert_eq!(lines, ["b: stays", "until 2030-01-01: a: old", "from 2030-01-01: c: new"]);
}

#[test]
fn a_pool_of_the_moment_goes_by_what_stands_or_by_what_a_period_accrued() {
    let pool = |bind: &str| {
        let text = format!(
            "[network]\nname = \"x\"\nservice = \"metered\"\n[incentive.pool.work]\nemission = \"A\"\nmethod = \"expected\"\n[bind]\n{bind}"
        );
        said(&Card::new(&text).unwrap())
    };
    let spent = pool("spent = { pool = \"work\" }");
    assert!(spent.contains("by spent (what customers paid for those units) of the period"), "{spent}");
    let both = pool("units = { pool = \"work\" }\noperators = { pool = \"work\" }");
    assert!(both.contains("by current operators and by units of the period"), "{both}");
}

#[test]
fn every_card_has_the_same_rows() {
    let names = |card: &Card| card.sections.iter().flat_map(|s| s.rows.iter().map(|row| row.name)).collect::<Vec<_>>();
    let first = names(&card("filecoin"));
    for (name, text) in NETWORKS {
        assert_eq!(names(&Card::new(text).unwrap()), first, "{name}");
    }
}

#[test]
fn every_figure_has_a_source() {
    for (name, text) in NETWORKS {
        let card = Card::new(text).unwrap();
        for row in card.sections.iter().flat_map(|s| &s.rows) {
            for line in row.lines.iter().filter(|line| line.text.chars().any(|c| c.is_ascii_digit())) {
                let derived = ["at genesis", "starts", "counts"].contains(&row.name);
                assert!(!line.source.is_empty() || derived || row.name == "goes to", "{name}, {}: {}", row.name, line.text);
            }
        }
    }
}

#[test]
fn a_file_with_a_line_missing_is_described_as_far_as_it_goes() {
    let mut described = 0;
    for (name, text) in NETWORKS {
        let lines: Vec<&str> = text.lines().collect();
        for missing in 0..lines.len() {
            let without: Vec<&str> = lines.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, line)| *line).collect();
            match Card::new(&without.join("\n")) {
                Ok(card) => {
                    assert_eq!(card.sections.len(), SECTIONS.len(), "{name} without line {missing}");
                    described += 1;
                }
                Err(NotToml(why)) => assert!(!why.is_empty(), "{name} without line {missing}"),
            }
        }
    }
    assert!(described > 500);
}
