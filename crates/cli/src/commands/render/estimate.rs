//! `depin render estimate`.

use super::{named::Named, plan};
use crate::{args::EstimateArgs, error::Result, output::Table};

pub(super) async fn run(args: &EstimateArgs, at: &Named<'_>) -> Result<()> {
    let plan = plan::plan(&args.scene, at).await?;
    if plan.nodes == 0 {
        at.out.warn("no node could take it now; `depin render nodes` says why");
    }
    at.out.result(&plan, |out| {
        let mut table = Table::new(&["", ""]);
        for (name, value) in plan.rows() {
            table.row([name.to_owned(), value]);
        }
        table.render(out)
    })
}
