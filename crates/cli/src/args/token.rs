//! `depin token`: what people do with tokens, besides sending them.

use super::{AmountArg, SpanArg, Who};
use clap::{Args, Subcommand};
use depin_quantity::{Name, Share, UnitId};

pub(super) const AFTER: &str = "\
What there is depends on the network: `depin network show` lists its credits, stakings, locks, funds and AMM pools. Everything waits until
it is final, and says what moved.

Examples:
  depin token mint --amount \"1000 DC\"                       credits, by burning what they cost
  depin token stake --with provider-1 --amount \"10 AKT\"
  depin token lock --amount \"100 HNT\" --for 365d
  depin token swap --amm-pool AKT-USDC --give \"10 USDC\" --least \"2 AKT\"
  depin token act '{\"action\":\"convert-waiting\",\"amm_pool\":\"AKT-USDC\"}'";

#[derive(Clone, Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    pub command: TokenCommand,
    /// Which key acts and pays the fee: a name from `depin wallet show`, or a key file.
    #[arg(long, global = true, value_name = "KEY", default_value = "customer")]
    pub from: String,
}

#[derive(Clone, Debug, Subcommand)]
pub enum TokenCommand {
    /// Mint credits by burning tokens at their reported price; credits cannot be sent or turned back.
    #[command(
        after_help = "Examples:\n  depin token mint --amount \"1000 DC\" --most \"1 HNT\"\n  depin token mint --give \"1 HNT\" --credit DC --to provider-1"
    )]
    Mint(MintArgs),
    /// Swap tokens at an AMM pool.
    #[command(after_help = "Examples:\n  depin token swap --amm-pool AKT-USDC --give \"10 USDC\" --least \"2 AKT\"")]
    Swap(SwapArgs),
    /// Fund an AMM pool with both of its tokens.
    #[command(after_help = "Examples:\n  depin token fund --amm-pool AKT-USDC \"1000 AKT\" \"4000 USDC\" --from faucet")]
    Fund(FundArgs),
    /// Claim what was earned in pools, by stake and by locks.
    #[command(after_help = "Examples:\n  depin token claim --from provider-1\n  depin token claim --with provider-1\n  \
                            depin token claim --lock 5f0c…")]
    Claim(ClaimArgs),
    /// Begin your own validator, or change its commission.
    #[command(after_help = "Examples:\n  depin token validate --commission 5% --stake \"100 AKT\" --from provider-1\n  \
                            depin token validate --commission 6% --from provider-1")]
    Validate(ValidateArgs),
    /// Delegate stake to a validator.
    #[command(after_help = "Examples:\n  depin token stake --with provider-1 --amount \"10 AKT\"")]
    Stake(StakeArgs),
    /// Take stake back; it is bound for the unbonding time first.
    #[command(
        after_help = "Examples:\n  depin token unstake --with provider-1\n  depin token unstake --with provider-1 --amount \"2 AKT\""
    )]
    Unstake(UnstakeArgs),
    /// Lock tokens for a time, for votes and a part of what is emitted.
    #[command(after_help = "Examples:\n  depin token lock --amount \"100 HNT\" --for 365d\n  \
                            depin token lock --amount \"100 HNT\" --for 1460d --constant --scope iot")]
    Lock(LockArgs),
    /// Take the tokens out of a lock that is over.
    #[command(after_help = "Examples:\n  depin token unlock 5f0c…")]
    Unlock {
        /// The lock's id, as `depin token lock` said it.
        id: UnitId,
    },
    /// Burn tokens for a fund's part of what they are backed with.
    #[command(after_help = "Examples:\n  depin token redeem --fund iot --burn \"1000 IOT\" --least \"1 HNT\"")]
    Redeem(RedeemArgs),
    /// Do anything that the network's economy knows, as the ledger writes it: one action in JSON.
    #[command(after_help = "Examples:\n  depin token act '{\"action\":\"repay\",\"token\":\"FIL\"}'\n  \
                            depin token act '{\"action\":\"take-allocation\",\"token\":\"FIL\",\"allocation\":\"foundation\"}'")]
    Act {
        /// The action.
        #[arg(value_name = "JSON")]
        action: String,
    },
}

