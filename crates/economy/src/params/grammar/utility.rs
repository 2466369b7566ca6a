//! `[utility]`, `[price.<pair>]`, `[amm-pool.<pair>]`.

use super::{Kind, Table, optional, required};

pub(super) static UTILITY: Table = Table {
    description: "how usage is paid",
    fields: &[
        optional("stream", Kind::Named(&STREAM), "payments that run over time, by kind"),
        optional("charge", Kind::Named(&CHARGE), "payments at once, or held and captured, by kind"),
        optional("credit", Kind::Named(&CREDIT), "by token: credits that are minted only by burning"),
        optional("service-fee", Kind::Named(&SERVICE_FEE), "fees of the service, by kind"),
        required("fee", Kind::Table(&FEE), "transaction fees"),
    ],
};

static STREAM: Table = Table {
    description: "a payment that runs over time",
    fields: &[
        optional("token", Kind::Name, "the token that it is paid in, or"),
        optional("currencies", Kind::Names, "the tokens that it may be paid in"),
        required("clock", Kind::Name, "the clock whose periods are paid"),
        optional("method", Kind::Choice(&["reserved", "weighted", "ordered"]), "how its money runs out; reserved without it"),
        optional("rate", Kind::Table(&RATE), "the highest rate per period"),
        optional("deposit", Kind::Table(&DEPOSIT), "the least first deposit"),
        optional("term", Kind::Table(&TERM), "the longest term; reserved streams need it"),
        optional("bond", Kind::Table(&BOND), "what the payee puts up"),
        optional("warn", Kind::Table(&WARN), "when its payer is told that its money ends"),
        optional("close", Kind::Named(&CLOSE), "reasons to end early"),
        optional("pays", Kind::List(&PART), "who gets which part; all of it the payee without it"),
        optional("pays-other", Kind::List(&PART), "the same in all currencies but the first"),
    ],
};

static RATE: Table = Table {
    description: "the highest rate per period",
    fields: &[required("most", Kind::Amounts, "most per period, of each currency that has a bound")],
};

static DEPOSIT: Table = Table {
    description: "the least first deposit",
    fields: &[required("least", Kind::Amounts, "least first deposit, of each currency that has a bound")],
};

static TERM: Table = Table { description: "the longest term", fields: &[required("most", Kind::Length, "the longest term")] };

static BOND: Table = Table {
    description: "what the payee puts up",
    fields: &[
        optional("per-gib", Kind::Amount, "for each GiB of the metric that is bound to it, or"),
        optional("per-unit", Kind::Amount, "for each unit of it, or"),
        optional("amount", Kind::Amount, "whatever the size is"),
    ],
};

static WARN: Table = Table {
    description: "when its payer is told that its money ends",
    fields: &[required("before", Kind::Span, "so long before")],
};

static CLOSE: Table = Table {
    description: "a reason to end early",
    fields: &[optional("bond", Kind::Choice(&["return", "burn"]), "what becomes of the bond; it returns without it")],
};

static PART: Table = Table {
    description: "one part of a payment; the first takes what rounding leaves",
    fields: &[
        required("to", Kind::Destination, "payee, burn, treasury.NAME or pool.NAME"),
        required("share", Kind::Share, "how much of the whole"),
        optional("convert", Kind::Name, "the AMM pool at which it is swapped first"),
    ],
};

static CHARGE: Table = Table {
    description: "a payment at once, or held and captured in parts",
    fields: &[
        optional("token", Kind::Name, "the token that it is paid in, or"),
        optional("currencies", Kind::Names, "the tokens that it may be paid in"),
        optional("in-usd", Kind::FlagOrNames, "amounts are agreed in dollars, by these pairs"),
        optional("priced", Kind::Table(&PRICED), "the network prices a metric"),
        optional("hold-most", Kind::Span, "the longest hold; it cannot be held without it"),
        optional("counts", Kind::Table(&COUNTS), "scope and gauge that what it burns is added to"),
        optional("pays", Kind::List(&PART), "who gets which part; all of it the payee without it"),
        optional("pays-other", Kind::List(&PART), "the same in all currencies but the first"),
    ],
};

