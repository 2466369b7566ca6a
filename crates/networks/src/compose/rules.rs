//! `RULES.md` of a new network: its parts, what was decided, and what to do next.

use super::Mix;
use crate::wrap;

/// The whole text.
pub(super) fn write(mix: &Mix<'_>) -> String {
    let mut text = format!("# {}: the rules of `network.toml`\n\n", mix.name);
    let mut paragraph = |words: &str| {
        for line in wrap(words, 130) {
            text += &line;
            text.push('\n');
        }
        text.push('\n');
    };
    paragraph(&format!(
        "{}. Tables were copied word for word, with their sources; what had to change on the way is marked as a parameter in the file \
         and says what it was.",
        capital(&mix.parts())
    ));
    text += "| part | from | what it brings |\n|---|---|---|\n";
    let e = &mix.emission;
    let version = |donor: &super::donor::Donor| match (donor.versions, donor.version) {
        (1, _) => String::new(),
        (versions, version) => format!(", parameter version {} of {versions}", version + 1),
    };
    text += &format!(
        "| emission | {}{} | token {}, cap, allocations, schedule, pools, transaction fees |\n",
        e.title,
        version(e),
        e.token
    );
    text += &format!(
        "| payment | {}{} | how usage is paid, what is burnt, credits, AMM pools |\n",
        mix.payment.title,
        version(&mix.payment)
    );
    text += &format!("| stake | {}{} | collateral, penalties, staking, locks |\n", mix.stake.title, version(&mix.stake));
    let unit = mix.unit.map(|unit| format!(", a unit is one {unit}")).unwrap_or_default();
    text += &format!("| service | {} | {}{unit} |\n\n", mix.service.title, mix.service.description);
    text += "## What the service counts\n\n| metric | one of it | counted | what it is |\n|---|---|---|---|\n";
    for metric in mix.service.metrics {
        let one = mix.one_of(metric);
        let counted = match metric.counted {
            depin_services::descriptor::Counted::Current => "until it changes",
            depin_services::descriptor::Counted::Accrued => "anew in each period",
        };
        text += &format!("| `{}` | {one} | {counted} | {} |\n", metric.name, metric.description);
    }
    text += "\n## What was decided\n\n";
    for note in &mix.notes {
        for (i, line) in wrap(note, 128).iter().enumerate() {
            text += &format!("{}{line}\n", if i == 0 { "- " } else { "  " });
        }
    }
    text += "\n## Next\n\n";
    text += "1. Read `network.toml`; every parameter is yours to choose, and says why it has its value.\n";
    text += "2. `depin check network.toml` finds what does not fit together.\n";
    text += "3. Replace this page's second part by your own rules, in words, as you settle them.\n";
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
