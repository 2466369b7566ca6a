//! `[supply.<token>]`.

use super::{Kind, Table, optional, required};

pub(super) static SUPPLY: Table = Table {
    description: "the supply of a token; none for credits and bridged tokens",
    fields: &[
        optional("genesis", Kind::Table(&GENESIS), "what is minted at the start; without it allocations are parts of the cap"),
        required("cap", Kind::Table(&CAP), "most that may ever be minted"),
        optional("vest-clock", Kind::Name, "the clock that allocations vest by; the emission's without it"),
        optional("allocation", Kind::List(&ALLOCATION), "who gets which part; the parts come to the whole"),
        optional("emission", Kind::Table(&EMISSION), "how the rest is minted: one kind"),
        optional(
            "net-emission",
            Kind::Table(&NET_EMISSION),
            "under a cap of kind net-emission: burnt tokens that are minted again",
        ),
    ],
};

static GENESIS: Table =
    Table { description: "what is minted at the start", fields: &[required("amount", Kind::Amount, "all allocations together")] };

static CAP: Table = Table {
    description: "most that may ever be minted",
    fields: &[
        required("amount", Kind::Amount, "the cap, above zero"),
        required(
            "kind",
            Kind::Choice(&["clamp", "net-emission", "model"]),
            "clamp: minting stops there; net-emission: and what is burnt makes room again; model: shown, never enforced",
        ),
    ],
};

static NET_EMISSION: Table = Table {
    description: "burnt tokens that are minted again",
    fields: &[
        required("clock", Kind::Name, "the emission's clock"),
        required("most", Kind::Amount, "most per period, above zero and at most the cap"),
    ],
};

static ALLOCATION: Table = Table {
    description: "one part of what is minted at the start, or of the cap",
    fields: &[
        required("to", Kind::Name, "whose it is; `unallocated` belongs to nobody"),
        optional("share", Kind::Share, "which part, or"),
        optional("amount", Kind::Amount, "how much"),
        optional("vest", Kind::List(&VEST), "when it unlocks, row by row; at once without it"),
        optional("emitted", Kind::Flag, "`true`: not minted at the start, the emission pays out of it"),
    ],
};

static VEST: Table = Table {
    description: "one row of an allocation's vesting",
    fields: &[
        optional("share", Kind::Share, "how much of the allocation, or"),
        optional("amount", Kind::Amount, "how much; one row may leave out both and takes the rest"),
        optional("after", Kind::Length, "nothing unlocks until so long after the start"),
        optional("over", Kind::Length, "then evenly over this time"),
        optional("every", Kind::Length, "in steps of this length"),
        optional("at-once", Kind::Flag, "`true` instead of `over`: all of it when `after` is over"),
    ],
};

static EMISSION: Table = Table {
    description: "how a token is minted: one of these",
    fields: &[
        optional("half-life", Kind::Table(&HALF_LIFE), "what is left of an allocation halves again and again"),
        optional("table", Kind::Table(&TABLE), "an amount for each of a row of lengths"),
        optional("decline", Kind::Table(&DECLINE), "a rate on a base that falls by the same part every period"),
        optional("flat", Kind::Table(&FLAT), "one amount, evenly"),
        optional("inflation", Kind::Table(&INFLATION), "a yearly rate on what exists, which moves with the bonded ratio"),
    ],
};

static HALF_LIFE: Table = Table {
    description: "what is left of an allocation halves again and again",
    fields: &[
        required("from", Kind::Name, "the allocation"),
        required("over", Kind::Length, "the half-life"),
        required("clock", Kind::Name, "whose periods mint"),
    ],
};

static TABLE: Table = Table {
    description: "an amount for each of a row of lengths",
    fields: &[
        optional("from", Kind::Name, "the allocation that it mints, if it is part of one"),
        required("clock", Kind::Name, "whose periods mint"),
        required("rows", Kind::List(&ROW), "the rows, in order"),
        optional("then", Kind::Table(&THEN), "the last row again and again, each time smaller"),
    ],
};

static ROW: Table = Table {
    description: "so much over so long",
    fields: &[
        optional("for", Kind::Length, "how long, or"),
        optional("periods", Kind::Integer(1, 1_000_000_000), "how many periods"),
        required("amount", Kind::Amount, "how much in all of that time"),
    ],
};

static THEN: Table = Table {
    description: "the tail of a table",
    fields: &[
        required("times", Kind::Share, "each row is this share of the one before"),
        optional("rows", Kind::Integer(1, 10_000), "so many rows more; without it until nothing is left"),
    ],
};

static DECLINE: Table = Table {
    description: "period t gives base × rate × (1 − less)^(t−1)",
    fields: &[
        optional("from", Kind::Name, "the allocation that it mints, if it is part of one"),
        required("clock", Kind::Name, "whose periods mint"),
        required("base", Kind::Amount, "what the rate is of, above zero"),
        required(
            "rate",
            Kind::Decimal,
            "the first period's part of the base, per period and not per year; above zero, at most 1",
        ),
        required("less", Kind::Decimal, "part by which the rate falls every period, at most 1"),
        required("periods", Kind::Integer(1, 1_000_000_000), "how many periods"),
    ],
};

static FLAT: Table = Table {
    description: "one amount, evenly",
    fields: &[
        optional("from", Kind::Name, "the allocation that it mints, if it is part of one"),
        required("clock", Kind::Name, "whose periods mint"),
        required("amount", Kind::Amount, "all of it, above zero"),
        required("periods", Kind::Integer(1, 1_000_000_000), "over how many periods"),
    ],
};

static INFLATION: Table = Table {
    description: "bonded-ratio inflation",
    fields: &[
        optional("from", Kind::Name, "the allocation that it mints, if it is part of one"),
        required("clock", Kind::Name, "whose every period mints"),
        required("periods-per-year", Kind::Integer(1, 1_000_000_000), "periods that the rule counts as a year"),
        required("initial", Kind::Percent, "yearly rate at the start, at most 100%"),
        required("least", Kind::Percent, "lowest rate"),
        required("most", Kind::Percent, "highest rate"),
        required("change", Kind::Percent, "how far the rate moves in a year in which nothing is bonded"),
        required("goal", Kind::Percent, "bonded part of the supply at which the rate stays"),
        required("staking", Kind::Name, "the staking that says how much is bonded, or else the gauge of that name"),
    ],
};
