//! The cluster that a hire on the ledger makes: which device is which node, and what each may take. Every member's daemon comes to the same.

use super::address::tunnel_of;
use depin_client::api::{ClusterHire, ClusterSlot};
use depin_cluster::{Member, NodeLimits, Plan, Program, Work};
use depin_quantity::UnitId;
use depin_services::clusters::{ClusterKind, Profile, Stage};
use std::collections::BTreeMap;

/// The part of a node's memory that Ray's object store has, in tenths, as Ray itself takes it.
const STORE_TENTHS: u64 = 3;
/// Processes and threads of a node, and for each of its cores.
const PROCESSES: u32 = 4_096;
const PROCESSES_CORE: u32 = 1_024;

/// The slots that a cluster is of now, by rank: those that were hired at the beginning, each the last that took its place. The first is the head.
pub(super) fn seats(hire: &ClusterHire) -> Vec<u32> {
    let mut first: Vec<u32> = hire.slots.iter().filter(|slot| slot.replaces.is_none()).map(|slot| slot.slot).collect();
    first.sort_unstable();
    let last = |seat: u32| {
        let mut seat = seat;
        // Each replacement has a number of its own, so there is an end.
        for _ in 0..hire.slots.len() {
            match hire.slots.iter().find(|slot| slot.replaces == Some(seat)) {
                Some(next) => seat = next.slot,
                None => break,
            }
        }
        seat
    };
    first.into_iter().map(last).collect()
}

/// The node of a device in a hire that runs; none when it works for it no more.
pub(super) fn rank_of(hire: &ClusterHire, device: UnitId) -> Option<u8> {
    let works = |slot: &ClusterSlot| slot.device == device && slot.stage == Stage::Working && slot.end.is_none();
    let own = hire.slots.iter().find(|slot| works(slot))?.slot;
    let at = seats(hire).into_iter().position(|seat| seat == own)?;
    u8::try_from(at).ok()
}

/// The plan of a hire. `profiles` are those of its devices, by id; `program` is what the hirer gave, where it hired for programs.
///
/// # Errors
/// Why there is none, in words for the device's owner.
pub(super) fn plan_of(
    hire: &ClusterHire,
    profiles: &BTreeMap<UnitId, Profile>,
    program: Option<Program>,
) -> Result<Plan, String> {
    let is_ray = hire.terms.kind == ClusterKind::Ray;
    let work = match (hire.terms.kind, program) {
        (ClusterKind::Ray, _) => Work::Ray,
        (ClusterKind::Processes, Some(program)) => Work::Process(program),
        (ClusterKind::Processes, None) => return Err("the hirer has not given the program yet".to_owned()),
        (ClusterKind::Containers, _) => return Err("this daemon runs no containers for clusters".to_owned()),
    };
    let mut members = Vec::new();
    for seat in seats(hire) {
        let slot = hire.slots.iter().find(|slot| slot.slot == seat).ok_or_else(|| format!("slot {seat} is not there"))?;
        let profile = profiles.get(&slot.device).ok_or_else(|| format!("the ledger does not know {}", slot.device))?;
        let tunnel = tunnel_of(&slot.url).map_err(|error| error.to_string())?;
        members.push(Member { account: slot.owner, tunnel, limits: limits(slot.processors, profile, is_ray) });
    }
    let plan = Plan { hire: hire.hire, hirer: hire.hirer, work, members };
    plan.check().map_err(|error| error.to_string())?;
    Ok(plan)
}

