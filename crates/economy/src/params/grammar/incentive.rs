//! `[incentive]` and `[treasury.<name>]`.

use super::{Kind, Table, optional, required};

pub(super) static INCENTIVE: Table = Table {
    description: "who earns what, and what is taken from whom",
    fields: &[
        optional("pool", Kind::Named(&POOL), "who shares an emission, or what payments bring"),
        optional("score", Kind::Named(&SCORE), "how a group of pools shares what the others leave"),
        optional("pledge", Kind::Named(&PLEDGE), "collateral of the service's units, by kind"),
        optional("fault", Kind::Named(&FAULT), "what failures cost, by kind"),
        optional("allowance", Kind::Named(&ALLOWANCE), "allowances that cannot be sent, by kind"),
        optional("staking", Kind::Named(&STAKING), "delegated stake"),
        optional("lock", Kind::Named(&LOCK), "vote-escrow locks"),
    ],
};

static POOL: Table = Table {
    description: "a pool: its part of an emission, or of payments, and who shares it",
    fields: &[
        optional("emission", Kind::Name, "the token whose emission it shares"),
        optional("share", Kind::ShareOrTable(&MOVING), "its part of the emission, or a part that moves by steps"),
        optional("scored", Kind::Name, "instead of `share`: the group that shares what the others leave"),
        optional("funded", Kind::Flag, "`true` instead of `emission`: payments feed it"),
        optional("token", Kind::Name, "what a funded pool pays"),
        required(
            "method",
            Kind::Choice(&["expected", "accumulator", "batch", "lazy", "winners", "direct", "staked", "locked"]),
            "how weight turns into reward",
        ),
        optional("to", Kind::Destination, "with direct: treasury.NAME, pool.NAME or role.NAME"),
        optional("staking", Kind::Name, "with staked: the staking whose stake shares it"),
        optional("lock", Kind::Name, "with locked: the kind of lock that shares it"),
        optional("scope", Kind::Name, "with locked: only locks that are delegated to this"),
        optional("clock", Kind::Name, "the clock that it pays by, when it is not the emission's"),
        optional("pay-every", Kind::Length, "with expected: pending rewards are paid so often"),
        optional("vest", Kind::Table(&REWARD_VEST), "what of a reward is locked, and how it unlocks"),
        optional("overflow", Kind::Name, "the pool that gets what this one cannot use"),
        optional("worth", Kind::Table(&WORTH), "with batch and lazy: it pays no more than its weight is worth"),
        optional("ceiling", Kind::Table(&CEILING), "it pays no more than so much for its weight in a period"),
    ],
};

static MOVING: Table = Table {
    description: "a share that moves by steps",
    fields: &[
        required("first", Kind::Share, "in period 0"),
        required("until", Kind::Share, "at last"),
        required("step", Kind::Share, "by so much at a time"),
        required("every", Kind::Length, "after so long each time"),
    ],
};

static REWARD_VEST: Table = Table {
    description: "how locked rewards unlock",
    fields: &[
        required("immediate", Kind::Share, "paid at once"),
        required("over", Kind::Length, "the rest unlocks over this time"),
        required("step", Kind::Length, "in steps of this length"),
        required("quantum", Kind::Length, "steps move up to multiples of this"),
    ],
};

static WORTH: Table = Table {
    description: "a ceiling by price",
    fields: &[
        required("price", Kind::Name, "the pair of the pool's token and USD"),
        required("usd-per-unit", Kind::Usd, "what one unit of weight is worth"),
    ],
};

static CEILING: Table = Table {
    description: "a ceiling by weight",
    fields: &[
        required("amount", Kind::Amount, "most that is paid in a period, above zero …"),
        required("per", Kind::Integer(1, u64::MAX), "… for so much of the pool's weight"),
    ],
};

