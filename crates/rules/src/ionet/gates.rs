//! Gates before a device earns: nomination for a block, and how busy it may be while idle.
//!
//! Source: io.net documentation (block rewards, proof of work, staking), support pages.

use depin_quantity::{Basis, Kind, Outputs, RuleCard, Share, field};

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&NOMINATION, &IDLE];

const GATES: &[&str] =
    &["nominated", "status", "uptime", "stake", "cool-down", "wallet", "wallets", "cluster-test", "multiplier", "connectivity"];

pub static NOMINATION: RuleCard = RuleCard {
    id: "IO-SV-3",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "Nomination of a device for a block",
    description: "At the start of an hour a device is nominated when it has been up for five hours, has its least stake and nothing of it in \
            cool-down, pays out to a wallet of its own (since May 2025 three on the account), is neither terminated, blocked nor \
            unsupported, passed the test of making a cluster, and has a multiplier and a connection that count. Who is nominated \
            must also pass the hour's proofs.",
    formula: "all of: status active, uptime >= least_uptime, stake >= least_stake, no cool-down, own wallet, wallets >= \
              least_wallets, test passed, multiplier > 0, tier > 0",
    rounding: "none; the first gate that is shut is told, in this order, which is this card's",
    inputs: &[
        field("status", Kind::Choice(&["active", "terminated", "blocked", "unsupported"]), "", "of the device").or("\"active\""),
        field("uptime", Kind::Integer, "s", "without a break; a restart begins anew").most(1 << 40),
        field("least_uptime", Kind::Integer, "s", "one page says 3 to 5 hours").most(1 << 40).or("18000"),
        field("stake", Kind::Integer, "base units", "of the device").most(1 << 100),
        field("least_stake", Kind::Integer, "base units", "as IO-PL-1 gives it").most(1 << 100),
        field("cooling", Kind::Flag, "", "whether its stake is in cool-down").or("false"),
        field("own_wallet", Kind::Flag, "", "whether the wallet is not an exchange's").or("true"),
        field("wallets", Kind::Integer, "", "on the account").most(1_000),
        field("least_wallets", Kind::Integer, "", "3 since 2025-04-30, before 1").most(1_000).or("3"),
        field("tested", Kind::Flag, "", "whether it passed the test of making a cluster").or("true"),
        field("multiplier", Kind::Decimal(2), "", "of its kind").most(100_000),
        field("tier", Kind::Integer, "", "of its connection, 0 for below low").most(4),
    ],
    outputs: &[
        field("nominated", Kind::Flag, "", "whether it is"),
        field("gate", Kind::Choice(GATES), "", "nominated, or the first gate that is shut"),
    ],
    source: "io.net docs, explorer and block rewards; support.io.net, eligibility; examples: by hand",
    examples: &[
        (
            r#"{"uptime": 18000, "stake": "25000000000", "least_stake": "25000000000", "wallets": 3, "multiplier": "1.25", "tier": 4}"#,
            r#"{"nominated": true, "gate": "nominated"}"#,
        ),
        (
            r#"{"uptime": 17999, "stake": 0, "least_stake": 1, "wallets": 1, "multiplier": "0", "tier": 0}"#,
            r#"{"nominated": false, "gate": "uptime"}"#,
        ),
    ],
    run: |i| {
        let gates = [
            (i.text("status")? == "active", "status"),
            (i.integer("uptime")? >= i.integer("least_uptime")?, "uptime"),
            (i.integer("stake")? >= i.integer("least_stake")?, "stake"),
            (!i.flag("cooling")?, "cool-down"),
            (i.flag("own_wallet")?, "wallet"),
            (i.integer("wallets")? >= i.integer("least_wallets")?, "wallets"),
            (i.flag("tested")?, "cluster-test"),
            (i.integer("multiplier")? > 0, "multiplier"),
            (i.integer("tier")? > 0, "connectivity"),
        ];
        let shut = gates.into_iter().find(|(open, _)| !open);
        Ok(Outputs::new().flag("nominated", shut.is_none()).text("gate", shut.map_or("nominated", |(_, gate)| gate)))
    },
};

pub static IDLE: RuleCard = RuleCard {
    id: "IO-SV-4",
    networks: &["io.net"],
    basis: Basis::Model,
    title: "How busy an idle device may be",
    description: "A device that is not hired must stand still: at most 30 % of its CPU, and of its GPU 5 % when it is a data-centre card, an RTX \
            4090 or 5090, an RTX 5000 or 6000 Ada or an A6000, 20 % for other cards. On Apple machines only the CPU counts. A breach \
            blocks the device and costs its block rewards.",
    formula: "cpu <= 30 % and gpu <= (5 %, 20 %, or any)",
    rounding: "none",
    inputs: &[
        field("class", Kind::Choice(&["strict", "other", "apple"]), "", "strict: the cards with 5 %"),
        field("cpu", Kind::Share, "", "of the CPU in use"),
        field("gpu", Kind::Share, "", "of the GPU in use").or("\"0%\""),
    ],
    outputs: &[
        field("idle", Kind::Flag, "", "whether it stands still enough"),
        field("cpu_most", Kind::Share, "", "of the CPU"),
        field("gpu_most", Kind::Share, "", "of the GPU; 100 % for any"),
    ],
    source: "io.net docs, workers, idle utilisation limits since 2024-11-04",
    examples: &[
        (r#"{"class": "strict", "cpu": "30%", "gpu": "5%"}"#, r#"{"idle": true, "cpu_most": "30%", "gpu_most": "5%"}"#),
        (r#"{"class": "other", "cpu": "12%", "gpu": "20.1%"}"#, r#"{"idle": false, "cpu_most": "30%", "gpu_most": "20%"}"#),
        (r#"{"class": "apple", "cpu": "30.5%"}"#, r#"{"idle": false, "cpu_most": "30%", "gpu_most": "100%"}"#),
    ],
    run: |i| {
        let percent = |n: u32| Share::new(n * (Share::WHOLE.get() / 100)).unwrap_or(Share::WHOLE);
        let cpu_most = percent(30);
        let gpu_most = percent(match i.text("class")? {
            "strict" => 5,
            "other" => 20,
            _ => 100,
        });
        let idle = i.share("cpu")?.get() <= cpu_most.get() && i.share("gpu")?.get() <= gpu_most.get();
        Ok(Outputs::new().flag("idle", idle).share("cpu_most", cpu_most).share("gpu_most", gpu_most))
    },
};
