//! The columnar model against published end values, at every width, and against itself without vectors.

use depin_sim::columnar::{BurnAndMint, Day, Fleet, Lanes, LengthError, Outcome, Rule, Shocks, Simd, run, run_plainly};

const TEN_YEARS: BurnAndMint = BurnAndMint { providers: 1000, days: 3650, shocks: Shocks::None };

/// End values after 3,650 days, as NumPy's 64-bit arithmetic gives them: supply, price, demand, providers, capacity, utilisation, burned, minted, balance.
const REFERENCE: [(Shocks, [f64; 9]); 3] = [
    (
        Shocks::None,
        [
            92_738_642.715_781_05,
            0.531_272_435_617_523_2,
            5_999.948_866_649_273,
            178.0,
            971.0,
            1.0,
            45_512_919.221_255_44,
            38_251_561.937_036_805,
            7_274_080.169_884_69,
        ],
    ),
    (
        Shocks::OfRun(0),
        [
            93_638_039.896_665_32,
            0.829_220_837_277_222,
            4_698.222_063_707_995,
            294.0,
            1_588.0,
            1.0,
            44_585_808.032_014_86,
            38_223_847.928_680_17,
            10_774_455.445_857_272,
        ],
    ),
    (
        Shocks::OfRun(1),
        [
            90_601_263.735_985_67,
            0.323_479_538_835_903_4,
            6_455.722_730_936_319,
            112.0,
            628.0,
            1.0,
            47_479_532.162_391_16,
            38_080_795.898_376_465,
            6_325_169.643_157_581,
        ],
    ),
];

fn end(outcome: &Outcome) -> [f64; 9] {
    let Day { supply, price, demand, providers, capacity, utilisation, burned, minted } = *outcome.days.last().unwrap();
    [supply, price, demand, providers, capacity, utilisation, burned, minted, outcome.balance]
}

#[test]
fn the_model_ends_where_numpy_ends() {
    for (shocks, expected) in REFERENCE {
        let found = end(&run(BurnAndMint { shocks, ..TEN_YEARS }));
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found / expected - 1.0).abs() <= 1e-9, "{shocks:?}: {found} instead of {expected}");
        }
    }
}

#[test]
fn vectors_change_no_bit() {
    // Also with a rest that fills no vector.
    for providers in [0, 1, 15, 16, 17, 250, 1000, 1003] {
        let model = BurnAndMint { providers, days: 200, shocks: Shocks::OfRun(7) };
        assert_eq!(run(model), run_plainly(model), "{providers} providers");
    }
}

/// Everybody owns one more; sums what everybody owned.
struct Count;

impl Rule<0, 1, 1> for Count {
    fn step<S: Simd>(&self, _: [Lanes<S>; 0], [owned]: [Lanes<S>; 1]) -> ([Lanes<S>; 1], [Lanes<S>; 1]) {
        ([owned + 1.0], [owned])
    }
}

#[test]
fn a_rule_reaches_every_agent_once() {
    for agents in 0..70u32 {
        let mut fleet = Fleet::new([], [(0..agents).map(f64::from).collect()]).unwrap();
        let [sum] = fleet.update(pulp::Scalar::new(), &Count);
        assert_eq!(sum, f64::from(agents) * (f64::from(agents) - 1.0) / 2.0);
        assert_eq!(fleet.state(0), (0..agents).map(|n| f64::from(n) + 1.0).collect::<Vec<_>>());
    }
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let refused = Fleet::new([vec![1.0, 2.0]], [vec![0.0]]).unwrap_err();
    assert_eq!(refused, LengthError { expected: 2, found: 1 });
    assert!(refused.to_string().contains("one number per agent"), "{refused}");
}
