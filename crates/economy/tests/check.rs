//! What is found in a network file that reads well as TOML and is wrong as a network, or worth knowing.

mod support;

use depin_economy::*;
use proptest::prelude::*;
use support::FILE;

const HELIUM: &str = include_str!("../../../networks/helium/network.toml");
const RENDER: &str = include_str!("../../../networks/render/network.toml");
const AKASH: &str = include_str!("../../../networks/akash/network.toml");
const IO: &str = include_str!("../../../networks/io.net/network.toml");

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

/// The problem with this message, which must point at `place` on its line and carry this hint.
#[track_caller]
fn refused(text: &str, message: &str, hint: &str, place: &str) {
    let errors = Spec::parse(text).expect_err("the file must be refused");
    let hit = errors.problems().iter().find(|p| p.message.contains(message) && p.hint.as_deref().unwrap_or("").contains(hint));
    let hit = hit.unwrap_or_else(|| panic!("wanted `{message}` / `{hint}`, found\n{errors}"));
    shows(text, hit, place);
}

#[track_caller]
fn warned(text: &str, message: &str, hint: &str, place: &str) {
    let spec = Spec::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    let hit = spec.warnings().iter().find(|p| p.message.contains(message) && p.hint.as_deref().unwrap_or("").contains(hint));
    let hit = hit.unwrap_or_else(|| panic!("wanted `{message}` / `{hint}`, found {:#?}", spec.warnings()));
    shows(text, hit, place);
}

#[track_caller]
fn shows(text: &str, problem: &Problem, place: &str) {
    let line = text.lines().nth(problem.line - 1).unwrap();
    assert!(line.contains(place), "line {} is `{line}`, wanted one with `{place}`: {}", problem.line, problem.message);
    assert!(problem.column >= 1 && problem.span.end <= text.len());
}

#[test]
fn the_five_networks_have_no_errors_and_their_known_gaps_are_warnings_with_a_source() {
    for (name, text) in [("filecoin", FILE), ("helium", HELIUM), ("render", RENDER), ("akash", AKASH), ("io.net", IO)] {
        let spec = Spec::parse(text).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
        for warning in spec.warnings() {
            let hint = warning.hint.as_deref().unwrap_or("");
            assert!(warning.known && hint.starts_with("known, "), "{name}: {warning}");
        }
        assert!(spec.parameters() >= 5, "{name}");
    }
    warned(AKASH, "5.8% of AKT (5,800,000 AKT) belong to nobody", "94.2 %", "unallocated");
    warned(AKASH, "stops at the cap of 389,000,000 AKT", "388,539,008", "cap = ");
    warned(RENDER, "about 59 years after it begins", "Read as a ceiling", "cap = ");
    warned(FILE, "leave 177,443 FIL, which stay locked for good", "177,443 FIL", "investors");
    // What rounding leaves of a schedule above its cap, 0.0004409 IO, is nothing.
    assert!(!Spec::parse(IO).unwrap().warnings().iter().any(|w| w.message.contains("schedule")));
    warned(AKASH, "AMM pool `AKT-USDC`, which begins empty", "names no market", "[amm-pool.AKT-USDC]");
}

#[test]
fn a_cap_below_genesis_or_below_genesis_plus_schedule_is_found() {
    let below = changed(RENDER, "\"644_245_094 RENDER\"", "\"536_870_911 RENDER\"");
    refused(&below, "the cap is below what is minted at the start", "raise `cap`", "536_870_911");
    let tight = changed(IO, "\"800_000_000 IO\"", "\"700_000_000 IO\"");
    warned(&tight, "the cap of IO is below genesis plus schedule: 100,000,000.0004409 IO", "", "700_000_000");
    let model = changed(IO, "kind = \"clamp\"", "kind = \"model\"");
    warned(&model, "the cap of IO is shown and never enforced", "", "kind = \"model\"");
    let enough = changed(IO, "\"800_000_000 IO\"", "\"800_000_001 IO\"");
    assert!(!Spec::parse(&enough).unwrap().warnings().iter().any(|w| w.message.contains("genesis plus schedule")));
}