/// What a device's node may take: what the device claims. Processors are those that it was hired with: ports follow from them.
fn limits(processors: u32, profile: &Profile, is_ray: bool) -> NodeLimits {
    let memory_bytes = u64::from(profile.memory_mib) << 20;
    NodeLimits {
        cpus: processors,
        memory_bytes,
        object_store_bytes: if is_ray { memory_bytes / 10 * STORE_TENTHS } else { 0 },
        disk_bytes: u64::from(profile.disk_gib) << 30,
        processes: PROCESSES.saturating_add(processors.saturating_mul(PROCESSES_CORE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use depin_client::api::{Amount, Time};
    use depin_quantity::{Address, ContentHash, Name, Units};
    use depin_services::clusters::{Filter, HireState, NewHire, ProcessorKind};

    const PROFILE: Profile = Profile {
        kind: ProcessorKind::Cpu,
        processors: 2,
        memory_mib: 4_096,
        disk_gib: 10,
        download_mbps: 0,
        upload_mbps: 0,
        slice: false,
    };

    fn io() -> Amount {
        Amount::new(Name::literal("IO"), Units::new(1), 8)
    }

    fn never() -> Time {
        Time { text: String::new(), ms: 0 }
    }

    fn device(n: u8) -> UnitId {
        UnitId::new([n; 32])
    }

    fn slot(slot: u32, n: u8, replaces: Option<u32>) -> ClusterSlot {
        ClusterSlot {
            slot,
            device: device(n),
            owner: Address::new([n; 32]),
            url: format!("http://127.0.0.1:{}", 4_000 + slot * 10),
            processors: 2,
            rate: io(),
            from: never(),
            hours: 2,
            stage: Stage::Working,
            seen: never(),
            end: None,
            owed: None,
            used: 0,
            paid: io(),
            replaces,
        }
    }

    fn hire(kind: ClusterKind, slots: Vec<ClusterSlot>) -> ClusterHire {
        let filter = Filter { kind: ProcessorKind::Cpu, processors: 1, memory_mib: 1, disk_gib: 0, reliability: 0 };
        let terms = NewHire {
            kind,
            currency: Name::literal("IO"),
            most: Units::new(1),
            hours: 2,
            filter,
            devices: Vec::new(),
            image: ContentHash::new([0; 32]),
        };
        ClusterHire {
            hire: UnitId::new([7; 32]),
            hirer: Address::new([8; 32]),
            terms,
            state: HireState::Running,
            created: never(),
            until: never(),
            deposited: io(),
            paid: io(),
            held: io(),
            closed: None,
            slots,
        }
    }

    #[test]
    fn a_replacement_takes_the_rank_of_whom_it_replaced() {
        let hire = hire(
            ClusterKind::Ray,
            vec![slot(2, 3, None), slot(0, 1, None), slot(1, 2, None), slot(3, 4, Some(1)), slot(4, 5, Some(3))],
        );
        assert_eq!(seats(&hire), [0, 4, 2]);
        assert_eq!((rank_of(&hire, device(1)), rank_of(&hire, device(5))), (Some(0), Some(1)));
        assert_eq!(rank_of(&hire, device(2)), None, "its place was taken");
    }

    #[test]
    fn a_plan_follows_from_the_ledger_and_says_what_is_missing() {
        let profiles: BTreeMap<UnitId, Profile> = [(device(1), PROFILE), (device(2), PROFILE)].into();
        let slots = || vec![slot(0, 1, None), slot(1, 2, None)];
        let plan = plan_of(&hire(ClusterKind::Ray, slots()), &profiles, None).unwrap();
        assert_eq!(
            plan.members.iter().map(|member| member.tunnel.as_str()).collect::<Vec<_>>(),
            ["127.0.0.1:4001", "127.0.0.1:4011"]
        );
        assert_eq!(plan.members[1].limits.object_store_bytes, (4_096 << 20) / 10 * 3);
        let program = Program { command: vec!["true".to_owned()], env: Vec::new() };
        let processes = hire(ClusterKind::Processes, slots());
        assert!(plan_of(&processes, &profiles, Some(program)).is_ok());
        assert!(plan_of(&processes, &profiles, None).unwrap_err().contains("not given"));
        assert!(plan_of(&hire(ClusterKind::Containers, slots()), &profiles, None).unwrap_err().contains("no containers"));
        assert!(plan_of(&hire(ClusterKind::Ray, slots()), &BTreeMap::new(), None).unwrap_err().contains("does not know"));
        let mut unreachable = slots();
        unreachable[1].url.clear();
        assert!(plan_of(&hire(ClusterKind::Ray, unreachable), &profiles, None).unwrap_err().contains("no URL"));
        let small = Profile { memory_mib: 512, ..PROFILE };
        let told = plan_of(&hire(ClusterKind::Ray, slots()), &[(device(1), small), (device(2), small)].into(), None).unwrap_err();
        assert!(told.contains("memory_bytes of member 0"), "{told}");
    }
}
