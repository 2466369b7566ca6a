//! `depin network show NAME`: one network in the shape of the comparison table, with the sources of its figures.

use super::{card, remark};
use crate::{
    error::Result,
    output::{Output, wrap},
};
use depin_devnet::source;
use depin_economy::Spec;
use depin_networks::{Card, DEVELOPMENT_OVERLAY, Dated, Row};

/// Room for the name of a row, and what sources stand in from what they belong to.
const NAMES: usize = 18;
const INDENT: usize = 2;

pub fn run(named: &str, overlay: bool, only: &[String], out: &Output) -> Result<()> {
    let card = card(&text_of(named, overlay, out)?, only)?;
    out.result(&card, |out| text(&card, out))
}

/// The file that was named; with the overlay that `depin up` puts over it, where that is asked for.
pub(super) fn text_of(named: &str, overlay: bool, out: &Output) -> Result<String> {
    let text = source::read(named)?.text;
    if !overlay {
        return Ok(text);
    }
    let over = depin_networks::with_development_overlay(&text);
    if over.is_none() {
        out.note(format_args!("no overlay: {}", why_none(&text)));
    }
    Ok(over.unwrap_or(text))
}

/// Why no overlay is put over a file.
fn why_none(text: &str) -> &'static str {
    match Spec::parse(text) {
        Err(_) => "the file has errors; `depin check` shows them",
        Ok(spec) if spec.network().overlays.iter().any(|name| name.as_str() == DEVELOPMENT_OVERLAY) => "the file has it already",
        Ok(_) => "no reward goes by a pledge in the same token, and no fine by a reward, without a bound of its own",
    }
}

fn text(card: &Card, out: &Output) -> String {
    let overlays: String = card.overlays.iter().map(|name| format!(", with overlay `{name}`")).collect();
    let mut text = format!("{} ({}), by variant `{}`{overlays}\n", out.bold(&card.title), card.network, card.variant);
    for section in &card.sections {
        text += &format!("\n{}\n", out.bold(section.title));
        for row in &section.rows {
            text += &one_row(row, out);
        }
    }
    let closing = "Figures with the remark `own choice` are published nowhere. All figures: --figures. As data: --json.";
    text.push('\n');
    for line in wrap(closing, out.width, 0) {
        text += &format!("{}\n", out.dim(&line));
    }
    text
}

/// The row's lines with their sources below; a source that several lines in a row share stands below the last of them.
fn one_row(row: &Row, out: &Output) -> String {
    let mut text = String::new();
    let mut name = row.name;
    if row.lines.is_empty() {
        return format!("{}\n", out.dim(&format!("  {name:<NAMES$}-")));
    }
    for group in Dated::of(&row.lines) {
        if let Some(heading) = group.heading() {
            text += &format!("  {name:<NAMES$}{}\n", out.bold(&format!("{heading}:")));
            name = "";
        }
        for (index, line) in group.lines.iter().enumerate() {
            for (nth, part) in wrap(&line.text, out.width, INDENT + NAMES).iter().enumerate() {
                let margin = if nth == 0 { format!("  {name:<NAMES$}") } else { " ".repeat(INDENT + NAMES + INDENT) };
                text += &format!("{margin}{part}\n");
            }
            name = "";
            if line.ends_a_source(group.lines.get(index + 1)) {
                text += &remark(line, INDENT + NAMES + 2 * INDENT, out);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_without_an_overlay_says_why() {
        let file = |name: &str| depin_networks::network_file(name).unwrap();
        assert!(why_none("[network]\nname = 7\n").contains("`depin check`"));
        assert!(why_none(file("render")).starts_with("no reward goes by a pledge"));
        assert!(why_none(&depin_networks::with_development_overlay(file("filecoin")).unwrap()).contains("already"));
    }
}
