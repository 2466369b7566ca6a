//! Series from files: bonded ratios and usage by date.
//!
//! A file is CSV as spreadsheets write it: a line of column names first, cells quoted or not, lines that end either way, with or
//! without a byte order mark. Empty lines and lines that begin with `#` are skipped. Every complaint names the file, the line, what was
//! found and what is wanted.

use crate::{
    args::DateArg,
    error::{CliError, Result},
};
use depin_economy::{Ratios, Spec, UsageBurn};
use depin_quantity::{Decimal18, Instant, Name, Share, Units};
use std::{io, path::Path};

/// A line of figures, with where it stands.
struct Line<'a> {
    file: &'a Path,
    number: usize,
    heads: &'a [String],
    cells: &'a [String],
}

impl<'a> Line<'a> {
    /// The cell of a column; `None` when the file has no such column or the cell is empty.
    fn cell(&self, column: &str) -> Option<&'a str> {
        let index = self.heads.iter().position(|head| head == column)?;
        self.cells.get(index).map(String::as_str).filter(|cell| !cell.is_empty())
    }

    fn wanted(&self, column: &str) -> Result<&'a str> {
        self.cell(column).ok_or_else(|| self.wrong(format_args!("`{column}` is empty")))
    }

    fn wrong(&self, what: impl std::fmt::Display) -> CliError {
        wrong(self.file, self.number, what)
    }

    fn date(&self, column: &str) -> Result<Instant> {
        let text = self.wanted(column)?;
        text.parse::<DateArg>().map(|date| date.0).map_err(|error| self.wrong(format_args!("`{column}`: {error}")))
    }

    fn decimal(&self, column: &str) -> Result<Decimal18> {
        decimal(self.wanted(column)?).map_err(|error| self.wrong(format_args!("`{column}`: {error}")))
    }
}

fn wrong(file: &Path, line: usize, what: impl std::fmt::Display) -> CliError {
    CliError::refused("input-file", format_args!("{}, line {line}: {what}", file.display()))
        .hint("see `depin supply --help` for the columns")
}

/// Reads the file and gives every line of figures to `each`. `columns` are all that are known; the first must be there.
fn read(file: &Path, columns: &[&str], mut each: impl FnMut(Line<'_>) -> Result<()>) -> Result<()> {
    let text = depin_files::read_text(file).map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::InvalidData => "save it as CSV in UTF-8",
            _ => "name a CSV file that is there",
        };
        CliError::refused("input-file", format_args!("cannot read {}: {error}", file.display())).hint(hint)
    })?;
    let mut lines = lines(&text);
    let Some(first) = lines.next() else {
        return Err(wrong(file, 1, format_args!("the file is empty; its first line names the columns, {}", columns.join(","))));
    };
    let (first, heads) = first.map_err(|(line, why)| wrong(file, line, why))?;
    if let Some(unknown) = heads.iter().find(|head| !columns.contains(&head.as_str())) {
        return Err(wrong(file, first, format_args!("there is no column `{unknown}`; the columns are {}", columns.join(", "))));
    }
    if !heads.iter().any(|head| head == columns[0]) {
        return Err(wrong(file, first, format_args!("the column `{}` is missing", columns[0])));
    }
    let mut any = false;
    for line in lines {
        let (number, cells) = line.map_err(|(line, why)| wrong(file, line, why))?;
        if cells.len() != heads.len() {
            return Err(wrong(file, number, format_args!("{} cells under {} columns", cells.len(), heads.len())));
        }
        any = true;
        each(Line { file, number, heads: &heads, cells: &cells })?;
    }
    if any { Ok(()) } else { Err(wrong(file, first, "there is no line of figures below the columns")) }
}

/// The lines that are neither empty nor a comment: each with its number and its cells, or why it cannot be read.
fn lines(text: &str) -> impl Iterator<Item = std::result::Result<(usize, Vec<String>), (usize, String)>> {
    // One way to end a line, and the last one ends too: so the place behind a line says where it began.
    let text = format!("{}\n", text.replace("\r\n", "\n").replace('\r', "\n"));
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).comment(Some(b'#')).from_reader(io::Cursor::new(text));
    let mut record = csv::StringRecord::new();
    std::iter::from_fn(move || {
        loop {
            let read = reader.read_record(&mut record);
            let behind = usize::try_from(reader.position().line()).unwrap_or(usize::MAX);
            match read {
                Err(error) => return Some(Err((behind.saturating_sub(1).max(1), error.to_string()))),
                Ok(false) => return None,
                Ok(true) => {}
            }
            let inside = record.iter().map(|cell| cell.matches('\n').count()).sum::<usize>();
            let number = behind.saturating_sub(inside + 1);
            let cells: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
            if !matches!(cells.as_slice(), [only] if only.is_empty()) && !cells[0].starts_with('#') {
                return Some(Ok((number, cells)));
            }
        }
    })
}