static PRICED: Table = Table {
    description: "a price per started unit of a metric",
    fields: &[
        optional("amount", Kind::Amount, "of the only currency, above zero, or"),
        optional("usd", Kind::Usd, "in dollars"),
        required("per", Kind::Integer(1, u64::MAX), "how much of the metric one unit is"),
        optional("least", Kind::Integer(0, u64::MAX), "least number of units that are charged"),
        optional("price", Kind::NameOrNames, "with usd: the pairs that say what a currency is worth"),
    ],
};

static COUNTS: Table = Table {
    description: "what burnt tokens are added to",
    fields: &[
        required("scope", Kind::Name, "a scope of the service"),
        required("gauge", Kind::Name, "the gauge of it that a score goes by"),
    ],
};

static CREDIT: Table = Table {
    description: "a credit: minted only by burning, never sent",
    fields: &[
        required("from", Kind::Name, "what is burnt"),
        required("usd", Kind::Usd, "what one credit costs"),
        optional("price", Kind::NameOrNames, "the pair that says what the burnt token is worth"),
        optional("least", Kind::Amount, "least that is minted at once"),
    ],
};

static SERVICE_FEE: Table = Table {
    description: "a fee of the service",
    fields: &[
        required("amount", Kind::AmountOrUsd, "how much each time, above zero"),
        optional("in", Kind::Name, "for dollars: the token that it is paid in"),
        optional("price", Kind::NameOrNames, "for dollars: the pair that says what that token is worth"),
        optional("to", Kind::Destination, "burn, treasury.NAME or pool.NAME, or"),
        optional("pays", Kind::List(&PART), "who gets which part"),
        optional("every", Kind::Span, "the time between two of a recurring fee, at least a second"),
        optional("per", Kind::Integer(1, u64::MAX), "counted for each started so many of the metric that is bound to it"),
    ],
};

static FEE: Table = Table {
    description: "transaction fees: a base fee per unit of work, burnt, and a tip",
    fields: &[
        required("token", Kind::Name, "what they are paid in"),
        required("minimum", Kind::Table(&AMOUNT), "least base fee per unit of work"),
        required("initial", Kind::Table(&AMOUNT), "base fee of the first block"),
        required("target", Kind::Table(&WORK), "work per block at which the base fee stays"),
        optional("row", Kind::Table(&ROW), "what rows cost that a transaction adds; nothing without it"),
        required("change", Kind::Table(&PARTS), "how fast it moves"),
        optional("owed", Kind::Table(&OWED), "who has too little may owe base fees; nobody may without it"),
    ],
};

static OWED: Table = Table {
    description: "how much of base fees may be owed",
    fields: &[required("up-to", Kind::Choice(&["pledge"]), "no more than the whole debt being what the party has pledged")],
};

static AMOUNT: Table = Table { description: "an amount", fields: &[required("amount", Kind::Amount, "the amount")] };

static ROW: Table = Table {
    description: "what rows cost that a transaction adds to the ledger",
    fields: &[
        required("work", Kind::Integer(1, 1_000_000_000_000), "units of work of one byte more, keys and values counted"),
        required("target", Kind::Integer(1, 1 << 40), "bytes per block at which the base fee of rows stays"),
    ],
};

static WORK: Table =
    Table { description: "work per block", fields: &[required("work", Kind::Integer(1, u64::MAX), "units of work per block")] };

static PARTS: Table = Table {
    description: "how fast the base fee moves",
    fields: &[required("parts", Kind::Integer(1, 1_000_000), "by at most one part in this many per block")],
};

pub(super) static PRICE: Table = Table {
    description: "a pair with price reports",
    fields: &[
        required("reporters", Kind::Names, "the roles that report, at most 64"),
        required("stale-after", Kind::Span, "reports older than this do not count"),
        required("quorum", Kind::Integer(1, 64), "least number of fresh reports"),
    ],
};

pub(super) static AMM_POOL: Table = Table {
    description: "a constant-product AMM pool",
    fields: &[
        required("tokens", Kind::Names, "its two tokens"),
        required("fee", Kind::Share, "part of what is given that stays with its owners, below 100%"),
    ],
};