static SCORE: Table = Table {
    description: "how a group of pools shares what the others leave",
    fields: &[
        required("pools", Kind::Names, "the pools, at most 16"),
        required("score", Kind::Choice(&["utility", "locked"]), "how figures turn into shares"),
        optional("scopes", Kind::Names, "what each pool's figures are of; the pools' names without it"),
        optional("lock", Kind::Name, "the kind of lock whose weight is votes"),
        optional("votes-per", Kind::Integer(1, u64::MAX), "votes that count as one"),
        optional("used", Kind::Table(&GAUGE), "what was paid for a scope in the period"),
        optional("active", Kind::Table(&GAUGE), "what is active in a scope"),
    ],
};

static GAUGE: Table = Table {
    description: "a gauge of the service",
    fields: &[
        required("gauge", Kind::Name, "its name"),
        required("per", Kind::Integer(1, u64::MAX), "how much of it counts as one"),
    ],
};

static PLEDGE: Table = Table {
    description: "collateral of a unit",
    fields: &[
        optional("per-gib", Kind::Amount, "for each GiB of the metric that it is bound to, or"),
        optional("per-unit", Kind::Amount, "for each unit of it; above zero, at most the cap"),
        optional("steps", Kind::Integer(1, 1_000_000_000_000), "with per-unit: so many of the metric make one unit"),
        optional("least-units", Kind::Integer(1, 1_000_000), "with per-unit: fewer units count as so many"),
        optional("least", Kind::Amount, "at least so much for any unit"),
        optional("cool-down", Kind::Span, "how long a released pledge stays bound"),
    ],
};

static FAULT: Table = Table {
    description: "what a kind of failure costs",
    fields: &[
        required("token", Kind::Name, "in this token"),
        required("fee", Kind::Choice(&["nothing", "reward", "per-gib", "share-of-pledge", "termination"]), "how it is counted"),
        optional("amount", Kind::Amount, "with per-gib: for each GiB that failed"),
        optional("pool", Kind::Name, "with reward: what the failed weight would have accrued in this pool"),
        optional("periods", Kind::Integer(1, 100_000_000), "with reward: in so many periods"),
        optional("pledge", Kind::Name, "with share-of-pledge and termination: the kind of pledge"),
        optional("share", Kind::Share, "with share-of-pledge and termination: so much of the pledge"),
        optional("accrued", Kind::Table(&ACCRUED), "with share-of-pledge: and so much of what was accrued and not paid"),
        optional("to", Kind::List(&SLASHED), "with share-of-pledge: who gets it; burnt without it"),
        optional("at-most", Kind::Table(&AT_MOST), "with reward and per-gib: the fee is at most a share of the unit's pledge"),
        optional("appeal", Kind::Table(&APPEAL), "with share-of-pledge: until when it can be given back"),
        optional("clock", Kind::Name, "with termination: the clock that age counts"),
        optional("full-after", Kind::Length, "with termination: the age at which the share is full"),
        optional("least-share", Kind::Share, "with termination: at least this share of the pledge"),
        optional("least-percent", Kind::Integer(0, 1_000), "with termination: and at least this per cent …"),
        optional("least-of", Kind::Name, "with termination: … of the fee of this kind of failure"),
    ],
};

static AT_MOST: Table = Table {
    description: "the most that a fee may be",
    fields: &[
        required("pledge", Kind::Name, "the kind of pledge of the unit that failed"),
        required("share", Kind::Share, "so much of it, for each fault"),
    ],
};

static ACCRUED: Table = Table {
    description: "a part of what was accrued and not paid",
    fields: &[required("pool", Kind::Name, "in this pool"), required("share", Kind::Share, "so much of it")],
};

static SLASHED: Table = Table {
    description: "one part of what was taken",
    fields: &[
        required("to", Kind::Destination, "burn, reporter, treasury.NAME or pool.NAME"),
        required("share", Kind::Share, "so much of it"),
    ],
};