/// A decimal number as measurement files have it: more places than 18 are cut, `1e-3` is understood.
fn decimal(text: &str) -> std::result::Result<Decimal18, String> {
    let error = || format!("{text:?} is not a decimal number of at least 0, such as 1234.5");
    let (digits, power) = match text.split_once(['e', 'E']) {
        Some((digits, power)) => (digits, power.parse::<i32>().map_err(|_| error())?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || !whole.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit()) {
        return Err(error());
    }
    let point = i32::try_from(whole.len()).map_err(|_| error())?.checked_add(power).filter(|p| p.abs() < 64).ok_or_else(error)?;
    let all: String = "0".repeat(usize::try_from(-point).unwrap_or(0)) + whole + fraction;
    let point = usize::try_from(point).unwrap_or(0);
    let padded = format!("{all:0<point$}");
    let (whole, fraction) = padded.split_at(point);
    let whole = if whole.is_empty() { "0" } else { whole };
    Decimal18::parse(&format!("{whole}.{}", &fraction[..fraction.len().min(18)])).map_err(|_| error())
}

/// A ratio: `0.45` or `45%`.
fn ratio(text: &str) -> std::result::Result<Decimal18, String> {
    let ratio = match text.strip_suffix('%') {
        Some(_) => text.parse::<Share>().map(|share| Decimal18::new(u128::from(share.get()) * 1_000_000_000)).ok(),
        None => decimal(text).ok(),
    };
    ratio
        .filter(|ratio| *ratio <= Decimal18::ONE)
        .ok_or_else(|| format!("{text:?} is no ratio between 0 and 1; write 0.45 or 45%"))
}

/// Whether what `--bonded` says is no number.
pub fn is_file(text: &str) -> bool {
    !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'%' | b'-' | b'e' | b'E'))
}

/// What `--bonded` says: a number, or a file of numbers by date.
pub fn bonded(text: &str) -> Result<Ratios> {
    if !is_file(text) {
        return ratio(text).map(Ratios::constant).map_err(|error| CliError::refused("bonded", error));
    }
    let file = Path::new(text);
    let mut rows = Vec::new();
    read(file, &["date", "bonded"], |line| {
        let at = line.date("date")?;
        if rows.last().is_some_and(|(before, _)| *before >= at) {
            return Err(line.wrong(format_args!("{} does not follow the date above it", line.wanted("date")?)));
        }
        rows.push((at, ratio(line.wanted("bonded")?).map_err(|error| line.wrong(error))?));
        Ok(())
    })?;
    Ratios::by_date(rows).map_err(|error| CliError::refused("bonded", error))
}

/// What `--usage` says.
pub fn usage(file: &Path, spec: &Spec) -> Result<Vec<UsageBurn>> {
    let mut rows: Vec<(usize, UsageBurn)> = Vec::new();
    read(file, &["date", "until", "token", "burned", "usd", "price"], |line| {
        let token = token(&line, spec)?;
        let (from, until) = (line.date("date")?, line.cell("until").map(|_| line.date("until")).transpose()?);
        let row = UsageBurn { token, from, until: until.unwrap_or(OPEN), burned: burned(&line, token, spec)? };
        if let Some((_, before)) = rows.iter_mut().rev().find(|(_, before)| before.token == token) {
            if before.until == OPEN {
                before.until = row.from;
            }
            if before.from >= row.from || before.until > row.from {
                return Err(line.wrong(format_args!("{} does not follow the row of {token} above it", line.wanted("date")?)));
            }
        }
        if row.until <= row.from {
            return Err(line.wrong("`until` must be later than `date`"));
        }
        rows.push((line.number, row));
        Ok(())
    })?;
    (0..rows.len()).map(|index| closed(file, &rows, index)).collect()
}

