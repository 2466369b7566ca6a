//! A network file as rows of a comparison table of networks.
//!
//! In: the text of a `network.toml`. Out: a [`Card`]: three sections (supply and distribution, incentive, utility and value flow) of
//! the same rows for every network, each row a few lines in words with where their figures come from. A row that a dated change
//! alters says what holds until and from when.
//!
//! Absent on purpose: names of networks, and any computation beyond what the file says; paths and rewards are the economy's.

mod file;
mod incentive;
mod supply;
mod utility;
mod words;

use file::{File, Version};
use serde::Serialize;
use toml::Table;

/// One network in the shape of the comparison table.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// The network's name.
    pub network: String,
    /// Its name for people.
    pub title: String,
    /// The service that it meters.
    pub service: String,
    /// Which reading of its rules the file follows.
    pub variant: String,
    /// What was put over the file, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overlays: Vec<String>,
    /// Always the same, in the same order.
    pub sections: Vec<Section>,
    /// Supply of the first token, and how usage is paid, for lists.
    #[serde(skip)]
    short: (Vec<Line>, Vec<Line>),
}

/// One of the three columns of the comparison table, or the heading above them.
#[derive(Clone, Debug, Serialize)]
pub struct Section {
    /// Heading.
    pub title: &'static str,
    /// Its rows, the same for every network.
    pub rows: Vec<Row>,
}

/// One thing to compare. Every card has the same rows in the same order; one that a network has nothing for has no lines.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What is compared.
    pub name: &'static str,
    /// What the network has of it.
    pub lines: Vec<Line>,
}

/// One statement, and where its figures come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The statement.
    pub text: String,
    /// Empty when the statement has no figure.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Whether nobody publishes the figure: `source` then says why it has this value.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub parameter: bool,
    /// From when it holds: the date of a change; absent when from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Until when it holds; absent when for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A text that is not TOML, with the parser's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not TOML: {0}")]
pub struct NotToml(pub String);

/// A row that no card has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no row `{name}`")]
pub struct UnknownRow {
    /// As asked.
    pub name: String,
    /// Those that there are.
    pub known: String,
}

impl Line {
    /// A statement whose figures stand in this table.
    fn of(text: impl Into<String>, table: &Table) -> Self {
        let remark = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let (source, why) = (remark("source"), remark("why"));
        let parameter = source.is_none() && why.is_some();
        Self { text: text.into(), source: source.or(why).unwrap_or_default(), parameter, from: None, until: None }
    }

    /// A statement without figures.
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), source: String::new(), parameter: false, from: None, until: None }
    }

    /// Whether its source is to be told below it: it has one, and the line that follows has another.
    pub fn ends_a_source(&self, next: Option<&Self>) -> bool {
        let shared = next.is_some_and(|next| (&next.source, next.parameter) == (&self.source, self.parameter));
        !self.source.is_empty() && !shared
    }

    /// Between which dates it holds, in words; `None` for a statement that always holds.
    pub fn dates(&self) -> Option<String> {
        match (&self.from, &self.until) {
            (None, None) => None,
            (Some(from), None) => Some(format!("from {from}")),
            (None, Some(until)) => Some(format!("until {until}")),
            (Some(from), Some(until)) => Some(format!("{from} to {until}")),
        }
    }
}

/// Lines of one time, under its heading.
#[derive(Clone, Copy, Debug)]
pub struct Dated<'a> {
    /// One or more.
    pub lines: &'a [Line],
}

impl<'a> Dated<'a> {
    /// Cuts a row's lines where the time changes that they hold for.
    pub fn of(lines: &'a [Line]) -> impl Iterator<Item = Self> {
        lines.chunk_by(|a, b| (&a.from, &a.until) == (&b.from, &b.until)).map(|lines| Self { lines })
    }

    /// What the lines stand under, unless they always hold.
    pub fn heading(&self) -> Option<String> {
        self.lines.first().and_then(Line::dates)
    }
}

