//! What a provider computes before it bids, against vectors worked out by hand and by Python's exact fractions.

use depin_quantity::Decimal18;
use depin_sdl::{
    Attribute, Endpoint, EndpointKind, Group, Price, Quantity, Requirements, ResourceUnit, Resources, SignedBy, Volume,
    bidding::{
        Audited, NoBid, ScaleError, ScalePrices, ScriptError, Unmet, bid, meets_capabilities, meets_requirements, price_range,
        reserved, script_env, script_input, script_price,
    },
    read,
};
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal18 {
    Decimal18::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

/// Attributes as they are written below.
type Pairs<'a> = &'a [(&'a str, &'a str)];

fn attributes(list: Pairs<'_>) -> Vec<Attribute> {
    list.iter().map(|(key, value)| Attribute::new(*key, *value)).collect()
}

fn unit(id: u32, count: u32, cpu: u64, memory: u64, storage: &[(u64, Pairs<'_>)], price: &str) -> ResourceUnit {
    let mut resources = Resources { id, ..Resources::default() };
    resources.cpu.units = Quantity::new(cpu);
    resources.memory.size = Quantity::new(memory);
    let volume = |(index, (size, said)): (usize, &(u64, Pairs<'_>))| Volume {
        name: format!("v{index}"),
        size: Quantity::new(*size),
        attributes: attributes(said),
    };
    resources.storage = storage.iter().enumerate().map(volume).collect();
    ResourceUnit { resources, count, price: Price { denom: "uact".to_owned(), amount: decimal(price) } }
}

fn group(resources: Vec<ResourceUnit>) -> Group {
    Group { name: "west".to_owned(), requirements: Requirements::default(), resources }
}

fn endpoint(kind: EndpointKind, sequence_number: u32) -> Endpoint {
    Endpoint { kind, sequence_number }
}

fn prices() -> ScalePrices {
    let storage = [("ephemeral", "0.00002"), ("beta2", "0.00004")].map(|(class, price)| (class.to_owned(), decimal(price)));
    ScalePrices {
        cpu: decimal("0.0016"),
        memory: decimal("0.0008"),
        storage: storage.into(),
        endpoint: decimal("0.05"),
        ip: decimal("1.5"),
    }
}

#[test]
fn prices_by_scale_are_exact() {
    let mut one = unit(1, 2, 500, 512 << 20, &[(1 << 30, &[])], "3");
    one.resources.endpoints = vec![endpoint(EndpointKind::SharedHttp, 0)];
    assert_eq!(prices().price(&group(vec![one.clone()])), Ok(decimal("2.51016")));

    // Two units share one of two addresses: 2.51016 + 4 endpoints more at 0.05 + 2 addresses at 1.5 + the other unit's own
    // 3 * (100 * 0.0016 + 64 * 0.0008 + 1024 * 0.00004) = 0.75648.
    one.resources.endpoints.extend([endpoint(EndpointKind::LeasedIp, 1), endpoint(EndpointKind::RandomPort, 0)]);
    let mut other = unit(2, 3, 100, 64 << 20, &[(1 << 30, &[("class", "beta2"), ("persistent", "true")])], "1");
    other.resources.endpoints = vec![endpoint(EndpointKind::LeasedIp, 1), endpoint(EndpointKind::LeasedIp, 4)];
    assert_eq!(prices().price(&group(vec![one, other])), Ok(decimal("6.46664")));
}

#[test]
fn a_price_by_scale_can_be_none() {
    let plain = |storage: &[(u64, Pairs<'_>)]| group(vec![unit(1, 1, 100, 64 << 20, storage, "1")]);
    let beta3 = plain(&[(1 << 30, &[("class", "beta3"), ("persistent", "true")])]);
    assert_eq!(prices().price(&beta3), Err(ScaleError::NoPrice("beta3".to_owned())));
    // A class counts when the volume is persistent.
    assert!(prices().price(&plain(&[(1 << 30, &[("class", "beta3"), ("persistent", "false")])])).is_ok());
    let fine = group(vec![unit(1, 1, 100, 100_000_001, &[], "1")]);
    assert!(matches!(prices().price(&fine), Err(ScaleError::TooFine(_))));
    // 100,000,000 bytes are 95.3674316406250000 MiB, which 16 places hold, and a price of two places keeps within 18.
    let fine = group(vec![unit(1, 1, 100, 100_000_000, &[], "1")]);
    let coarse = ScalePrices { memory: decimal("0.01"), ..ScalePrices::default() };
    let coarse = ScalePrices { storage: [("ephemeral".to_owned(), decimal("1"))].into(), ..coarse };
    assert_eq!(coarse.price(&fine), Ok(decimal("0.95367431640625")));
    assert_eq!(coarse.price(&group(Vec::new())), Err(ScaleError::Zero));
    let dear = ScalePrices { cpu: decimal("100000000000000000"), ..prices() };
    assert_eq!(dear.price(&plain(&[])), Err(ScaleError::TooMuch));
    assert_eq!(ScalePrices::default().check(), Err(ScaleError::AllZero));
    assert_eq!(prices().check(), Ok(()));
    let half = ScalePrices {
        storage: [("a".to_owned(), decimal("1")), ("b".to_owned(), Decimal18::ZERO)].into(),
        ..ScalePrices::default()
    };
    assert_eq!(half.check(), Err(ScaleError::AllZero), "as upstream: one class without a price and nothing else");
}

#[test]
fn bids_stay_within_the_order() {
    let order = group(vec![unit(1, 2, 100, 1 << 20, &[], "1.5"), unit(2, 4, 100, 1 << 20, &[], "0.25")]);
    assert_eq!(bid(&order, decimal("4")).map(|price| (price.denom, price.amount)), Ok(("uact".to_owned(), decimal("4"))));
    assert_eq!(bid(&order, decimal("0")), Err(NoBid::Zero));
    let above = bid(&order, decimal("4.000000000000000001")).unwrap_err();
    assert_eq!(above.to_string(), "4.000000000000000001 is above the order's 4 per block");
    assert_eq!(bid(&group(Vec::new()), decimal("1")), Err(NoBid::NoUnits));
}

#[test]
fn ranges_hang_on_memory_and_the_orders_price() {
    let range = |count, memory, price: &str| price_range(&group(vec![unit(1, count, 100, memory, &[], price)])).unwrap().unwrap();
    let (low, high) = (range(2, 1 << 30, "1000000"), range(2, 1 << 30, "600000"));
    assert_eq!((low.min, low.max), (decimal("100"), decimal("2000000")));
    assert_eq!((high.min, high.max), (decimal("100"), decimal("1200000")));
    let small = range(1, 1 << 20, "5");
    assert_eq!((small.min, small.max), (decimal("1"), decimal("5")));
    let tiny = range(1, 1, "5");
    assert_eq!((tiny.min, tiny.max, tiny.draws()), (decimal("1"), decimal("1"), 1));
    assert_eq!(small.draws(), 40_000);
    assert_eq!(small.price(0).amount, decimal("1"));
    assert_eq!(small.price(39_999).amount, decimal("1.039999"));
    assert_eq!(small.price(u64::MAX), small.price(39_999));
    let below = range(1, 1 << 30, "2");
    assert_eq!((below.min, below.max, below.draws()), (decimal("50"), decimal("2"), 1));
}

#[test]
fn a_script_reads_upstreams_line() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/rules-2.1.yaml")).unwrap();
    let deployment = read(&text).unwrap();
    let line = script_input(&deployment.groups()[1], None, 6).unwrap();
    let expected = concat!(
        r#"{"resources":[{"memory":1610612736,"cpu":250,"gpu":{"units":2,"attributes":{"vendor":{"nvidia":{"model":"h100","ram":"80Gi","interface":"sxm"}}}},"#,
        r#""storage":[{"class":"ephemeral","size":536870912},{"class":"ram","size":1000000000},{"class":"beta2","size":10737418240}],"#,
        r#""count":5,"endpoint_quantity":6,"ip_lease_quantity":2}],"price":{"denom":"uact","amount":"2.500000000000000000"},"price_precision":6}"#,
        "\n"
    );
    assert_eq!(line, expected);
    let plain = group(vec![unit(1, 1, 100, 1 << 20, &[], "1")]);
    let line = script_input(&plain, None, 0).unwrap();
    assert!(line.contains(r#""gpu":{"units":0,"attributes":{}},"storage":[]"#) && !line.contains("price_precision"), "{line}");
    let mut allocated = plain.resources.clone();
    allocated[0].resources.gpu.attributes =
        attributes(&[("vendor/nvidia/model/a100", "true"), ("odd", "true"), ("vendor/x", "true")]);
    let line = script_input(&plain, Some(&allocated), 6).unwrap();
    assert!(line.contains(r#""attributes":{"vendor":{"nvidia":{"model":"a100"}}}"#), "{line}");
    assert_eq!(script_env("akash1a", "uact"), [("AKASH_OWNER", "akash1a".to_owned()), ("AKASH_DENOM", "uact".to_owned())]);
}

#[test]
fn a_script_writes_one_price() {
    assert_eq!(script_price(" 1.25\n"), Ok(decimal("1.25")));
    assert_eq!(script_price("0.000001"), Ok(decimal("0.000001")));
    assert_eq!(script_price("  \n"), Err(ScriptError::Empty));
    assert_eq!(script_price("0.0"), Err(ScriptError::Zero));
    for (text, word) in [
        ("-1", "negative"),
        ("1e3", "no decimal"),
        ("1 uact", "no decimal"),
        ("1.0000000000000000001", "18 places"),
        ("NaN", "no decimal"),
        ("1\n2", "no decimal"),
    ] {
        let error = script_price(text).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn requirements_are_met_by_the_provider_or_by_whoever_must_have_signed() {
    let own = attributes(&[("region", "us-west"), ("tier", "community"), ("capabilities/storage/1/class", "beta3")]);
    let requirements = |any: &[&str], all: &[&str], list: Pairs<'_>| {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        Requirements { signed_by: SignedBy { any_of: names(any), all_of: names(all) }, attributes: attributes(list) }
    };
    let word = |auditor: &str, list: Pairs<'_>| Audited { auditor: auditor.to_owned(), attributes: attributes(list) };
    let west = [("region", "us-west")];
    assert_eq!(meets_requirements(&requirements(&[], &[], &west), &own, &[]), Ok(()));
    assert_eq!(meets_requirements(&requirements(&[], &[], &[("reg*", "us-west")]), &own, &[]), Ok(()));
    assert_eq!(meets_requirements(&requirements(&[], &[], &[("capabilities/storage/*/class", "beta3")]), &own, &[]), Ok(()));
    let missing = Unmet::Attribute { key: "region".to_owned(), value: "eu".to_owned() };
    assert_eq!(meets_requirements(&requirements(&[], &[], &[("region", "eu")]), &own, &[]), Err(missing));

    // What auditors signed counts, and nothing else.
    let (good, other) = (word("a", &west), word("b", &[("region", "eu")]));
    let judge = |any: &[&str], all: &[&str], words: &[Audited]| meets_requirements(&requirements(any, all, &west), &own, words);
    assert_eq!(judge(&["a"], &[], &[]), Err(Unmet::Unaudited));
    assert_eq!(judge(&["a", "c"], &[], &[other.clone(), good.clone()]), Ok(()));
    assert_eq!(judge(&["b", "c"], &[], &[other.clone(), good.clone()]), Err(Unmet::AnyOf));
    assert_eq!(judge(&[], &["a"], std::slice::from_ref(&good)), Ok(()));
    assert_eq!(judge(&[], &["a", "b"], &[good.clone(), other.clone()]), Err(Unmet::AllOf("b".to_owned())));
    assert_eq!(judge(&["b"], &["a"], &[good.clone(), other]), Err(Unmet::AnyOf));
    assert_eq!(judge(&["a"], &[], &[good, word("a", &[])]), Err(Unmet::AnyOf), "the last word of an auditor counts");
}

#[test]
fn capabilities_are_those_of_one_storage_group_and_any_gpu() {
    let own = attributes(&[
        ("capabilities/storage/1/class", "beta2"),
        ("capabilities/storage/1/persistent", "true"),
        ("capabilities/storage/2/class", "ram"),
        ("capabilities/storage/2/persistent", "false"),
        ("capabilities/storage/3", "malformed"),
        ("capabilities/gpu/vendor/nvidia/model/a100", "true"),
        ("capabilities/gpu/vendor/nvidia/model/a100/ram/80Gi", "true"),
    ]);
    let judge = |storage: &[(&str, &str)], units: u64, models: &[&str]| {
        let mut one = unit(7, 1, 100, 1 << 20, &[(1 << 30, &[]), (1 << 30, storage)], "1");
        one.resources.gpu.units = Quantity::new(units);
        one.resources.gpu.attributes =
            models.iter().map(|model| Attribute::new(format!("vendor/nvidia/model/{model}"), "true")).collect();
        meets_capabilities(&group(vec![one]), &own)
    };
    assert_eq!(judge(&[("class", "beta2"), ("persistent", "true")], 0, &[]), Ok(()));
    assert_eq!(judge(&[("class", "ram"), ("persistent", "false")], 0, &[]), Ok(()));
    assert_eq!(judge(&[("persistent", "false")], 0, &[]), Ok(()));
    assert_eq!(judge(&[("class", "beta2"), ("persistent", "false")], 0, &[]), Err(Unmet::Storage("v1".to_owned())));
    assert_eq!(judge(&[("class", "beta3"), ("persistent", "true")], 0, &[]), Err(Unmet::Storage("v1".to_owned())));
    assert_eq!(judge(&[], 1, &["h100", "a100"]), Ok(()));
    assert_eq!(judge(&[], 1, &["*"]), Ok(()));
    assert_eq!(judge(&[], 1, &["a100/ram/80Gi"]), Ok(()));
    assert_eq!(judge(&[], 1, &["h100"]), Err(Unmet::Gpu(7)));
    assert_eq!(judge(&[], 0, &["h100"]), Ok(()));
}

#[test]
fn what_is_set_aside_is_sold_by_a_factor() {
    let set_aside = |value, factor: &str| reserved(Quantity::new(value), decimal(factor)).map(Quantity::get);
    for (value, factor, kept) in
        [(1000, "1.5", 667), (1, "9", 1), (7, "0.5", 7), (7, "1", 7), (5, "2", 3), (0, "2", 1), (u64::MAX, "2", 1 << 63)]
    {
        assert_eq!(set_aside(value, factor), Ok(kept), "{value} / {factor}");
    }
    assert!(set_aside(1, "0").is_err());
}

proptest! {
    /// Whole MiB: the price of a group is the sum of its units', and of a unit by its replicas.
    #[test]
    fn prices_by_scale_add_up(count in 1u32..50, cpu in 10u64..10_000, mib in 1u64..100_000, disk in 5u64..1_000_000) {
        let one = unit(1, 1, cpu, mib << 20, &[(disk << 20, &[])], "1");
        let many = ResourceUnit { count, ..one.clone() };
        let single = prices().price(&group(vec![one.clone()])).unwrap();
        let times = prices().price(&group(vec![many.clone()])).unwrap();
        prop_assert_eq!(single.times(count.into()).unwrap(), times);
        prop_assert_eq!(prices().price(&group(vec![one, many])).unwrap(), single.plus(times).unwrap());
    }

    /// Whatever is drawn lies within the bounds.
    #[test]
    fn draws_stay_within_the_range(memory in 1u64..(1 << 40), price in 1u128..10_000_000, draw: u64) {
        let order = group(vec![unit(1, 1, 100, memory, &[], &price.to_string())]);
        let range = price_range(&order).unwrap().unwrap();
        let drawn = range.price(draw % range.draws()).amount;
        prop_assert!(range.min <= drawn && (drawn <= range.max || range.max < range.min));
    }

    #[test]
    fn what_a_script_writes_is_a_price_or_an_error(text in "\\PC{0,40}") {
        if let Ok(price) = script_price(&text) {
            prop_assert!(!price.is_zero());
        }
    }
}
