//! `depin new`.

use clap::Args;
use depin_quantity::Name;

pub(super) const AFTER: &str = "\
Writes NAME/network.toml and NAME/RULES.md: one service under the economy of a network that comes \
with this program, or under parts of several. Everything is copied with its sources; what had to \
change on the way is a marked parameter. Edit it, then check it.

  --emission   token, supply, schedule, pools, transaction fees
  --payment    how usage is paid, what is burnt, credits, AMM pools
  --stake      collateral, penalties, staking, locks

Services: coverage, storage, rendering, leasing, clusters; metered is one of your own, by its unit.
Each part is a name of `depin networks`, or the path of a network.toml or its folder.

Examples:
  depin new mynet --service storage --economy render
  depin new tiles --service metered --unit \"map tile\" --token TILE \\
      --emission filecoin --payment render --stake io.net
  depin new mynet --service leasing --economy akash --payment helium --json";

#[derive(Clone, Debug, Args)]
pub struct NewNetworkArgs {
    /// Name of the new network, and of its folder.
    #[arg(value_name = "NAME")]
    pub name: Name,
    /// What it meters.
    #[arg(long, value_name = "SERVICE")]
    pub service: String,
    /// What one unit of the service `metered` is, such as "map tile".
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
    /// What its token is called, such as ATL [default: as in the network that the emission comes from].
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<Name>,
    /// Whose economy it has, except for parts named below.
    #[arg(long, value_name = "NETWORK")]
    pub economy: Option<String>,
    /// Whose emission it has.
    #[arg(long, value_name = "NETWORK")]
    pub emission: Option<String>,
    /// Whose payment it has.
    #[arg(long, value_name = "NETWORK")]
    pub payment: Option<String>,
    /// Whose stake it has.
    #[arg(long, value_name = "NETWORK")]
    pub stake: Option<String>,
}
