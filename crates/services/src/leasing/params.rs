//! Parameters of the service: the `[service.leasing]` part of a network's file, and what the economy says about leases.

use super::{
    denom::Denoms,
    rules::{LeasingRules, wrong_rules},
};
use depin_economy::{Reader, Spec, SpecErrors};
use depin_quantity::{Name, QuantityError, Rounding, Share, Span, mul_div};
use depin_sdl::Group;

/// What resources come to as one number, in thousandths of a processor thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitTable {
    /// For a GB (2^30 bytes) of memory.
    pub memory_gb: u64,
    /// For a GB (2^30 bytes) of any volume.
    pub disk_gb: u64,
    /// For a GPU.
    pub gpu: u64,
}

impl UnitTable {
    /// What a group comes to: threads and GPUs exactly, memory and volumes of all replicas each rounded down once.
    ///
    /// - Units: thousandths of a processor thread.
    /// - Source: helm-charts `charts/akash-provider/scripts/price_script_generic.sh`, which divides bytes by 1024^3.
    ///
    /// # Errors
    /// Past 128 bits, which no group that was checked comes near.
    pub fn of(&self, group: &Group) -> Result<u128, QuantityError> {
        let (mut threads, mut memory, mut disk, mut gpus) = (0_u128, 0_u128, 0_u128, 0_u128);
        for unit in &group.resources {
            let add = |sum: u128, each: u64| {
                u128::from(each)
                    .checked_mul(unit.count.into())
                    .and_then(|all| sum.checked_add(all))
                    .ok_or(QuantityError::TooLarge)
            };
            threads = add(threads, unit.resources.cpu.units.get())?;
            memory = add(memory, unit.resources.memory.size.get())?;
            gpus = add(gpus, unit.resources.gpu.units.get())?;
            for volume in &unit.resources.storage {
                disk = add(disk, volume.size.get())?;
            }
        }
        let of_gb = |bytes, each: u64| mul_div(bytes, each.into(), 1 << 30, Rounding::Down);
        let gpus = gpus.checked_mul(self.gpu.into()).ok_or(QuantityError::TooLarge)?;
        let parts = [threads, of_gb(memory, self.memory_gb)?, of_gb(disk, self.disk_gb)?, gpus];
        parts.into_iter().try_fold(0_u128, |sum, part| sum.checked_add(part)).ok_or(QuantityError::TooLarge)
    }
}

/// Shortest period of a report, and shortest time for it.
const AVAILABILITY_LEAST: Span = Span::from_secs(60);

/// How much notice providers may promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReclaimParams {
    /// Shortest window.
    pub least: Span,
    /// Longest window.
    pub most: Span,
}

/// How leases are paid by their availability. All times are ledger time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvailabilityParams {
    /// What one report is about.
    pub period: Span,
    /// How long after a period its report is taken.
    pub within: Span,
    /// What is paid of a period without one.
    pub unreported: Share,
}

/// Checked parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasingParams {
    /// Most bids on one order.
    pub bids_most: u32,
    /// How long a bid stands, by the wall clock.
    pub bid_open_for: Span,
    /// How long a tenant has for its manifest, by the wall clock.
    pub manifest_within: Span,
    /// What resources come to as one number.
    pub unit: UnitTable,
    /// What prices are stated in.
    pub denoms: Denoms,
    /// Notice before machines are taken back; `None`: nobody promises any.
    pub reclaim: Option<ReclaimParams>,
    /// How long a deposit resumes a deployment whose money ran out; `None`: it closes at once.
    pub resume_within: Option<Span>,
    /// How leases are paid by their availability; `None`: they are paid whatever it is.
    pub availability: Option<AvailabilityParams>,
    /// The role that says that providers failed; `None`: nobody does.
    pub reporter: Option<Name>,
    /// What the economy has rules for.
    pub rules: LeasingRules,
}

/// A table, or nothing when the file leaves it out.
#[allow(clippy::option_option, reason = "the outer one says whether it could be read, the inner one whether it is there")]
fn optional<T>(r: &mut Reader<'_>, key: &str, read: impl FnOnce(&mut Reader<'_>) -> Option<T>) -> Option<Option<T>> {
    if r.has(key) { r.table(key, read).map(Some) } else { Some(None) }
}