#[derive(Clone, Debug, Args)]
pub struct MintArgs {
    /// How many credits, whatever they cost.
    #[arg(long, value_name = "AMOUNT", required_unless_present = "give", conflicts_with = "give")]
    pub amount: Option<AmountArg>,
    /// Most that they may cost.
    #[arg(long, value_name = "AMOUNT", requires = "amount")]
    pub most: Option<AmountArg>,
    /// How much to burn, for as many credits as it pays for.
    #[arg(long, value_name = "AMOUNT", requires = "credit")]
    pub give: Option<AmountArg>,
    /// Which credit, with --give.
    #[arg(long, value_name = "TOKEN")]
    pub credit: Option<Name>,
    /// Whose they are [default: one's own].
    #[arg(long, value_name = "ACCOUNT")]
    pub to: Option<Who>,
}

#[derive(Clone, Debug, Args)]
pub struct SwapArgs {
    /// The AMM pool, such as AKT-USDC.
    #[arg(long, value_name = "VENUE")]
    pub amm_pool: Name,
    /// What is given.
    #[arg(long, value_name = "AMOUNT")]
    pub give: AmountArg,
    /// Least of the other token that must come out [default: anything].
    #[arg(long, value_name = "AMOUNT")]
    pub least: Option<AmountArg>,
}

#[derive(Clone, Debug, Args)]
pub struct FundArgs {
    /// The AMM pool, such as AKT-USDC.
    #[arg(long, value_name = "VENUE")]
    pub amm_pool: Name,
    /// At most this much of each of its tokens; an AMM pool that holds something takes them at its own ratio.
    #[arg(value_name = "AMOUNT", num_args = 2, required = true)]
    pub amounts: Vec<AmountArg>,
}

#[derive(Clone, Debug, Args)]
pub struct ClaimArgs {
    /// What stake with this validator earned, instead of what pools hold.
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "lock")]
    pub with: Option<Who>,
    /// What this lock earned.
    #[arg(long, value_name = "ID")]
    pub lock: Option<UnitId>,
    /// Which staking, where there are several.
    #[arg(long, value_name = "NAME")]
    pub staking: Option<Name>,
}

#[derive(Clone, Debug, Args)]
pub struct ValidateArgs {
    /// Its part of what its delegators earn.
    #[arg(long, value_name = "SHARE")]
    pub commission: Share,
    /// The first stake; without it, only the commission changes.
    #[arg(long, value_name = "AMOUNT")]
    pub stake: Option<AmountArg>,
    /// Which staking, where there are several.
    #[arg(long, value_name = "NAME")]
    pub staking: Option<Name>,
}

#[derive(Clone, Debug, Args)]
pub struct StakeArgs {
    /// The validator.
    #[arg(long, value_name = "ACCOUNT")]
    pub with: Who,
    /// How much.
    #[arg(long, value_name = "AMOUNT")]
    pub amount: AmountArg,
    /// Which staking, where there are several.
    #[arg(long, value_name = "NAME")]
    pub staking: Option<Name>,
}

#[derive(Clone, Debug, Args)]
pub struct UnstakeArgs {
    /// The validator.
    #[arg(long, value_name = "ACCOUNT")]
    pub with: Who,
    /// How much [default: all].
    #[arg(long, value_name = "AMOUNT")]
    pub amount: Option<AmountArg>,
    /// Which staking, where there are several.
    #[arg(long, value_name = "NAME")]
    pub staking: Option<Name>,
}

#[derive(Clone, Debug, Args)]
pub struct LockArgs {
    /// How much.
    #[arg(long, value_name = "AMOUNT")]
    pub amount: AmountArg,
    /// For how long, in ledger time.
    #[arg(long = "for", value_name = "TIME")]
    pub length: SpanArg,
    /// Stay so long until told to run down.
    #[arg(long)]
    pub constant: bool,
    /// What its weight is given to, such as a sub-network.
    #[arg(long, value_name = "NAME")]
    pub scope: Option<Name>,
    /// Which kind of lock, where there are several.
    #[arg(long, value_name = "NAME")]
    pub kind: Option<Name>,
}

#[derive(Clone, Debug, Args)]
pub struct RedeemArgs {
    /// The fund.
    #[arg(long, value_name = "NAME")]
    pub fund: Name,
    /// What is burnt.
    #[arg(long, value_name = "AMOUNT")]
    pub burn: AmountArg,
    /// Least that must be paid [default: anything].
    #[arg(long, value_name = "AMOUNT")]
    pub least: Option<AmountArg>,
}
