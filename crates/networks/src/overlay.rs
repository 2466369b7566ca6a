//! The overlay `development`: figures of a network of a few machines, put over the file of a network of millions.
//!
//! In: the text of a network file. Out: the same text with an `[[overlay]]` at its end, or nothing where it would change nothing. A
//! schedule of emission is made for a network of a certain size: on one of four machines it gives whoever stores a file more in an hour
//! than the file's owner would pay in a thousand years, and takes as much from whoever is away for a day. So rewards are bounded by
//! what earns them, fees of a failure by what is pledged for what failed, and who has been charged all that it has can still say that the
//! failure is over. The files themselves stay as they are, and every figure of the overlay says that it is an own choice.
//!
//! Absent on purpose: fees that are a share of the pledge already, pools whose weight is no pledged metric, and every other rule.

use depin_economy::{Binding, FaultFee, Method, PledgeRule, PledgeSize, PoolRule, Spec};
use depin_quantity::{Name, Rounding, Units};

/// Name of the overlay.
pub const DEVELOPMENT_OVERLAY: &str = "development";

/// What the pledge for a unit earns in a year at most, in per cent of the pledge.
///
/// Own choice: about what providers ask customers for the same, times nine, on Filecoin's economy (a pledge of 0.03125 FIL a GiB, an ask
/// of 500,000,000 attoFIL a GiB and epoch, go-fil-markets' default), so that rewards are most of what is earned, as on a young network,
/// and customers are worth having.
const YEARLY_PERCENT: u128 = 15;
/// What one fault costs at most, in per cent of the unit's pledge: 42 faulty days, after which a sector is ended, come to less than all of it.
const FAULT_PERCENT: u32 = 2;
/// Milliseconds of a year of 365 days.
const YEAR_MS: u128 = 365 * 86_400 * 1_000;

/// The text of a network with the overlay `development` put over it; none where there is nothing that it would bound, where the file is
/// wrong, or where it has that overlay.
pub fn with_development_overlay(text: &str) -> Option<String> {
    let spec = Spec::parse(text).ok()?;
    if spec.network().overlays.iter().any(|name| name.as_str() == DEVELOPMENT_OVERLAY) {
        return None;
    }
    let mut tables = String::new();
    for (name, rule) in spec.pools() {
        tables += &ceiling(&spec, *name, rule).unwrap_or_default();
    }
    for (kind, rule) in spec.faults() {
        let bounded = match rule.fee {
            FaultFee::Reward { pool, .. } => pledged(&spec, pool),
            _ => None,
        };
        let Some((pledge, _)) = bounded.filter(|(_, pledge)| pledge.token == rule.token && rule.at_most.is_none()) else {
            continue;
        };
        tables += &format!(
            "\n[overlay.set.incentive.fault.{}]\nat-most = {{ pledge = \"{pledge}\", share = \"{FAULT_PERCENT}%\", parameter = true, why = \"development: on \
             a network of a few machines the expected reward of a unit is a multiple of its pledge\" }}\n",
            key(*kind)
        );
    }
    if tables.is_empty() {
        return None;
    }
    if !spec.fee().on_pledge {
        tables += "\n[overlay.set.utility.fee]\nowed = { up-to = \"pledge\", parameter = true, why = \"development: who was charged all that it has \
                   can still declare what failed as recovered; a pledge that comes back repays a debt first\" }\n";
    }
    Some(format!("{}{}{tables}", text.trim_end(), heading()))
}

/// The text of a network without the overlay that [`with_development_overlay`] put at its end; none where there is none.
pub fn without_development_overlay(text: &str) -> Option<String> {
    let at = text.rfind(&heading())?;
    Some(format!("{}\n", text.get(..at)?))
}

/// How the overlay begins, behind a file's last line.
fn heading() -> String {
    format!("\n\n[[overlay]]\nname = \"{DEVELOPMENT_OVERLAY}\"\n")
}

/// A name as a key: one with a point in it is quoted.
fn key(name: Name) -> String {
    if name.as_str().contains('.') { format!("\"{name}\"") } else { name.to_string() }
}

