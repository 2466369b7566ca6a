//! The grammar of a network file, as data: every table, its keys, and what each of them holds.
//!
//! In: nothing. Out: [`GRAMMAR`], the table of the whole file. The reader looks every key up here, so that it can ask for none that
//! the grammar lacks, tells misspelt keys from those that only have no use in this place, and follows a slip of the pen to what was
//! meant. Tools for editors make their schema of it. Absent on purpose: how keys depend on each other, and what values make sense
//! together (the reader's and the second look's business), and a service's own figures (its crate describes those).

mod incentive;
mod supply;
mod utility;

use depin_quantity::nearest_name;
use incentive::{INCENTIVE, TREASURY};
use supply::SUPPLY;
use utility::{AMM_POOL, PRICE, UTILITY};

/// One table of a network file.
#[derive(Debug)]
pub struct Table {
    /// What it says.
    pub description: &'static str,
    /// Its keys, in the order in which they are usually written.
    pub fields: &'static [Field],
}

/// One key of a table.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether the table is wrong without it, whatever else it holds.
    pub required: bool,
    /// What it means.
    pub description: &'static str,
}

/// What a key holds.
#[derive(Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A name.
    Name,
    /// A list of names.
    Names,
    /// A name, or a list of names.
    NameOrNames,
    /// A list of texts.
    Texts,
    /// `treasury.…`, `pool.…` and the like.
    Destination,
    /// A whole number from the first to the second.
    Integer(u64, u64),
    /// True or false.
    Flag,
    /// True, or a pair, or a list of pairs.
    FlagOrNames,
    /// A share in per cent, at most 100 %.
    Share,
    /// A rate in per cent.
    Percent,
    /// A length of time of fixed length.
    Span,
    /// A length of time, perhaps of calendar months.
    Length,
    /// A size in bytes.
    Bytes,
    /// A decimal number, as text.
    Decimal,
    /// An amount of a token.
    Amount,
    /// An amount of a token, or a list of amounts.
    Amounts,
    /// An amount of dollars.
    Usd,
    /// An amount of a token or of dollars.
    AmountOrUsd,
    /// A date.
    Date,
    /// A date, or `"genesis"`.
    DateOrGenesis,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A table.
    Table(&'static Table),
    /// A share, or a table.
    ShareOrTable(&'static Table),
    /// A list of tables.
    List(&'static Table),
    /// A table of tables, by name.
    Named(&'static Table),
    /// Tables that are put over the whole file, which need not be whole.
    Changes,
    /// Tables that the services describe, by the service's name.
    Services,
}

impl Table {
    /// The key of this name.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

impl Kind {
    /// The grammar of the table, or of each of the tables, that is held.
    pub const fn table(&self) -> Option<&'static Table> {
        match self {
            Self::Table(table) | Self::ShareOrTable(table) | Self::List(table) | Self::Named(table) => Some(table),
            _ => None,
        }
    }
}

/// The keys by which any table says where its figures come from.
pub const PROVENANCE: [Field; 3] = [
    optional("source", Kind::Text, "where the figures of this table are published"),
    optional("parameter", Kind::Flag, "`true`: nobody publishes these figures, they are this network's own choice"),
    optional("why", Kind::Text, "why a parameter has this value"),
];

/// Keys and words that earlier versions knew by another name: the earlier name, and the present one.
pub const RENAMED: [(&str, &str); 4] =
    [("spill", "overflow"), ("venue", "amm-pool"), ("earned", "accrued"), ("recycle", "net-emission")];

/// Which of `names` was meant by a key or word that is none of them: its present name, or the nearest one.
pub(super) fn meant<'n>(written: &str, names: impl Iterator<Item = &'n str> + Clone) -> Option<&'n str> {
    let now = RENAMED.iter().find(|(earlier, _)| *earlier == written).map(|(_, now)| *now);
    names.clone().find(|name| Some(*name) == now).or_else(|| nearest_name(written, names))
}

/// How that is told.
pub(super) fn meant_hint(written: &str, meant: &str) -> String {
    if RENAMED.contains(&(written, meant)) {
        format!("`{written}` is called `{meant}` now")
    } else {
        format!("did you mean `{meant}`?")
    }
}

/// Keys of which one table holds one: a change that sets another takes the place of the first.
pub const ALTERNATIVES: [&[&str]; 4] =
    [&["half-life", "table", "decline", "flat", "inflation"], &["share", "scored"], &["source", "parameter"], &["source", "why"]];

const fn required(key: &'static str, kind: Kind, description: &'static str) -> Field {
    Field { key, kind, required: true, description }
}

const fn optional(key: &'static str, kind: Kind, description: &'static str) -> Field {
    Field { key, kind, required: false, description }
}

/// The whole file.
pub static GRAMMAR: Table = Table {
    description: "a network: what it is, its tokens and clocks, who earns, how usage is paid; `source` above the first table stands for all",
    fields: &[
        required("network", Kind::Table(&NETWORK), "what the network is"),
        required("token", Kind::List(&TOKEN), "its tokens"),
        optional("clock", Kind::Named(&CLOCK), "the periods that it counts"),
        optional("supply", Kind::Named(&SUPPLY), "by token: the cap, who has what at the start, what is minted"),
        required("incentive", Kind::Table(&INCENTIVE), "who earns what, and what is taken from whom"),
        optional("treasury", Kind::Named(&TREASURY), "funds of the network"),
        required("utility", Kind::Table(&UTILITY), "how usage is paid"),
        optional("price", Kind::Named(&PRICE), "pairs with price reports, named like FIL-USD"),
        optional("amm-pool", Kind::Named(&AMM_POOL), "where one token is swapped for another, named like AKT-USDC"),
        optional("bind", Kind::Named(&BINDING), "by metric of the service: what it is for; `{}` only counts it"),
        required("service", Kind::Services, "by service: its own figures"),
        optional("overlay", Kind::List(&OVERLAY), "what is put over the file from its beginning on, in order"),
        optional("change", Kind::List(&CHANGE), "dated changes, each of which begins a parameter version"),
    ],
};

static NETWORK: Table = Table {
    description: "what the network is",
    fields: &[
        required("name", Kind::Name, "its name, which is its folder's"),
        required("title", Kind::Text, "its name for people"),
        required("service", Kind::Name, "the service that is metered"),
        required("variant", Kind::Name, "which description the figures follow, such as document, mainnet or own"),
        optional("launch", Kind::Table(&LAUNCH), "when the network that it describes was launched; supply paths begin there"),
    ],
};

static LAUNCH: Table =
    Table { description: "when the network was launched", fields: &[required("at", Kind::Date, "the date, from 1970 to 2200")] };

static TOKEN: Table = Table {
    description: "a token",
    fields: &[
        required("id", Kind::Name, "its name"),
        required("decimals", Kind::Integer(0, 18), "its base unit is 10^-decimals of it"),
        optional("transferable", Kind::Flag, "`false` for credits, which cannot be sent"),
        optional("bridged-by", Kind::Name, "the role that mints it when it is deposited elsewhere, and burns it on withdrawal"),
    ],
};

static CLOCK: Table = Table {
    description: "periods of one length",
    fields: &[
        required("every", Kind::Length, "the length of a period"),
        required("origin", Kind::DateOrGenesis, "when period 0 begins: when the network starts, or at a date"),
    ],
};

static BINDING: Table = Table {
    description: "what a metric is for",
    fields: &[
        optional("pool", Kind::Name, "its quantity is weight in this pool"),
        optional("times", Kind::Decimal, "so many times, above zero"),
        optional("pledge", Kind::Name, "this kind of pledge is counted on it"),
        optional("bond", Kind::Name, "the bond of this kind of stream is counted on it"),
        optional("charge", Kind::Name, "charges of this kind are priced by it"),
        optional("service-fee", Kind::Name, "service fees of this kind are counted on it"),
        optional("boost", Kind::Table(&BOOST), "it is another metric, counted more often where allowances back it"),
    ],
};

static BOOST: Table = Table {
    description: "a boosted metric",
    fields: &[
        required("of", Kind::Name, "the plain metric"),
        required("allowance", Kind::Name, "the kind of allowance that backs it"),
        required("times", Kind::Integer(1, 1_000), "how often a backed quantity counts"),
    ],
};

static OVERLAY: Table = Table {
    description: "what is put over the file from its beginning on",
    fields: &[
        required("name", Kind::Name, "what it is called, such as development"),
        required("set", Kind::Changes, "tables that are put over the file"),
    ],
};

static CHANGE: Table = Table {
    description: "a dated change of the file",
    fields: &[
        optional("at", Kind::Date, "the date on which it begins"),
        optional("after", Kind::Span, "or how long after the network's start"),
        optional("remove", Kind::Texts, "dotted paths of tables that go away"),
        optional("set", Kind::Changes, "tables that are put over the file from then on"),
    ],
};
