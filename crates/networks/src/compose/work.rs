//! A pool for whoever works, where neither the customers nor the emission would pay them: payments that are burnt belong to an
//! emission that pays operators, and some emissions pay stakers alone.

use super::{
    Mix,
    emission::why_paid,
    payment::burns_all,
    write::{Page, mark, set, string},
};
use depin_quantity::Units;
use depin_services::descriptor::Aspect;
use toml_edit::{Item, Table};

/// Writes the pool when it is needed: half of the largest pool, which is given as it then is.
pub(super) fn pool(mix: &mut Mix<'_>, page: &mut Page, names: &[String]) -> Option<(String, Table)> {
    if !burns_all(mix) {
        return None;
    }
    let share = |table: &Table| {
        let text = table.get("share").and_then(Item::as_str)?.trim().strip_suffix('%')?;
        Units::parse_decimal(text, 6).ok().map(Units::get)
    };
    let tables = names.iter().filter_map(|name| Some((name, mix.emission.table(&format!("incentive.pool.{name}"))?)));
    let shared = tables.filter_map(|(name, table)| Some((name.clone(), share(&table)?, table)));
    let (largest, whole, mut table) = shared.max_by_key(|(_, share, _)| *share)?;
    let per_cent = |millionths: u128| string(&format!("{}%", Units::new(millionths).to_decimal(6)));
    let half = whole / 2;
    let (emission, payment) = (mix.emission.title.clone(), mix.payment.title.clone());
    set(&mut table, "share", per_cent(whole - half));
    mark(&mut table, &format!("as on {emission}, half of it; the other half pays whoever works"));
    let name = if names.iter().any(|name| name == "work") { "operators" } else { "work" };
    let mut work = Table::new();
    set(&mut work, "emission", string(&mix.emission.token));
    set(&mut work, "share", per_cent(half));
    set(&mut work, "method", string("batch"));
    mark(
        &mut work,
        &format!("{payment} burns what customers pay and {emission} pays no work, so that nobody else would pay for it"),
    );
    for metric in [Aspect::Capacity, Aspect::Usage].into_iter().flat_map(|aspect| mix.service.earning(aspect)) {
        mix.bound.add(metric.name.as_str(), "pool", string(name));
    }
    mix.note(format!(
        "Payments are burnt as on {payment}, where the emission pays operators; that of {emission} pays no work, so pool `{name}` \
         shares half of `{largest}` among those who work."
    ));
    why_paid(mix, name);
    page.table(&format!("incentive.pool.{name}"), &work);
    Some((largest, table))
}
