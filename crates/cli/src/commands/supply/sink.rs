//! Where rows go: a table per token, one CSV line per step and token, or one JSON document. CSV and JSON leave as they come.

use super::{Report, dating::Dating};
use crate::{
    args::FormatArg,
    error::Result,
    output::{Output, Table, short_number, write_out},
};
use depin_economy::{Every, ProjectionRow, SupplyProjection};
use depin_quantity::{Decimal18, Name, Units};
use serde::Serialize;
use std::collections::BTreeMap;

/// Bytes that are gathered before they are written.
const CHUNK: usize = 1 << 16;

/// A destination of rows.
pub enum Sink {
    Table(Tables),
    Csv(Csv),
    Json(Json),
}

impl Sink {
    pub fn new(format: FormatArg, out: &Output, report: &Report, path: &SupplyProjection<'_>) -> Self {
        match format {
            _ if out.json => Self::Json(Json::new(report)),
            FormatArg::Json => Self::Json(Json::new(report)),
            FormatArg::Csv => Self::Csv(Csv::new(report, path)),
            FormatArg::Table => Self::Table(Tables::new(*out, report, path)),
        }
    }

    pub const fn is_table(&self) -> bool {
        matches!(self, Self::Table(_))
    }

    pub fn row(&mut self, row: &ProjectionRow) -> Result<()> {
        match self {
            Self::Table(tables) => {
                tables.row(row);
                Ok(())
            }
            Self::Csv(csv) => csv.row(row),
            Self::Json(json) => json.row(row),
        }
    }

    pub fn end(self, out: &Output) -> Result<()> {
        match self {
            Self::Table(tables) => {
                let (text, crowded) = tables.render();
                if !crowded.is_empty() {
                    let tokens: Vec<&str> = crowded.iter().map(Name::as_str).collect();
                    out.note(format_args!("the pools of {} do not fit; --format csv and json tell each", tokens.join(", ")));
                }
                write_out(text.as_bytes())
            }
            Self::Csv(csv) => write_out(csv.text.as_bytes()),
            Self::Json(json) => json.end(),
        }
    }
}

/// Names of pools and allocations of each token over all parameter versions, in the order in which columns stand.
struct Columns {
    pools: Vec<Name>,
    allocations: Vec<Name>,
    decimals: u8,
}

fn columns(report: &Report, path: &SupplyProjection<'_>) -> BTreeMap<Name, Columns> {
    let of = |token: Name| {
        let decimals = report.economy.spec().token(token).map_or(0, |t| t.decimals);
        (token, Columns { pools: path.pools(token), allocations: path.allocations(token), decimals })
    };
    report.tokens.iter().copied().map(of).collect()
}

fn amount_of(list: &[(Name, Units)], name: Name) -> Option<Units> {
    list.iter().find(|(other, _)| *other == name).map(|(_, amount)| *amount)
}

/// One table per token.
pub struct Tables {
    out: Output,
    head: String,
    every: Every,
    dating: Dating,
    tables: Vec<TokenTable>,
}