#[test]
fn shares_that_do_not_sum_to_the_whole_are_found_and_the_rest_is_named() {
    let text = changed(AKASH, "{ to = \"unallocated\", share = \"5.8%\"", "{ to = \"others\", share = \"5.7%\"");
    refused(&text, "must sum to exactly 100%", "{ to = \"unallocated\", share = \"0.1%\" }", "allocation = [");
    let text = changed(AKASH, "{ to = \"payee\", share = \"80%\"", "{ to = \"payee\", share = \"79%\"");
    refused(&text, "shares must sum to exactly 100%", "", "pays-other");
    let text = changed(AKASH, "share = \"98%\"", "share = \"97%\"");
    refused(&text, "the pools that share the emission of AKT", "", "");
}

#[test]
fn vesting_past_its_end_or_past_the_end_of_the_emission_is_found() {
    let text = changed(IO, "over = \"24 month\", every = \"1 month\"", "over = \"24 month\", every = \"5 month\"");
    refused(&text, "vesting of `seed-investors` goes past its end", "multiple of `every`", "5 month");
    let text = changed(IO, "over = \"36 month\"", "over = \"360 month\"");
    warned(&text, "vesting of `core-contributors` goes past the end of the emission of IO", "shorten", "360 month");
    let text = changed(AKASH, "{ share = \"50%\", after = \"365d\"", "{ share = \"60%\", after = \"365d\"");
    refused(&text, "vesting rows of `investors`", "", "");
}

#[test]
fn a_pool_that_nobody_can_earn_from_is_found() {
    let text = changed(IO, "device-score = { pool = \"capacity\" }", "device-score = {}");
    refused(&text, "pool `capacity` must be bound to a metric, or nobody can earn from it", "bind a metric", "");
    let text = changed(AKASH, "method = \"staked\"\nstaking = \"validators\"", "method = \"staked\"\nstaking = \"validator\"");
    refused(&text, "nobody can earn from pool `stakers`: there is no staking `validator`", "", "staking = \"validator\"");
    let text = changed(HELIUM, "lock = \"veHNT\"\nscope = \"iot\"", "lock = \"veHNT\"\nscope = \"iott\"");
    refused(&text, "locks `veHNT` are not delegated to `iott`", "did you mean `iot`?", "scope = \"iott\"");
    let funded = format!(
        "{AKASH}\n[incentive.pool.forgotten]\nfunded = true\ntoken = \"AKT\"\nclock = \"block\"\nmethod = \"staked\"\nstaking = \"validators\"\n"
    );
    warned(&funded, "nothing ever pays into pool `forgotten`", "", "forgotten");
    let unfed = format!("{AKASH}\n[treasury.forgotten]\ntitle = \"Forgotten\"\nspends = \"council\"\n");
    warned(&unfed, "nothing ever pays into treasury `forgotten`", "", "forgotten");
}

#[test]
fn a_burn_with_no_source_is_found() {
    // Nothing mints HNT to anybody any more, so nobody can burn it for credits.
    let text = changed(
        HELIUM,
        "[supply.HNT]\n",
        "[[token]]\nid = \"HNX\"\ndecimals = 8\nsource = \"a test\"\n[supply.HNX]\ncap = { amount = \"1 HNX\", kind = \"clamp\", source = \"a test\" }\n[supply.HNT]\n",
    );
    let text = changed(&text, "from = \"HNT\"\nusd", "from = \"HNX\"\nusd");
    let text = changed(
        &text,
        "price = \"HNT-USD\"\nsource = \"document: data credits are minted",
        "price = \"HNX-USD\"\nsource = \"document: data credits are minted",
    );
    let text = text + "[price.HNX-USD]\nreporters = [\"price-feeder\"]\nstale-after = \"10m\"\nquorum = 1\nsource = \"a test\"\n";
    refused(&text, "nobody can ever hold HNX, so this payment or burn has no source", "mint HNX", "utility.credit.DC");
}