/// The end of a row that nothing follows, until it is known.
const OPEN: Instant = Instant::new(u64::MAX);

/// A row with its end: the last of a token lasts as long as the one before it.
fn closed(file: &Path, rows: &[(usize, UsageBurn)], index: usize) -> Result<UsageBurn> {
    let (line, row) = rows[index];
    if row.until != OPEN {
        return Ok(row);
    }
    let Some((_, before)) = rows[..index].iter().rev().find(|(_, before)| before.token == row.token) else {
        return Err(wrong(file, line, format_args!("the only row of {} needs a column `until`", row.token)));
    };
    Ok(UsageBurn { until: row.from.later(before.until.since(before.from)), ..row })
}

fn token(line: &Line<'_>, spec: &Spec) -> Result<Name> {
    let with_supply: Vec<Name> = spec.supplies().keys().copied().collect();
    let known = || with_supply.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    match (line.cell("token"), with_supply.as_slice()) {
        (None, [only]) => Ok(*only),
        (None, _) => Err(line.wrong(format_args!("the network has several tokens ({}); add a column `token`", known()))),
        (Some(text), _) => text
            .parse()
            .ok()
            .filter(|name| with_supply.contains(name))
            .ok_or_else(|| line.wrong(format_args!("`{text}` is no token with a supply here; there is {}", known()))),
    }
}