/// One token's rows: the period, a column for each pool, then what every token has.
struct TokenTable {
    token: Name,
    columns: Columns,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Tables {
    fn new(out: Output, report: &Report, path: &SupplyProjection<'_>) -> Self {
        let info = report.economy.spec().network();
        let steps = if report.exact { ", period by period" } else { "" };
        let head = format!(
            "{} ({}), variant {}, {} to {}{steps}; whole tokens\n",
            info.title,
            info.name,
            info.variant,
            report.date(report.from),
            report.date(report.until)
        );
        let table = |(token, columns): (Name, Columns)| {
            let mut heads = vec!["PERIOD".to_owned()];
            heads.extend(columns.pools.iter().map(|pool| format!(">{pool}")));
            heads.extend([">MINTED", ">BURNED", ">VESTED", ">CIRCULATING", ">SUPPLY", ">OF CAP"].map(str::to_owned));
            TokenTable { token, columns, heads, rows: Vec::new() }
        };
        Self {
            out,
            head,
            every: report.every,
            dating: report.dating,
            tables: columns(report, path).into_iter().map(table).collect(),
        }
    }

    fn row(&mut self, row: &ProjectionRow) {
        for TokenTable { token, columns, rows, .. } in &mut self.tables {
            let Some(found) = row.tokens.iter().find(|t| t.token == *token) else { continue };
            let shown = |amount: Units| number(amount, columns.decimals);
            let mut cells = vec![self.dating.step(self.every, row.from)];
            cells.extend(columns.pools.iter().map(|pool| amount_of(&found.minted, *pool).map_or(String::new(), shown)));
            let vested = sum(&found.vested);
            cells.extend([found.minted_in_step, found.burned, vested, found.circulating, found.supply].map(shown));
            cells.push(percent(found.of_cap));
            rows.push(cells);
        }
    }

    /// The text, and the tokens whose pools did not fit.
    fn render(&self) -> (String, Vec<Name>) {
        let (mut text, mut crowded) = (self.head.clone(), Vec::new());
        for table in &self.tables {
            let pools = table.columns.pools.len();
            // One pool is all that is minted; it needs no column of its own.
            let shown = pools > 1 && table.width() <= usize::from(self.out.width);
            if pools > 1 && !shown {
                crowded.push(table.token);
            }
            let keep = |index: usize| shown || index == 0 || index > pools;
            let kept = |cells: &[String]| -> Vec<String> {
                cells.iter().enumerate().filter(|(index, _)| keep(*index)).map(|(_, cell)| cell.clone()).collect()
            };
            let heads = kept(&table.heads);
            let mut drawn = Table::new(&heads.iter().map(String::as_str).collect::<Vec<_>>());
            table.rows.iter().for_each(|row| drawn.row(kept(row)));
            if self.tables.len() > 1 {
                text += &format!("\n{}\n", self.out.bold(table.token.as_str()));
            } else {
                text += "\n";
            }
            text += &drawn.render_or(&self.out, "no step ends in this time");
        }
        (text, crowded)
    }
}

impl TokenTable {
    /// Columns of the terminal that it needs with all its pools.
    fn width(&self) -> usize {
        let widest = |index: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
            cells.chain(self.heads.get(index).map(|head| head.trim_start_matches('>').chars().count())).max().unwrap_or(0)
        };
        (0..self.heads.len()).map(|index| widest(index) + 2).sum::<usize>().saturating_sub(2)
    }
}

/// A ratio in per cent with two places, cut.
fn percent(ratio: Decimal18) -> String {
    let hundredths = ratio.get() / 100_000_000_000_000;
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn sum(list: &[(Name, Units)]) -> Units {
    list.iter().fold(Units::ZERO, |sum, (_, amount)| sum.plus(*amount).unwrap_or(sum))
}

/// Whole tokens; small amounts keep places.
fn number(amount: Units, decimals: u8) -> String {
    let text = amount.to_decimal(decimals);
    let whole = text.split_once('.').map_or(text.len(), |(whole, _)| whole.len());
    short_number(&text, if whole > 4 { 0 } else { 3 })
}

/// One line per step and token; a column per pool and allocation of any token.
pub struct Csv {
    text: String,
    dating: Dating,
    columns: BTreeMap<Name, Columns>,
    pools: Vec<Name>,
    allocations: Vec<Name>,
}

impl Csv {
    fn new(report: &Report, path: &SupplyProjection<'_>) -> Self {
        let columns = columns(report, path);
        let union = |pick: fn(&Columns) -> &Vec<Name>| {
            let mut all: Vec<Name> = Vec::new();
            for name in columns.values().flat_map(|c| pick(c).iter()) {
                if !all.contains(name) {
                    all.push(*name);
                }
            }
            all
        };
        let (pools, allocations) = (union(|c| &c.pools), union(|c| &c.allocations));
        let mut text = String::from("from,until,token,minted,burned,vested,locked,circulating,supply,cap,of_cap");
        pools.iter().for_each(|pool| text += &format!(",minted.{pool}"));
        allocations.iter().for_each(|part| text += &format!(",vested.{part}"));
        text.push('\n');
        Self { text, dating: report.dating, columns, pools, allocations }
    }

    fn row(&mut self, row: &ProjectionRow) -> Result<()> {
        for token in &row.tokens {
            let decimals = self.columns.get(&token.token).map_or(0, |c| c.decimals);
            let plain = |amount: Units| amount.to_decimal(decimals);
            let cell = |amount: Option<Units>| amount.map_or(String::new(), plain);
            self.text += &format!("{},{},{}", self.dating.machine(row.from), self.dating.machine(row.until), token.token);
            let figures = [token.minted_in_step, token.burned, sum(&token.vested), token.locked, token.circulating, token.supply];
            for amount in figures {
                self.text.push(',');
                self.text += &plain(amount);
            }
            self.text += &format!(",{},{}", plain(token.cap.amount), token.of_cap.to_decimal());
            for (names, amounts) in [(&self.pools, &token.minted), (&self.allocations, &token.vested)] {
                for name in names {
                    self.text.push(',');
                    self.text += &cell(amount_of(amounts, *name));
                }
            }
            self.text.push('\n');
        }
        if self.text.len() >= CHUNK {
            write_out(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }
}

/// One document: what was asked, then the rows.
pub struct Json {
    text: String,
    dating: Dating,
    rows: u64,
}

#[derive(Serialize)]
struct Step<'a> {
    from: String,
    until: String,
    tokens: BTreeMap<Name, Figures<'a>>,
}

/// Amounts in base units, as strings of digits.
#[derive(Serialize)]
struct Figures<'a> {
    minted: Units,
    minted_by_pool: Pairs<'a>,
    burned: Units,
    vested: Pairs<'a>,
    locked: Units,
    circulating: Units,
    supply: Units,
    of_cap: String,
}

/// A list of pairs as a map.
struct Pairs<'a>(&'a [(Name, Units)]);

