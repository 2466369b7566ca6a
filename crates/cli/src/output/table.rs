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
        let least = if self.alike.is_none() { self.least(out.width) } else { Vec::new() };
        // Rather a line that is too long than a number in two pieces.
        let width = out.width.max(least.iter().fold(0_u16, |sum, width| sum.saturating_add(*width)));
        table.load_style(TableStyle::new()).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
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
            if let Some(least) = least.get(index) {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(*least)));
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

/// So much of a word a column of words keeps at least where others need the room.
const WORD: usize = 8;

impl Table {
    /// How wide each column must be, its gap included, so that no number is broken where the table does not fit; nothing where it fits.
    fn least(&self, width: u16) -> Vec<u16> {
        let last = self.heads.len().saturating_sub(1);
        let cells = |index: usize| self.rows.iter().filter_map(move |row| row.get(index)).flat_map(|cell| cell.lines());
        let each = |of_head: fn(&str) -> usize, of: &dyn Fn(&str, Align) -> usize| -> Vec<usize> {
            let column = |(index, (head, align)): (usize, &(String, Align))| {
                let widest = cells(index).map(|text| of(text, *align)).max().unwrap_or(0);
                widest.max(of_head(head)) + if index == last { 0 } else { 2 }
            };
            self.heads.iter().enumerate().map(column).collect()
        };
        let fits = |widths: &[usize]| widths.iter().sum::<usize>() <= usize::from(width);
        if fits(&each(wide, &|text, _| wide(text))) {
            return Vec::new();
        }
        let whole = each(longest_word, &|text, align| kept(text, Some(align)));
        let least = if fits(&whole) { whole } else { each(longest_word, &|text, _| kept(text, None)) };
        least.into_iter().map(|width| u16::try_from(width).unwrap_or(u16::MAX)).collect()
    }
}

/// Columns that a text takes, without what colours it.
fn wide(text: &str) -> usize {
    seen(text).chars().count()
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(wide).max().unwrap_or(0)
}

/// A text without what colours it.
fn seen(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |seen, part| seen + part.split_once('m').map_or(part, |(_, rest)| rest))
}

/// How much of a text stays on one line: its longest number, and of words a few columns. With `whole`, a date stays with its time too, and
/// in a column of numbers an amount with its unit.
fn kept(text: &str, whole: Option<Align>) -> usize {
    let text = seen(text);
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let is_number = |text: &str| has_digit(text) && !text.contains(char::is_alphabetic);
    let together = whole.is_some_and(|align| is_number(&text) || align == Align::Right && has_digit(&text));
    if together && text.split_whitespace().count() <= 2 {
        return wide(&text);
    }
    let words = text.split_whitespace().map(|word| if is_number(word) { wide(word) } else { wide(word).min(WORD) });
    words.max().unwrap_or(0)
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
    fn numbers_are_never_broken_and_words_give_way() {
        let number = "600000000.00000002";
        let mut table = Table::new(&["WHEN", "WHAT", ">MINTED", ">HELD"]);
        table.row(["2020-10-15 14:44:00", "words that give way to numbers", number, number]);
        let text = table.render(&PLAIN);
        assert_eq!((text.matches(number).count(), text.matches("2020-10-15 14:44:00").count()), (2, 1), "{text}");
        let mut table = Table::new(&["TOKEN", ">MINTED", ">BURNED", ">HELD"]);
        table.row(["FIL", "600000000.000000022007925847", "0.0006449570168944", "600000000.000000022007925847"]);
        let text = table.render(&PLAIN);
        assert_eq!(text.lines().count(), 2, "rather a long line than a number in two pieces: {text}");
    }

    #[test]
    fn amounts_stay_with_their_units_where_there_is_room() {
        let mut table = Table::new(&["WHY", ">PAID"]);
        table.row(["word ".repeat(30), "999,999.999659 FIL".to_owned()]);
        let text = table.render(&PLAIN);
        assert!(text.contains("999,999.999659 FIL") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(seen("\u{1b}[1m12 FIL\u{1b}[0m"), "12 FIL");
    }

    #[test]
    fn an_empty_table_says_so() {
        assert_eq!(Table::new(&["A"]).render_or(&PLAIN, "no deals yet"), "no deals yet\n");
    }
}