/// The pledge that is counted on the same metric as a pool's weight.
fn pledged(spec: &Spec, pool: Name) -> Option<(Name, &PledgeRule)> {
    let feeds = |binding: &&Binding| binding.pool == Some(pool) && binding.pledge.is_some();
    let kind = spec.bindings().values().find(feeds)?.pledge?;
    Some((kind, spec.pledge(kind)?))
}

/// The ceiling of a pool whose weight is pledged for in the pool's own token: so much of the pledge a year.
fn ceiling(spec: &Spec, name: Name, rule: &PoolRule) -> Option<String> {
    let (_, pledge) = pledged(spec, name)?;
    let standing = matches!(rule.method, Method::Expected | Method::Winners);
    if !standing || rule.ceiling.is_some() || rule.worth.is_some() || pledge.token != rule.token {
        return None;
    }
    let (each, per) = match pledge.size {
        PledgeSize::PerGib(each) => (each, 1 << 30),
        PledgeSize::PerUnit { each, steps, .. } => (each, steps),
    };
    let period = u128::from(spec.clock(rule.clock)?.every.get());
    let most = each.mul_div(YEARLY_PERCENT * period, 100 * YEAR_MS, Rounding::Up).ok()?.max(Units::new(1));
    Some(format!(
        "\n[overlay.set.incentive.pool.{}]\nceiling = {{ amount = \"{most} base {}\", per = {per}, parameter = true, why = \"development: at most {YEARLY_PERCENT} % of \
         the pledge a year, so that rewards follow the size of the network; the rest of the schedule is not minted\" }}\n",
        key(name),
        rule.token
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Card, NETWORKS, network_file};

    #[test]
    fn the_overlay_bounds_rewards_and_fees_of_filecoin_and_leaves_the_rest() {
        let text = network_file("filecoin").unwrap();
        let over = with_development_overlay(text).unwrap();
        assert!(over.starts_with(text.trim_end()), "the file itself stays as it is");
        let (plain, spec) = (Spec::parse(text).unwrap(), Spec::parse(&over).unwrap_or_else(|errors| panic!("{errors}")));
        let name = |text: &str| text.parse::<Name>().unwrap();
        assert_eq!((plain.network().overlays.len(), spec.network().overlays.as_slice()), (0, [name("development")].as_slice()));
        let ceiling = spec.pool(name("blocks")).unwrap().ceiling.unwrap();
        // 15 % of 0.03125 FIL in 1,051,200 epochs.
        assert_eq!((ceiling.amount, ceiling.per), (Units::new(4_459_189_498), 1 << 30));
        let (pledge, share) = spec.fault(name("continued")).unwrap().at_most.unwrap();
        assert_eq!((pledge.as_str(), share.to_string().as_str()), ("sector", "2%"));
        assert!(spec.fee().on_pledge && !plain.fee().on_pledge);
        assert_eq!(plain.fault(name("terminated")), spec.fault(name("terminated")));
        assert_eq!(with_development_overlay(&over), None, "once is enough");
        assert_eq!((without_development_overlay(&over).as_deref(), without_development_overlay(text)), (Some(text), None));
        let card = Card::new(&over).unwrap();
        assert_eq!(card.overlays, ["development"]);
        for (row, told) in [
            ("who is paid", "blocks: at most 4.459 nFIL per GiB of quality-bytes a period"),
            ("penalties", "continued: at most 2% of the pledge"),
        ] {
            let line = card.row(row).iter().find(|line| line.text == told).unwrap_or_else(|| panic!("{:?}", card.row(row)));
            assert!(line.parameter && line.source.starts_with("development:"), "its source is the overlay's: {line:?}");
        }
    }

    #[test]
    fn every_network_reads_as_well_with_the_overlay_as_without() {
        for (name, text) in NETWORKS {
            if let Some(over) = with_development_overlay(text) {
                Spec::parse(&over).unwrap_or_else(|errors| panic!("{name}:\n{errors}"));
            }
        }
        assert_eq!(with_development_overlay("[network]\nname = 7\n"), None);
    }
}