static APPEAL: Table = Table {
    description: "until when it can be given back",
    fields: &[
        required("within", Kind::Span, "so long the taken tokens are held"),
        required("judge", Kind::Name, "the role that gives them back"),
    ],
};

static ALLOWANCE: Table = Table {
    description: "an allowance that cannot be sent",
    fields: &[
        required("granted-by", Kind::Name, "the role that grants it"),
        required("least", Kind::Bytes, "least that one use takes"),
    ],
};

static STAKING: Table = Table {
    description: "delegated stake",
    fields: &[
        required("token", Kind::Name, "what is staked"),
        required("unbonding", Kind::Span, "how long undelegated stake stays bound, and can be slashed"),
        optional("commission-least", Kind::Share, "least commission of a validator"),
        required("most-validators", Kind::Integer(1, 1_000), "so many with the most stake earn"),
        optional("entries-most", Kind::Integer(1, 100), "most unbondings in progress between one delegator and one validator"),
        optional("slash", Kind::Table(&SLASH), "what a failure of a validator costs"),
        optional("liveness", Kind::Table(&LIVENESS), "when missed signatures are too many"),
    ],
};

static SLASH: Table = Table {
    description: "what a failure of a validator costs",
    fields: &[
        required("double-sign", Kind::Share, "part of the stake for a double signature"),
        required("downtime", Kind::Share, "part of the stake for too many missed signatures"),
        optional("to", Kind::List(&SLASHED), "who gets it; burnt without it"),
    ],
};

static LIVENESS: Table = Table {
    description: "when missed signatures are too many",
    fields: &[
        required("window", Kind::Integer(1, 1_000_000), "blocks that are looked at"),
        required("signed-least", Kind::Share, "least part of them that a validator signs"),
        required("jail", Kind::Span, "how long it is jailed for less"),
    ],
};

static LOCK: Table = Table {
    description: "vote-escrow locks",
    fields: &[
        required("token", Kind::Name, "what is locked"),
        required("longest", Kind::Span, "the longest lock, which has the whole weight"),
        required("most-times", Kind::Decimal, "how often the longest lock counts, above zero, at most 1,000,000"),
        optional("bonus", Kind::Table(&BONUS), "what locks of the first days get on top"),
        optional("least", Kind::Amount, "least that one lock holds"),
        optional("delegates-to", Kind::NameOrNames, "what locks may be delegated to"),
        optional("delegated-only", Kind::Flag, "`true`: only delegated locks earn"),
        optional("clock", Kind::Name, "at whose period starts weights count"),
    ],
};

static BONUS: Table = Table {
    description: "the bonus of early locks",
    fields: &[
        required("times", Kind::Decimal, "a whole number of times"),
        required("within", Kind::Span, "for locks made so long after the start"),
    ],
};

pub(super) static TREASURY: Table = Table {
    description: "a fund of the network",
    fields: &[
        optional("title", Kind::Text, "its name for people"),
        optional("spends", Kind::Name, "the role that spends from it"),
        optional("redeem", Kind::Table(&REDEEM), "what it pays to who burns"),
        optional("breaker", Kind::Table(&BREAKER), "how fast it may be emptied"),
        optional("freezes", Kind::Name, "the role that stops and resumes redemption"),
        optional("freeze-at", Kind::Date, "from then on nothing is redeemed"),
    ],
};

static REDEEM: Table = Table {
    description: "what is paid to who burns",
    fields: &[
        required("burns", Kind::Name, "the token that is burnt"),
        required("pays", Kind::Name, "the token that is paid"),
        optional("curve", Kind::Decimal, "the exponent above one, at most 15; 0 pays in proportion"),
    ],
};

static BREAKER: Table = Table {
    description: "a circuit breaker",
    fields: &[
        required("window", Kind::Span, "what went out is forgotten evenly over this"),
        optional("most", Kind::Share, "most that may have gone out, of what the fund holds, or"),
        optional("most-amount", Kind::Amount, "as an amount"),
    ],
};
