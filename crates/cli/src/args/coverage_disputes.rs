//! Commands about what is contested: the denylist, appeals, claims.

use super::{Who, coverage::CustomerKey};
use clap::{ArgGroup, Args, Subcommand};

pub(super) const DENYLIST_EXAMPLES: &str = "\
Examples:
  depin coverage denylist list
  depin coverage denylist deny --hotspot depin1… --reason \"heard nothing within 40 km\" --from arbiter
  depin coverage denylist appeal 3fa2b1 --text \"the antenna was replaced on 3 May\" --from provider-1
  depin coverage denylist judge 3fa2b1 --lift --from arbiter";

pub(super) const CLAIM_EXAMPLES: &str = "\
Examples:
  depin coverage claim list
  depin coverage claim pay 3fa2b1
  depin coverage claim refuse 3fa2b1";

#[derive(Clone, Debug, Subcommand)]
pub enum DenylistCommand {
    /// List who is denied, why, and what its owner says against it.
    #[command(after_help = "Examples:\n  depin coverage denylist list\n  depin coverage denylist list --json")]
    List,
    /// Put a hotspot, or two of them as witnesses of each other, on the denylist. Only its keeper can.
    #[command(
        after_help = "Examples:\n  depin coverage denylist deny --hotspot depin1… --reason \"heard nothing\" --from arbiter"
    )]
    Deny(DenyArgs),
    /// Ask for an entry about an own hotspot to be lifted.
    #[command(
        after_help = "Examples:\n  depin coverage denylist appeal 3fa2b1 --text \"the antenna was replaced\" --from provider-1"
    )]
    Appeal(AppealArgs),
    /// Lift an entry, or turn its appeal down. Only the denylist's keeper can.
    #[command(after_help = "Examples:\n  depin coverage denylist judge 3fa2b1 --lift --from arbiter")]
    Judge(JudgeArgs),
}

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["hotspot", "edge"])))]
pub struct DenyArgs {
    /// A hotspot, by its address.
    #[arg(long, value_name = "HOTSPOT")]
    pub hotspot: Option<Who>,
    /// Two hotspots, as witnesses of each other.
    #[arg(long, num_args = 2, value_names = ["HOTSPOT", "HOTSPOT"])]
    pub edge: Option<Vec<Who>>,
    /// Why, for everybody to read.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Whose key signs: the denylist's keeper's.
    #[arg(long, visible_alias = "as", value_name = "KEY", default_value = "arbiter")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
pub struct AppealArgs {
    /// The entry, or the beginning of its id.
    pub denial: String,
    /// Why it should be lifted, for everybody to read.
    #[arg(long, value_name = "TEXT")]
    pub text: String,
    /// Whose key signs: the hotspot's owner's.
    #[arg(long, visible_alias = "as", value_name = "KEY")]
    pub from: String,
}

#[derive(Clone, Debug, Args)]
#[command(group(ArgGroup::new("word").required(true).args(["lift", "uphold"])))]
pub struct JudgeArgs {
    /// The entry, or the beginning of its id.
    pub denial: String,
    /// Lift it.
    #[arg(long)]
    pub lift: bool,
    /// Turn its appeal down.
    #[arg(long)]
    pub uphold: bool,
    /// Whose key signs: the denylist's keeper's.
    #[arg(long, visible_alias = "as", value_name = "KEY", default_value = "arbiter")]
    pub from: String,
}

#[derive(Clone, Debug, Subcommand)]
pub enum ClaimCommand {
    /// List claims that are open: packets that a hotspot says it delivered, and that their customer has not acknowledged.
    #[command(after_help = "Examples:\n  depin coverage claim list\n  depin coverage claim list --oui 1 --json")]
    List(ListClaimsArgs),
    /// Acknowledge the packets of a claim, and pay them.
    #[command(after_help = "Examples:\n  depin coverage claim pay 3fa2b1")]
    Pay(CloseClaimArgs),
    /// Say that the packets of a claim were never delivered. It stays on the ledger that it was turned down.
    #[command(after_help = "Examples:\n  depin coverage claim refuse 3fa2b1")]
    Refuse(CloseClaimArgs),
}

#[derive(Clone, Debug, Args)]
pub struct ListClaimsArgs {
    /// Only of this OUI.
    #[arg(long, value_name = "N")]
    pub oui: Option<u32>,
}

#[derive(Clone, Debug, Args)]
pub struct CloseClaimArgs {
    /// The claim, or the beginning of its id.
    pub claim: String,
    #[command(flatten)]
    pub signer: CustomerKey,
}
