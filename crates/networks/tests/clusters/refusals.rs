//! Whatever anybody says, in any order: nothing breaks, and what is refused leaves no trace.

use crate::world::{CHECKER, HIRER, Net, hirer, machine, name, new_hire, owner, terms};
use depin_quantity::{Address, ContentHash, Span, UnitId, Units};
use depin_services::{
    clusters::{Answer, Attendance, ClustersMessage as M, NewHire, TimeLock},
    coverage::{PublicKey, SignatureBytes},
};
use proptest::{prelude::*, strategy::ValueTree as _};

const NONE: SignatureBytes = SignatureBytes::new([0; 64]);

/// One of five people.
fn people() -> impl Strategy<Value = Address> {
    prop_oneof![Just(hirer()), Just(CHECKER.address()), (1..=3u8).prop_map(owner)]
}

fn device() -> impl Strategy<Value = UnitId> {
    (1..=4u8).prop_map(machine)
}

fn key() -> impl Strategy<Value = PublicKey> {
    prop_oneof![Just(HIRER), Just(CHECKER)]
}

fn message() -> impl Strategy<Value = M> {
    let hire = (0..30u32, proptest::collection::vec(1..=4u8, 0..4), 0..3u128).prop_map(|(hours, devices, most)| {
        let plain = new_hire(hours, &devices);
        M::Hire(Box::new(NewHire { most: Units::new(most * crate::world::RATE), ..plain }))
    });
    let number = 0..4u32;
    prop_oneof![
        (1..=4u8, 0..4u32, any::<bool>()).prop_map(|(n, processors, accepts)| {
            let mut terms = terms();
            (terms.profile.processors, terms.accepts) = (processors, accepts);
            M::Register { name: name(n), terms }
        }),
        device().prop_map(|device| M::Ready { device }),
        device().prop_map(|device| M::Leave { device }),
        device().prop_map(|device| M::Quit { device }),
        device().prop_map(|device| M::Accuse { device, evidence: ContentHash::new([1; 32]) }),
        (device(), 0..40u64, proptest::collection::vec(any::<u8>(), 0..100), key()).prop_map(|(device, hour, answer, key)| {
            M::Answer(Box::new(Answer { device, hour, answer, millis: 7, key, signature: NONE }))
        }),
        (device(), 0..40u64, key()).prop_map(|(device, hour, key)| M::Attend(Box::new(Attendance {
            device,
            hour,
            key,
            signature: NONE
        }))),
        (device(), 0..40u64, 0..1_100u32, key()).prop_map(|(device, hour, parts, key)| {
            M::ProveLock(Box::new(TimeLock { device, hour, parts, key, signature: NONE }))
        }),
        hire,
        (Just(()), 0..30u32).prop_map(|((), hours)| M::Extend { hire: UnitId::new([0; 32]), hours }),
        (number, device()).prop_map(|(slot, device)| M::Replace { hire: UnitId::new([0; 32]), slot, device }),
        Just(M::EndHire { hire: UnitId::new([0; 32]) }),
    ]
}

/// What a person does, or that time passes, or that all hired devices are there.
#[derive(Clone, Debug)]
enum Step {
    Say(Address, M),
    Hour,
    Present,
    Later(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (people(), message()).prop_map(|(who, message)| Step::Say(who, message)),
        2 => Just(Step::Hour),
        2 => Just(Step::Present),
        1 => (0..30_000u64).prop_map(Step::Later),
    ]
}

/// The zero id stands for a hire that there is.
fn meant(net: &Net, message: M) -> M {
    let known = depin_services::clusters::hires(net.rows(), None).next().map_or(UnitId::new([9; 32]), |(id, _)| id);
    match message {
        M::Extend { hours, .. } => M::Extend { hire: known, hours },
        M::Replace { slot, device, .. } => M::Replace { hire: known, slot, device },
        M::EndHire { .. } => M::EndHire { hire: known },
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Audits of economy and service hold behind every message and block: no base unit is made or lost, and the rows agree.
    #[test]
    fn any_life_conserves_everything(steps in proptest::collection::vec(step(), 1..60)) {
        let mut net = Net::proved(3);
        for step in steps {
            match step {
                Step::Say(who, message) => {
                    let message = meant(&net, message);
                    let bounds = message.check_bounds();
                    let done = net.send(who, message);
                    prop_assert!(bounds.is_ok() || done.is_err(), "what a node refuses no ledger takes");
                }
                Step::Hour => net.next_hour(),
                Step::Present => {
                    for n in 1..=3 {
                        let registered = depin_services::clusters::device(net.rows(), machine(n)).is_some();
                        if registered && net.lock(n, HIRER, 950).is_err() && net.device(n).due == Some(net.hour()) {
                            let open = depin_services::clusters::hour(net.rows(), net.hour()).is_some_and(|row| row.opened.is_some());
                            if open {
                                let answer = net.solved(n);
                                let _ = net.send(owner(n), M::Answer(Box::new(answer)));
                            }
                        }
                    }
                }
                Step::Later(seconds) => net.tick(Span::from_secs(seconds)),
            }
        }
        // Whatever is open ends by itself.
        net.tick(Span::from_days(30));
        net.tick(Span::from_days(30));
        prop_assert_eq!(net.totals().open_hires, 0);
        prop_assert_eq!(net.totals().hired, 0);
        net.events_read_back();
    }
}

#[test]
fn messages_read_back_and_say_their_work() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..200 {
        let message = message().new_tree(&mut runner).unwrap().current();
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<M>(&json).unwrap(), message);
        assert_eq!(borsh_back(&message), message);
        assert!(message.work() >= 100 && message.work() < 15_000, "{}", message.name());
    }
}

fn borsh_back(message: &M) -> M {
    let whole = depin_services::ServiceMessage::from(message.clone());
    match serde_json::from_value(serde_json::to_value(&whole).unwrap()).unwrap() {
        depin_services::ServiceMessage::Clusters(message) => message,
        other => panic!("{other:?}"),
    }
}