#[test]
fn unknown_keys_get_a_suggestion_wherever_they_stand() {
    refused(
        &changed(AKASH, "unbonding = \"21d\"", "unbondng = \"21d\""),
        "unknown key `unbondng`",
        "did you mean `unbonding`",
        "unbondng",
    );
    refused(
        &changed(AKASH, "pays-other = [", "pays-othr = ["),
        "unknown key `pays-othr`",
        "did you mean `pays-other`",
        "pays-othr",
    );
    refused(&changed(RENDER, "times = \"94.5%\"", "tims = \"94.5%\""), "unknown key `tims`", "did you mean `times`", "tims");
}

#[test]
fn units_and_dates_that_cannot_be_read_are_found() {
    refused(&changed(AKASH, "unbonding = \"21d\"", "unbonding = \"21 moons\""), "21 moons", "", "21 moons");
    refused(&changed(AKASH, "\"389_000_000 AKT\"", "\"389_000_000 ATK\""), "no token", "did you mean `AKT`", "ATK");
    refused(&changed(AKASH, "\"389_000_000 AKT\"", "\"389 million AKT\""), "is not an amount", "", "million");
    refused(&changed(AKASH, "per-unit = \"0.5 AKT\"", "per-unit = \"0.1234567 AKT\""), "", "6 places", "0.1234567");
    refused(
        &changed(RENDER, "at = 2023-12-20T00:00:00Z", "at = \"20 December 2023\""),
        "expected a date",
        "",
        "20 December 2023",
    );
    refused(&changed(IO, "launch = { at = 2024-06-25T12:00:00Z", "launch = { at = 1965-06-25T12:00:00Z"), "1970", "", "1965");
}

#[test]
fn changes_out_of_order_are_found() {
    let early = "\n[[change]]\nat = 2020-01-01T00:00:00Z\nsource = \"a test\"\n[change.set.price.RENDER-USD]\nquorum = 1\n";
    refused(&format!("{RENDER}{early}"), "changes out of order", "sort them by date", "[[change]]");
    let late = early.replace("2020-01-01", "2030-01-01");
    assert!(Spec::parse(&format!("{RENDER}{late}")).is_ok());
}

#[test]
fn a_figure_without_a_source_is_found() {
    let text = changed(AKASH, ", source = \"document: 27 % team\"", "");
    refused(&text, "figures without a source", "add source", "team");
    let line = AKASH.lines().find(|line| line.starts_with("source = \"document: inflation goes to validators")).unwrap();
    refused(
        &AKASH.replace(line, ""),
        "`incentive.pool.stakers`: figures without a source",
        "add source",
        "incentive.pool.stakers",
    );
}

#[test]
fn every_version_is_checked_and_a_problem_points_at_its_change() {
    let text = changed(RENDER, "share = \"50%\"\nmethod = \"direct\"", "share = \"49%\"\nmethod = \"direct\"");
    refused(&text, "the pools that share the emission of RENDER", "", "");
    let text = changed(HELIUM, "remove = [\"incentive.pool.coverage\"", "remove = [\"incentive.pool.covrage\"");
    refused(&text, "there is no `incentive.pool.covrage` to remove", "", "remove = ");
}

proptest! {
    /// A damaged file with changes, locks, staking and treasuries is read or refused with places inside it; nothing panics.
    #[test]
    fn damage_anywhere_is_refused_or_harmless(
        which in 0usize..4,
        at in 0usize..16_000,
        cut in 0usize..60,
        insert in "[ -~]{0,6}",
    ) {
        let chars: Vec<char> = [HELIUM, RENDER, AKASH, IO][which].chars().collect();
        let (at, end) = (at.min(chars.len()), (at + cut).min(chars.len()));
        let text: String = chars[..at].iter().copied().chain(insert.chars()).chain(chars[end..].iter().copied()).collect();
        let found = match Spec::parse(&text) {
            Ok(spec) => spec.warnings().to_vec(),
            Err(errors) => {
                prop_assert!(!errors.problems().is_empty());
                errors.problems().to_vec()
            }
        };
        for problem in found {
            prop_assert!(text.is_char_boundary(problem.span.start) && text.is_char_boundary(problem.span.end));
            prop_assert!(problem.span.end <= text.len() && problem.line >= 1 && problem.column >= 1);
            prop_assert!(!problem.message.is_empty());
        }
    }
}
