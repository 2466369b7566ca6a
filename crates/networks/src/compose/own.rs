//! What is the new network's own: its head, its tokens and clocks, its service's figures; and whole files that nothing is mixed into.

use super::{
    Mix, Part,
    write::{Page, mark, set, string, table},
};
use depin_quantity::parse_span;
use depin_services::descriptor::{Metric, Provenance, Table as Figures, Unit};
use toml_edit::{DocumentMut, Item};

impl Mix<'_> {
    /// A title from the name.
    fn title(&self) -> String {
        self.name.to_string()
    }

    /// What the parts are, in a sentence.
    pub fn parts(&self) -> String {
        let (e, p, s) = (&self.emission.title, &self.payment.title, &self.stake.title);
        let service = match self.unit {
            Some(unit) => format!("{} ({unit})", self.service.title.to_lowercase()),
            None => self.service.title.to_lowercase(),
        };
        if e == p && p == s {
            return format!("{service} under the economy of {e}");
        }
        format!("{service}, with the emission of {e}, the payment of {p} and the stake of {s}")
    }

    /// What one of a metric is, in the words of the new network.
    pub fn one_of(&self, metric: &Metric) -> String {
        match (metric.unit, self.unit) {
            (Unit::Byte, _) => "byte".to_owned(),
            (Unit::Each("unit"), Some(unit)) => unit.to_owned(),
            (Unit::Each(one), _) => one.to_owned(),
        }
    }

    /// A clock of this length: one of the emission's, or a new one.
    pub fn clock(&mut self, every: &str) -> String {
        let span = |text: &str| parse_span(text).ok();
        let same = |clock: &String| {
            self.emission
                .text(&format!("clock.{clock}.every"))
                .is_some_and(|other| span(&other).is_some() && span(&other) == span(every))
        };
        if let Some(known) = self.emission.names("clock").into_iter().find(same) {
            return known;
        }
        let name = format!("every-{every}");
        if !self.wanted.clocks.iter().any(|(known, _)| *known == name) {
            self.wanted.clocks.push((name.clone(), every.to_owned()));
        }
        name
    }
}

/// `[network]`, with a word on the file.
pub(super) fn head(mix: &Mix<'_>) -> Page {
    let mut page = Page::default();
    page.comment(&format!(
        "{}: {}. Every figure names its source, or is a parameter and says why it has this value. Change what you like, then run \
         `depin check` on this file; RULES.md tells what was decided when it was written.",
        mix.title(),
        mix.parts()
    ));
    let network = table([
        ("name", string(mix.name.as_str())),
        ("title", string(&mix.title())),
        ("service", string(mix.service.name.as_str())),
        ("variant", string("own")),
    ]);
    page.table("network", &network);
    page
}

/// `[[token]]`: the emission's, and those that payments are made in besides.
pub(super) fn tokens(mix: &Mix<'_>, page: &mut Page) {
    let declared = |part: Part, name: &str| {
        let all = mix.donor(part).root.get("token").and_then(Item::as_array_of_tables);
        all.and_then(|all| all.iter().find(|table| table.get("id").and_then(Item::as_str) == Some(name)).cloned())
    };
    let main = (mix.rates.token.clone(), Part::Emission);
    for (name, part) in std::iter::once(&main).chain(&mix.wanted.tokens) {
        let Some(token) = declared(*part, name) else { continue };
        let mut one = Page::default();
        one.table("[token]", &token);
        page.gap();
        page.raw(&one.finish());
    }
}

/// `[clock.*]`: the emission's, and those that the service needs besides. All begin when the network does.
pub(super) fn clocks(mix: &Mix<'_>, page: &mut Page) {
    for name in mix.emission.names("clock") {
        let path = format!("clock.{name}");
        let Some(mut clock) = mix.emission.table(&path) else { continue };
        if clock.get("origin").is_some_and(Item::is_datetime) {
            set(&mut clock, "origin", string("genesis"));
            mark(&mut clock, &format!("as on {}, counted from this network's own start", mix.emission.title));
        }
        page.table(&path, &clock);
    }
    for (name, every) in &mix.wanted.clocks {
        let mut clock = table([("every", string(every)), ("origin", string("genesis"))]);
        mark(&mut clock, "the service counts payments in such periods, and no clock of the emission has this length");
        page.table(&format!("clock.{name}"), &clock);
    }
}

/// `[service.<name>]`: the usual figures.
pub(super) fn service(mix: &Mix<'_>, page: &mut Page) {
    for table in mix.service.parameters {
        figures(mix, table, page);
    }
}

fn figures(mix: &Mix<'_>, table: &Figures, page: &mut Page) {
    if table.figures.iter().all(|figure| figure.value.is_extra()) {
        return;
    }
    let dot = if table.key.is_empty() { "" } else { "." };
    page.gap();
    page.raw(&format!("[service.{}{dot}{}]\n", mix.service.name, table.key));
    for figure in table.figures.iter().filter(|figure| !figure.value.is_extra()) {
        let value = match (figure.key, mix.unit) {
            ("unit", Some(unit)) => format!("\"{unit}\""),
            _ => figure.value.to_string(),
        };
        page.raw(&format!("{} = {value}    # {}\n", figure.key, figure.description));
    }
    match table.provenance {
        Provenance::Source(source) => page.raw(&format!("source = {}\n", string(source))),
        Provenance::Reason(why) => page.raw(&format!("parameter = true\nwhy = {}\n", string(why))),
    }
}

/// A network's own service under its own economy: the file itself, under a new name, with all its dated changes.
pub(super) fn whole(mix: &mut Mix<'_>, text: &str) -> String {
    let mut document: DocumentMut = text.parse().expect("the donor was read from the same text");
    let launch = document.get("network").and_then(|n| n.get("launch")).and_then(|launch| date(launch.get("at")?));
    let head = head(mix).finish();
    let head: String = head.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    if let Some(network) = document.get_mut("network").and_then(Item::as_table_mut) {
        network.decor_mut().set_prefix(format!("{head}\n"));
        for (key, value) in [("name", mix.name.as_str().to_owned()), ("title", mix.title()), ("variant", "own".to_owned())] {
            set(network, key, string(&value));
        }
        network.remove("launch");
    }
    let title = mix.emission.title.clone();
    let changes = document.get_mut("change").and_then(Item::as_array_of_tables_mut);
    for change in changes.into_iter().flat_map(toml_edit::ArrayOfTables::iter_mut) {
        if let (Some(launch), Some(at)) = (launch, change.get("at").and_then(date)) {
            change.remove("at");
            set(change, "after", string(&format!("{}d", (at - launch).max(1))));
            mark(change, &format!("as long after the start as on {title}"));
            mix.note(format!("The change that {title} dates comes as many days after this network's start."));
        }
    }
    let mut text = document.to_string();
    if document.get("service").is_none() {
        let mut page = Page::default();
        page.rule("the service's own figures");
        service(mix, &mut page);
        text = format!("{}\n\n{}", text.trim_end(), page.finish());
    }
    mix.note(format!("Word for word the file of {title}, under another name."));
    text
}

/// A date as a number of days since 1970.
fn date(item: &Item) -> Option<i64> {
    let date = item.as_datetime()?.date?;
    let (year, month, day) = (i64::from(date.year), i64::from(date.month), i64::from(date.day));
    // Days from the civil calendar: years begin in March, so that the leap day comes last.
    let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let (version, of_version) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(version * 146_097 + of_version * 365 + of_version / 4 - of_version / 100 + of_year - 719_468)
}
