use super::*;
use crate::clusters::store::HourKept;
use depin_client::api::{ClusterDevice, ClusterHour, ClustersNetwork, Time};
use depin_quantity::{Address, Instant, Name, Seed, UnitId};
use depin_services::{
    clusters::{Answer, Attendance, DeviceTerms, HourState, ProcessorKind, Profile, Scale},
    coverage::{PublicKey, SignatureBytes},
};
use std::collections::BTreeMap;

const DEVICE: UnitId = UnitId::new([1; 32]);
const SEED: Seed = Seed::new([2; 32]);

fn at(ms: u64) -> Time {
    Time { text: String::new(), ms }
}

/// A device in hour 5, whose challenges were drawn at 1,000 ms.
fn view() -> View {
    let profile = Profile {
        kind: ProcessorKind::Cpu,
        processors: 2,
        memory_mib: 1,
        disk_gib: 0,
        download_mbps: 0,
        upload_mbps: 0,
        slice: false,
    };
    let terms = DeviceTerms { profile, url: String::new(), asks: Vec::new(), accepts: false };
    let entry = ClusterDevice {
        device: DEVICE,
        owner: Address::new([3; 32]),
        name: Name::literal("device"),
        terms,
        active: true,
        below_pledge: false,
        due: Some(5),
        nominated: true,
        uptime: 5,
        reliability: 1_000,
        passed_hours: 5,
        failed_hours: 0,
        misses: Vec::new(),
        score: String::new(),
        hire: None,
        since: at(0),
    };
    let hour = ClusterHour {
        hour: 5,
        begins: at(0),
        state: HourState::InProgress,
        seed: Some(SEED),
        opened: Some(at(1_000)),
        waiting: 1,
        nominated: 1,
        completed: 0,
        failed: 0,
        spared: 0,
        left: 0,
        probing: 0,
        score: String::new(),
    };
    let network = ClustersNetwork {
        hour_ms: 3_600_000,
        begins: at(0),
        uptime: 5,
        first_hire_after_ms: 0,
        checker: Some(Address::new([9; 32])),
        limit_ms: 60_000,
        within_ms: 2_400_000,
        window: 5,
        misses: 3,
        work: Scale::TRIAL,
        lock_least: "90%".to_owned(),
        slices: true,
        hours_least: 1,
        devices_most: 64,
        stake: None,
        rates_most: Vec::new(),
        totals: BTreeMap::new(),
    };
    View {
        device: Some(DEVICE),
        entry: Some(entry),
        hour: Some(hour),
        network: Some(network),
        now: Instant::new(2_000),
        ..View::default()
    }
}

fn agenda() -> Agenda {
    Agenda { units: [DEVICE].into(), ..Agenda::default() }
}

fn answer(millis: u32) -> Box<Answer> {
    let (key, signature) = (PublicKey::new([4; 32]), SignatureBytes::new([0; 64]));
    Box::new(Answer { device: DEVICE, hour: 5, answer: vec![1], millis, key, signature })
}

fn kept(stamped: Stamped) -> Vec<HourKept> {
    vec![HourKept { hour: 5, seed: SEED, answer: Some(vec![1]), stamped: Some(stamped), note: String::new() }]
}

#[test]
fn an_answer_is_sent_in_time_and_not_otherwise() {
    let mut view = view();
    assert_eq!(plan(&view, &agenda()), [], "nothing is signed yet");
    view.hours = kept(Stamped::Answer(answer(60_000)));
    assert_eq!(plan(&view, &agenda()), [ClusterTask::Answer(answer(60_000))]);
    view.hours = kept(Stamped::Answer(answer(60_001)));
    assert_eq!(plan(&view, &agenda()), [], "too slow by the checker's clock");
    view.hours = kept(Stamped::Answer(answer(1)));
    view.now = Instant::new(2_401_001);
    assert_eq!(plan(&view, &agenda()), [], "too late by the ledger's");
    view.now = Instant::new(2_000);
    view.note_refused(&ClusterTask::Answer(answer(1)), "it is wrong");
    assert_eq!(plan(&view, &agenda()), [], "refused once, which costs a fee each time");
    assert!(view.why(5).contains("it is wrong"));
    view.refused.clear();
    view.hours[0].seed = Seed::new([8; 32]);
    assert_eq!(plan(&view, &agenda()), [], "of another seed");
}

#[test]
fn a_hired_device_is_there_only_while_it_runs_its_node_or_waits_for_its_hirer() {
    let mut view = view();
    let seen = Attendance { device: DEVICE, hour: 5, key: PublicKey::new([4; 32]), signature: SignatureBytes::new([0; 64]) };
    view.entry.as_mut().unwrap().hire = Some(UnitId::new([7; 32]));
    view.hours = kept(Stamped::Attendance(Box::new(seen.clone())));
    assert_eq!(plan(&view, &agenda()), []);
    view.node.coming = true;
    assert_eq!(plan(&view, &agenda()), [ClusterTask::Attend(Box::new(seen))]);
}

#[test]
fn a_device_that_stands_out_is_ready_once_and_one_that_left_says_nothing() {
    let mut view = view();
    view.entry.as_mut().unwrap().due = None;
    assert_eq!(plan(&view, &agenda()), [ClusterTask::Ready(DEVICE)]);
    view.readied = true;
    assert_eq!(plan(&view, &agenda()), []);
    view.readied = false;
    view.entry.as_mut().unwrap().active = false;
    assert_eq!(plan(&view, &agenda()), []);
}

#[test]
fn every_failed_hour_has_a_reason() {
    let mut view = view();
    assert!(view.why(4).contains("not running"));
    view.hours = kept(Stamped::Answer(answer(1)));
    assert!(view.why(5).contains("not on the ledger in time"));
    view.hours[0].stamped = None;
    assert!(view.why(5).contains("checker did not sign"));
    view.hours[0].note = "the checker is away".to_owned();
    assert_eq!(view.why(5), "the checker is away");
}