fn burned(line: &Line<'_>, token: Name, spec: &Spec) -> Result<Units> {
    let decimals = spec.token(token).map_or(18, |t| t.decimals);
    match (line.cell("burned"), line.cell("usd")) {
        (Some(_), None) => {
            let tokens = line.decimal("burned")?;
            let grain = 10u128.pow(18 - u32::from(decimals.min(18)));
            // A measured series has more places than the token: what no base unit can express is cut.
            Ok(Units::new(tokens.get() / grain))
        }
        (None, Some(_)) => {
            let (usd, price) = (line.decimal("usd")?, line.decimal("price")?);
            if price.is_zero() {
                return Err(line.wrong("`price` must be above 0"));
            }
            UsageBurn::units_of_usd(usd, price, decimals).map_err(|error| line.wrong(error))
        }
        _ => Err(line.wrong("write either `burned`, or `usd` with `price`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn spec() -> Spec {
        Spec::parse(include_str!("../../../../../networks/filecoin/network.toml")).unwrap()
    }

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("series.csv");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn usage_of(text: &str) -> std::result::Result<Vec<(String, String, u128)>, String> {
        let (_folder, path) = file(text);
        match usage(&path, &spec()) {
            Ok(rows) => Ok(rows.iter().map(|r| (r.from.to_rfc3339(), r.until.to_rfc3339(), r.burned.get())).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn rows_end_where_the_next_begins_and_the_last_lasts_as_long() {
        let fil = 1_000_000_000_000_000_000;
        let rows = usage_of("# measured\ndate,burned\n2024-01-01,10\n\n2024-01-08,0.5\n").unwrap();
        assert_eq!(rows[0], ("2024-01-01T00:00:00Z".into(), "2024-01-08T00:00:00Z".into(), 10 * fil));
        assert_eq!(rows[1], ("2024-01-08T00:00:00Z".into(), "2024-01-15T00:00:00Z".into(), fil / 2));
        let rows = usage_of("date,until,usd,price\n2024-01-01,2024-02-01,30,4.0\n").unwrap();
        assert_eq!(rows, [("2024-01-01T00:00:00Z".into(), "2024-02-01T00:00:00Z".into(), 75 * fil / 10)]);
    }

    /// As spreadsheets save them: quoted, with a byte order mark, with either end of a line.
    #[test]
    fn a_file_is_read_however_a_spreadsheet_writes_it() {
        let plain = usage_of("date,until,burned\n2024-01-01,2024-02-01,1234.5\n2024-02-01,2024-03-01,7\n").unwrap();
        for text in [
            "\u{feff}date,until,burned\r\n2024-01-01,2024-02-01,1234.5\r\n2024-02-01,2024-03-01,7\r\n",
            "\"date\",\"until\",\"burned\"\r\n\"2024-01-01\",\"2024-02-01\",\"1234.5\"\r\n\"2024-02-01\",\"2024-03-01\",\"7\"",
            "date , until,burned\r2024-01-01,2024-02-01 , 1234.5\r2024-02-01,2024-03-01,7\r",
            "# a, \"b\n\n  # c\ndate,until,burned\n \n2024-01-01,2024-02-01,1234.5\n\n2024-02-01,2024-03-01,7",
        ] {
            assert_eq!(usage_of(text).unwrap(), plain, "{text:?}");
        }
        let error = usage_of("\u{feff}# one\r\n\r\ndate,burned\r\n\r\n2024-01-01,\"1,000\"\r\n").unwrap_err();
        assert!(error.contains("line 5: `burned`: \"1,000\""), "{error}");
        let error = usage_of("date,burned\n2024-01-01,\"1\n\n\"\n2024-01-02\n").unwrap_err();
        assert!(error.contains("line 5: 1 cells under 2 columns"), "{error}");
        let (_folder, path) = file("");
        fs::write(&path, [0xff, 0xfe, b'd', 0]).unwrap();
        let error = usage(&path, &spec()).unwrap_err();
        assert!(error.message.contains("series.csv") && error.hint.contains("UTF-8"), "{error:?}");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told_with_its_line() {
        for (text, words) in [
            ("", "line 1: the file is empty"),
            ("day,burned\n2024-01-01,1\n", "line 1: there is no column `day`"),
            ("burned\n1\n", "line 1: the column `date` is missing"),
            ("date,burned\n", "line 1: there is no line of figures"),
            ("date,burned\n2024-01-01\n", "line 2: 1 cells under 2 columns"),
            ("date,burned\n2024-02-31,1\n", "line 2: `date`: \"2024-02-31\" is no date"),
            ("date,burned\n2024-01-01,much\n", "line 2: `burned`: \"much\" is not a decimal number"),
            ("date,burned\n2024-01-01,-5\n", "line 2: `burned`: \"-5\""),
            ("date,burned\n2024-01-01,1\n2024-01-01,1\n", "line 3: 2024-01-01 does not follow"),
            ("date,burned\n2024-01-01,1\n", "line 2: the only row of FIL needs a column `until`"),
            ("date,usd,price\n2024-01-01,1,0\n2024-01-02,1,1\n", "line 2: `price` must be above 0"),
            ("date,burned,usd,price\n2024-01-01,1,1,1\n", "line 2: write either `burned`"),
            ("date,until,burned\n2024-01-02,2024-01-01,1\n", "line 2: `until` must be later"),
            ("date,token,burned\n2024-01-01,BTC,1\n", "line 2: `BTC` is no token with a supply here; there is FIL"),
        ] {
            let error = usage_of(text).unwrap_err();
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn measured_numbers_are_read_as_files_write_them() {
        let read = |text: &str| decimal(text).map(|d| d.to_decimal());
        assert_eq!(read("9396.265688250001").unwrap(), "9396.265688250001");
        assert_eq!(read("0.12345678901234567899").unwrap(), "0.123456789012345678");
        assert_eq!(read("1e-3").unwrap(), "0.001");
        assert_eq!(read("2.5E3").unwrap(), "2500");
        assert_eq!(read("7").unwrap(), "7");
        for bad in ["", ".", "-1", "1.2.3", "1e", "e3", "nan", "1,000", "1e999"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_ratio_is_a_number_a_share_or_a_file() {
        let at = |text: &str| bonded(text).map(|ratios| ratios.at(Instant::new(0)).0.to_decimal()).map_err(|e| e.to_string());
        assert_eq!(at("0.45").unwrap(), "0.45");
        assert_eq!(at("45%").unwrap(), "0.45");
        assert!(at("1.5").unwrap_err().contains("between 0 and 1"));
        assert!(at("-0.5").unwrap_err().contains("between 0 and 1"));
        assert!(at("no-such-file.csv").unwrap_err().contains("cannot read no-such-file.csv"));
        let (_folder, path) = file("date,bonded\n2024-01-01,0.5\n2025-01-01,60%\n");
        let ratios = bonded(path.to_str().unwrap()).unwrap();
        assert_eq!(ratios.at(Instant::new(1_750_000_000_000)).0.to_decimal(), "0.6");
        let (_folder, path) = file("date,bonded\n2024-01-01,0.5\n2023-01-01,0.6\n");
        assert!(at(path.to_str().unwrap()).unwrap_err().contains("line 3"));
    }
}