fn reclaim(r: &mut Reader<'_>) -> Option<ReclaimParams> {
    let (least, most) = (r.span("least"), r.span("most"));
    let window = ReclaimParams { least: least?, most: most? };
    if window.least > window.most {
        r.problem("least", "`least` is above `most`, so nothing lies between them", "lower it, or raise the other");
        return None;
    }
    Some(window)
}

fn availability(r: &mut Reader<'_>) -> Option<AvailabilityParams> {
    let (period, within, unreported) = (r.span("period"), r.span("within"), r.share("unreported"));
    let params = AvailabilityParams { period: period?, within: within?, unreported: unreported? };
    for (key, span) in [("period", params.period), ("within", params.within)] {
        if span < AVAILABILITY_LEAST {
            r.problem(key, &format!("`{key}` is shorter than a minute, in which nobody signs anything"), "write \"1m\" or more");
            return None;
        }
    }
    Some(params)
}

impl LeasingParams {
    /// Reads the `[service.leasing]` section of a network's file.
    ///
    /// # Errors
    /// Every problem found.
    pub fn read(spec: &Spec) -> Result<Self, SpecErrors> {
        let rules = LeasingRules::of(spec);
        spec.read_service("leasing", |r| {
            let reporter = if r.has("reporter") { r.name("reporter").map(Some) } else { Some(None) };
            let bid = r.table("bid", |r| {
                let (most, open_for) = (r.integer("most", 1..=500), r.span("open-for"));
                Some((u32::try_from(most?).ok()?, open_for?))
            });
            let manifest_within = r.table("manifest", |r| r.span("within"));
            let unit = r.table("unit", |r| {
                let mut figure = |key| r.integer(key, 0..=1_000_000_000);
                let (memory, disk, gpu) = (figure("memory-gb"), figure("disk-gb"), figure("gpu"));
                Some(UnitTable { memory_gb: memory?, disk_gb: disk?, gpu: gpu? })
            });
            let currencies = rules.as_ref().map_or(&[][..], |rules| &rules.currencies);
            let denoms = optional(r, "denom", |r| Denoms::read(r, currencies));
            let reclaim = optional(r, "reclaim", reclaim);
            let availability = optional(r, "availability", availability);
            let resume_within = optional(r, "funds", |r| r.span("resume-within"));
            let wrong = wrong_rules(spec, rules.as_ref());
            for (message, hint) in &wrong {
                r.problem("", message, hint);
            }
            let (bids_most, bid_open_for) = bid?;
            let (manifest_within, unit, denoms) = (manifest_within?, unit?, denoms?);
            let (reclaim, resume_within, reporter, availability) = (reclaim?, resume_within?, reporter?, availability?);
            let rules = rules.filter(|_| wrong.is_empty())?;
            let denoms = denoms.unwrap_or_else(|| Denoms::usual(&rules.currencies));
            Some(Self {
                bids_most,
                bid_open_for,
                manifest_within,
                unit,
                denoms,
                reclaim,
                resume_within,
                availability,
                reporter,
                rules,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: \"2.0\"\nservices:\n  web:\n    image: nginx:1.27\n    expose: [{port: 80, to: [{global: true}]}]\n\
        profiles:\n  compute:\n    big:\n      resources:\n        cpu: {units: 8}\n        memory: {size: 32Gi}\n        \
        storage: {size: 100Gi}\n        gpu: {units: 1, attributes: {vendor: {nvidia: [{model: a100}]}}}\n  placement:\n    \
        west: {pricing: {big: {denom: uakt, amount: 1000}}}\ndeployment:\n  web: {west: {profile: big, count: 2}}\n";

    /// `scenarios/services/leasing.toml`: a GPU with 8 threads and 32 GB is 86,500, here with 100 GB of disk.
    #[test]
    fn resources_come_to_one_number() {
        let table = UnitTable { memory_gb: 500, disk_gb: 13, gpu: 62_500 };
        let deployment = depin_sdl::read(TEXT).unwrap();
        assert_eq!(table.of(&deployment.groups()[0]), Ok(2 * (86_500 + 1_300)));
        let small = depin_sdl::read(&TEXT.replace("32Gi", "1073741823").replace("count: 2", "count: 1")).unwrap();
        assert_eq!(table.of(&small.groups()[0]), Ok(62_500 + 8_000 + 499 + 1_300), "a byte less than a GB is rounded down");
    }
}