type Write = fn(&File<'_>) -> Vec<Line>;

const SECTIONS: [(&str, &[(&str, Write)]); 4] = [
    (
        "Network",
        &[("service", supply::service), ("counts", supply::metrics), ("tokens", supply::tokens), ("starts", supply::launch)],
    ),
    (
        "Supply and distribution",
        &[
            ("at genesis", supply::genesis),
            ("cap", supply::cap),
            ("emission", supply::emission),
            ("distribution", supply::distribution),
        ],
    ),
    (
        "Incentive",
        &[
            ("who is paid", incentive::pools),
            ("rewards unlock", incentive::unlocking),
            ("boosts", incentive::boosts),
            ("collateral", incentive::collateral),
            ("penalties", incentive::penalties),
            ("staking", incentive::staking),
            ("locks, scores", incentive::locks),
        ],
    ),
    (
        "Utility and value flow",
        &[
            ("usage is paid", utility::payment),
            ("goes to", utility::destinations),
            ("credits", utility::credits),
            ("one-time fees", utility::service_fees),
            ("conversion", utility::conversion),
            ("treasuries", utility::treasuries),
            ("transactions", utility::transactions),
            ("prices", utility::prices),
        ],
    ),
];

impl Card {
    /// Describes a network file. The file need not be valid: what cannot be read is left out, and `depin check` says why.
    ///
    /// # Errors
    /// [`NotToml`] when the text is not even that.
    pub fn new(text: &str) -> Result<Self, NotToml> {
        let root: Table = toml::from_str(text).map_err(|error| NotToml(error.message().to_owned()))?;
        let versions = file::versions(&root);
        let name = |key: &str| file::text(&versions[0].root, &["network", key]).unwrap_or_default().to_owned();
        let sections = SECTIONS
            .iter()
            .map(|(title, rows)| Section {
                title,
                rows: rows.iter().map(|(name, write)| Row { name, lines: across(&versions, *write) }).collect(),
            })
            .collect();
        let overlays = file::overlaid(root.get("overlay")).filter_map(|overlay| file::string(overlay, "name"));
        let short = (across(&versions, supply::short), across(&versions, utility::short));
        Ok(Self {
            network: name("name"),
            title: name("title"),
            service: name("service"),
            variant: name("variant"),
            overlays: overlays.map(str::to_owned).collect(),
            sections,
            short,
        })
    }

    /// The card with these rows alone, by name.
    ///
    /// # Errors
    /// A name that no row has: with the names that there are.
    pub fn only(mut self, rows: &[String]) -> Result<Self, UnknownRow> {
        let known: Vec<&str> = self.sections.iter().flat_map(|section| &section.rows).map(|row| row.name).collect();
        if let Some(name) = rows.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(UnknownRow { name: name.clone(), known: known.join(", ") });
        }
        self.sections.iter_mut().for_each(|section| section.rows.retain(|row| rows.iter().any(|name| name == row.name)));
        self.sections.retain(|section| !section.rows.is_empty());
        Ok(self)
    }

    /// What there is of the first token at most, and how it is minted, in the file's last parameter version.
    pub fn supply_in_short(&self) -> Vec<String> {
        last_version(&self.short.0)
    }

    /// What usage is paid in, and how much of it who does the work gets, in the file's last parameter version.
    pub fn payment_in_short(&self) -> Vec<String> {
        last_version(&self.short.1)
    }

    /// The lines of a row.
    pub fn row(&self, name: &str) -> &[Line] {
        self.sections.iter().flat_map(|s| &s.rows).find(|row| row.name == name).map_or(&[], |row| &row.lines)
    }
}

fn last_version(lines: &[Line]) -> Vec<String> {
    lines.iter().filter(|line| line.until.is_none()).map(|line| line.text.clone()).collect()
}

/// A row's lines over all parameter versions: those that hold throughout stand as they are, the others carry their dates.
fn across(versions: &[Version], write: Write) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for version in versions {
        let mut now = Vec::new();
        for line in write(&File::new(&version.root)) {
            let same = |at: &usize| lines[*at].text == line.text && lines[*at].source == line.source;
            if let Some(at) = open.iter().copied().find(same) {
                now.push(at);
            } else {
                lines.push(Line { from: version.from.clone(), ..line });
                now.push(lines.len() - 1);
            }
        }
        for at in open.iter().filter(|at| !now.contains(at)) {
            lines[*at].until.clone_from(&version.from);
        }
        open = now;
    }
    // What always holds stands first, then one time after the other.
    lines.sort_by(|a, b| (&a.from, a.until.is_some(), &a.until).cmp(&(&b.from, b.until.is_some(), &b.until)));
    lines
}

#[cfg(test)]
mod tests;
