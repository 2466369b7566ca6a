//! `depin network compare`: networks side by side, the same rows for each.

use super::{card, remark};
use crate::{
    error::Result,
    output::{Output, Table, wrap},
};
use depin_devnet::source;
use depin_networks::{Card, Dated, Line, NETWORKS, Row};
use serde::Serialize;
use std::io::IsTerminal as _;

/// Columns that one network needs at least to stand beside others.
const COLUMN_LEAST: usize = 26;
/// Columns of the names of rows.
const NAMES: usize = 14;

#[derive(Serialize)]
struct Comparison {
    networks: Vec<Compared>,
    sections: Vec<ComparedSection>,
}

#[derive(Serialize)]
struct Compared {
    network: String,
    title: String,
    service: String,
    variant: String,
}

#[derive(Serialize)]
struct ComparedSection {
    title: &'static str,
    rows: Vec<ComparedRow>,
}

#[derive(Serialize)]
struct ComparedRow {
    name: &'static str,
    /// In the order of `networks`.
    cells: Vec<Vec<Line>>,
}

pub fn run(names: &[String], sources: bool, only: &[String], out: &Output) -> Result<()> {
    let cards: Vec<Card> = if names.is_empty() {
        NETWORKS.iter().map(|(_, text)| card(text, only)).collect::<Result<_>>()?
    } else {
        names.iter().map(|name| card(&source::read(name)?.text, only)).collect::<Result<_>>()?
    };
    let comparison = Comparison::new(&cards);
    out.result(&comparison, |out| comparison.text(sources, out))?;
    if !out.json && std::io::stdout().is_terminal() {
        out.note("(to page through it: depin network compare | less; where figures come from: --sources)");
    }
    Ok(())
}

impl Comparison {
    fn new(cards: &[Card]) -> Self {
        let networks = cards
            .iter()
            .map(|card| Compared {
                network: card.network.clone(),
                title: card.title.clone(),
                service: card.service.clone(),
                variant: card.variant.clone(),
            })
            .collect();
        // Every card has the same rows, so the first one's stand for all.
        let sections = cards.first().into_iter().flat_map(|card| &card.sections).map(|section| ComparedSection {
            title: section.title,
            rows: section.rows.iter().map(|row| ComparedRow::new(row, cards)).collect(),
        });
        Self { networks, sections: sections.collect() }
    }

    fn text(&self, sources: bool, out: &Output) -> String {
        let beside = NAMES + self.networks.len() * COLUMN_LEAST;
        let mut text = String::new();
        for section in &self.sections {
            text += &format!("{}{}\n", if text.is_empty() { "" } else { "\n" }, out.bold(section.title));
            let fits = beside <= usize::from(out.width) && !sources;
            text += &if fits { self.columns(section, out) } else { self.stacked(section, sources, out) };
        }
        text
    }

    /// A column per network.
    fn columns(&self, section: &ComparedSection, out: &Output) -> String {
        let heads: Vec<String> =
            std::iter::once(String::new()).chain(self.networks.iter().map(|n| n.network.to_uppercase())).collect();
        let mut table = Table::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
        table.columns_alike(NAMES);
        for row in &section.rows {
            let cells = row.cells.iter().map(|lines| cell(lines));
            table.own_row(std::iter::once(row.name.to_owned()).chain(cells));
            table.gap();
        }
        table.render(out)
    }

    /// Networks below each other in every row: fits any width.
    fn stacked(&self, section: &ComparedSection, sources: bool, out: &Output) -> String {
        let room = self.networks.iter().map(|n| n.network.chars().count()).max().unwrap_or(0) + 2;
        let mut text = String::new();
        for row in &section.rows {
            text += &format!("  {}\n", out.bold(row.name));
            for (network, lines) in self.networks.iter().zip(&row.cells) {
                let mut name = network.network.as_str();
                if lines.is_empty() {
                    text += &format!("{}\n", out.dim(&format!("    {name:<room$}-")));
                }
                for group in Dated::of(lines) {
                    if let Some(heading) = group.heading() {
                        text += &format!("    {name:<room$}{}\n", out.bold(&format!("{heading}:")));
                        name = "";
                    }
                    for (index, line) in group.lines.iter().enumerate() {
                        for (nth, part) in wrap(&line.text, out.width, 4 + room).into_iter().enumerate() {
                            let hang = if nth == 0 { "" } else { "  " };
                            text += &format!("    {name:<room$}{hang}{part}\n");
                            name = "";
                        }
                        if sources && line.ends_a_source(group.lines.get(index + 1)) {
                            text += &remark(line, 4 + room + 4, out);
                        }
                    }
                }
            }
        }
        text
    }
}

/// Lines of a narrow column: each begins with a dash, so that wrapped ones can be told apart.
fn cell(lines: &[Line]) -> String {
    let mut cell = Vec::new();
    let dash = if lines.len() > 1 { "- " } else { "" };
    for group in Dated::of(lines) {
        cell.extend(group.heading().map(|heading| format!("{heading}:")));
        cell.extend(group.lines.iter().map(|line| format!("{dash}{}", line.text)));
    }
    cell.join("\n")
}

impl ComparedRow {
    fn new(row: &Row, cards: &[Card]) -> Self {
        Self { name: row.name, cells: cards.iter().map(|card| card.row(row.name).to_vec()).collect() }
    }
}
