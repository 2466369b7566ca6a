//! Tables: a bold heading, two blanks between columns, no rules. They fit the terminal and can be cut by column.

use super::{Output, plain};
use comfy_table::{Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, TableStyle, Width};

/// Which side of its column a text stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    /// For numbers.
    Right,
}

/// Rows of text under a heading.
pub struct Table {
    heads: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
    /// Width of the first column, when the others share the rest alike.
    alike: Option<usize>,
}

impl Table {
    /// A table with these columns; a name that begins with `>` is of numbers.
    pub fn new(heads: &[&str]) -> Self {
        let head = |name: &&str| match name.strip_prefix('>') {
            Some(name) => (name.to_owned(), Align::Right),
            None => ((*name).to_owned(), Align::Left),
        };
        Self { heads: heads.iter().map(head).collect(), rows: Vec::new(), alike: None }
    }

    /// A row of texts, which may be others': each stays on its line, and nothing in it acts on a terminal.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell.into()).into_owned()).collect());
    }

    /// A row of this program's own texts, which may have lines and styles.
    pub fn own_row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Gives the first column this width and the others the same part of the rest each.
    pub const fn columns_alike(&mut self, first: usize) {
        self.alike = Some(first);
    }

    /// Leaves a line free.
    pub fn gap(&mut self) {
        self.rows.push(vec![" ".to_owned(); self.heads.len()]);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The text, with `none` in its place when there is no row.
    pub fn render_or(&self, out: &Output, none: &str) -> String {
        if self.is_empty() { format!("{}\n", out.dim(none)) } else { self.render(out) }
    }

    /// The text, every line ending in a line feed.
    pub fn render(&self, out: &Output) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic).set_width(out.width);
        if out.colour {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        if self.heads.iter().any(|(name, _)| !name.is_empty()) {
            table.set_header(self.heads.iter().map(|(name, _)| Cell::new(name).add_attribute(Attribute::Bold)));
        }
        for row in &self.rows {
            table.add_row(row);
        }
        let last = self.heads.len().saturating_sub(1);
        for (index, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, if index == last { 0 } else { 2 }));
            if self.heads.get(index).is_some_and(|(_, align)| *align == Align::Right) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        if let Some(first) = self.alike {
            let rest = usize::from(out.width).saturating_sub(first) / last.max(1);
            for (index, column) in table.column_iter_mut().enumerate() {
                let width = if index == 0 { first } else { rest };
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(u16::try_from(width).unwrap_or(u16::MAX))));
            }
        }
        let mut text = String::new();
        for line in table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Output = Output { json: false, colour: false, colour_err: false, width: 80 };

    #[test]
    fn numbers_stand_on_the_right_and_lines_carry_no_trailing_blanks() {
        let mut table = Table::new(&["NAME", ">BYTES", "STATE"]);
        table.row(["a", "1", "ok"]);
        table.row(["longer", "1000", ""]);
        assert_eq!(table.render(&PLAIN), "NAME    BYTES  STATE\na           1  ok\nlonger   1000\n");
    }

    #[test]
    fn what_others_wrote_makes_no_rows_and_no_colours() {
        let mut table = Table::new(&["KEY", "STATE"]);
        table.row(["a\nb  secured\x1b[32m", "lost"]);
        assert_eq!(table.render(&PLAIN), "KEY                      STATE\na\\nb  secured\\u{1b}[32m  lost\n");
    }

    #[test]
    fn a_table_stays_inside_its_width() {
        let mut table = Table::new(&["A", "B"]);
        table.row(["word ".repeat(40), "word ".repeat(40)]);
        assert!(table.render(&PLAIN).lines().all(|line| line.chars().count() <= 80));
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["A"]).render_or(&PLAIN, "no deals yet"), "no deals yet\n");
    }
}