impl Serialize for Pairs<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, amount)| (name, amount)))
    }
}

impl Json {
    fn new(report: &Report) -> Self {
        #[derive(Serialize)]
        struct Head {
            network: Name,
            title: String,
            variant: Name,
            /// Null where the file says none: then times are counted from the start.
            launch: Option<String>,
            from: String,
            until: String,
            exact: bool,
            decimals: BTreeMap<Name, u8>,
            cap: BTreeMap<Name, Units>,
        }
        let spec = report.economy.spec();
        let info = spec.network();
        let supplies = report.tokens.iter().filter_map(|token| spec.supply(*token));
        let head = Head {
            network: info.name,
            title: info.title.clone(),
            variant: info.variant,
            launch: (report.dating == Dating::Calendar).then(|| report.launch.to_rfc3339()),
            from: report.dating.machine(report.from),
            until: report.dating.machine(report.until),
            exact: report.exact,
            decimals: report.tokens.iter().map(|t| (*t, spec.token(*t).map_or(0, |t| t.decimals))).collect(),
            cap: supplies.map(|supply| (supply.token, supply.cap.amount)).collect(),
        };
        let mut text = serde_json::to_string(&head).expect("names and numbers are JSON");
        text.pop();
        text += ",\"rows\":[";
        Self { text, dating: report.dating, rows: 0 }
    }

    fn row(&mut self, row: &ProjectionRow) -> Result<()> {
        let tokens = row.tokens.iter().map(|token| {
            let figures = Figures {
                minted: token.minted_in_step,
                minted_by_pool: Pairs(&token.minted),
                burned: token.burned,
                vested: Pairs(&token.vested),
                locked: token.locked,
                circulating: token.circulating,
                supply: token.supply,
                of_cap: token.of_cap.to_decimal(),
            };
            (token.token, figures)
        });
        let step = Step { from: self.dating.machine(row.from), until: self.dating.machine(row.until), tokens: tokens.collect() };
        self.text += if self.rows == 0 { "\n" } else { ",\n" };
        self.text += &serde_json::to_string(&step).expect("names and numbers are JSON");
        self.rows += 1;
        if self.text.len() >= CHUNK {
            write_out(self.text.as_bytes())?;
            self.text.clear();
        }
        Ok(())
    }

    fn end(mut self) -> Result<()> {
        self.text += "\n]}\n";
        write_out(self.text.as_bytes())
    }
}
