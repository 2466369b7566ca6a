//! Fixed point of 128 fractional bits as Filecoin's actors compute it: rational approximations of e^-x and ln z.
//!
//! Source: builtin-actors `actors/reward/src/expneg.rs`, `runtime/src/builtin/reward/smooth/`.

use depin_quantity::{Basis, Int, Kind, Outputs, QuantityError, RuleCard, field};
use std::sync::LazyLock;

type Result = std::result::Result<Int, QuantityError>;

/// Fractional bits.
pub const BITS: usize = 128;

fn constants(texts: &[&str]) -> Vec<Int> {
    texts.iter().map(|text| text.parse().expect("a constant is a whole number")).collect()
}

static EXP_NUM: LazyLock<Vec<Int>> = LazyLock::new(|| {
    constants(&[
        "-648770010757830093818553637600",
        "67469480939593786226847644286976",
        "-3197587544499098424029388939001856",
        "89244641121992890118377641805348864",
        "-1579656163641440567800982336819953664",
        "17685496037279256458459817590917169152",
        "-115682590513835356866803355398940131328",
        "340282366920938463463374607431768211456",
    ])
});

static EXP_DEN: LazyLock<Vec<Int>> = LazyLock::new(|| {
    constants(&[
        "1225524182432722209606361",
        "114095592300906098243859450",
        "5665570424063336070530214243",
        "194450132448609991765137938448",
        "5068267641632683791026134915072",
        "104716890604972796896895427629056",
        "1748338658439454459487681798864896",
        "23704654329841312470660182937960448",
        "259380097567996910282699886670381056",
        "2250336698853390384720606936038375424",
        "14978272436876548034486263159246028800",
        "72144088983913131323343765784380833792",
        "224599776407103106596571252037123047424",
        "340282366920938463463374607431768211456",
    ])
});

static LN_NUM: LazyLock<Vec<Int>> = LazyLock::new(|| {
    constants(&[
        "261417938209272870992496419296200268025",
        "7266615505142943436908456158054846846897",
        "32458783941900493142649393804518050491988",
        "17078670566130897220338060387082146864806",
        "-35150353308172866634071793531642638290419",
        "-20351202052858059355702509232125230498980",
        "-1563932590352680681114104005183375350999",
    ])
});

static LN_DEN: LazyLock<Vec<Int>> = LazyLock::new(|| {
    constants(&[
        "49928077726659937662124949977867279384",
        "2508163877009111928787629628566491583994",
        "21757751789594546643737445330202599887121",
        "53400635271583923415775576342898617051826",
        "41248834748603606604000911015235164348839",
        "9015227820322455780436733526367238305537",
        "340282366920938463463374607431768211456",
    ])
});

static LN2: LazyLock<Vec<Int>> = LazyLock::new(|| constants(&["235865763225513294137944142764154484399"]));

/// A polynomial at `x`, highest coefficient first; every product shifted down.
fn polyval(coefficients: &[Int], x: Int) -> Result {
    coefficients.iter().try_fold(Int::ZERO, |r, c| r.times(x)?.shr(BITS).plus(*c))
}

/// `e^-x` for `x` in units of 2^-128.
pub fn expneg(x: Int) -> Result {
    polyval(&EXP_NUM, x)?.shl(BITS)?.div_floor(polyval(&EXP_DEN, x)?)
}

/// The natural logarithm of `z` in units of 2^-128.
///
/// At or below zero, where there is no logarithm, upstream's steps are carried on with: what they give means nothing, but callers
/// clamp what they make of it, and a clamped result is a result.
pub fn ln(z: Int) -> Result {
    let exponent = z.bits() as i128 - 1 - BITS as i128;
    let by = exponent.unsigned_abs() as usize;
    let x = if exponent > 0 { z.shr(by) } else { z.shl(by)? };
    let fraction = polyval(&LN_NUM, x)?.shl(BITS)?.div_floor(polyval(&LN_DEN, x)?)?;
    LN2[0].times(Int::from(exponent))?.plus(fraction)
}

/// The cards of this module.
pub const CARDS: &[&RuleCard] = &[&EXPNEG, &LN];

pub static EXPNEG: RuleCard = RuleCard {
    id: "FIL-EM-4",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "e^-x in 128-bit fixed point",
    description: "The decay of simple minting and of the baseline part is computed with one quotient of two polynomials, so that every \
            machine gets the same bits.",
    formula: "floor((N(x) << 128) / D(x)); N of degree 7 and D of degree 13, evaluated from the highest coefficient with \
              r = ((r * x) >> 128) + c",
    rounding: "every product shifted down (towards minus infinity), the quotient down",
    inputs: &[field("x", Kind::Wide(132), "2^-128", "the exponent, below 16")],
    outputs: &[field("exp", Kind::Signed, "2^-128", "e^-x")],
    source: "builtin-actors actors/reward/src/expneg.rs; example: independent integer computation",
    examples: &[
        (r#"{"x": 0}"#, r#"{"exp": "340282366920938463463374607431768211456"}"#),
        (r#"{"x": "37396271439864487274534522888786"}"#, r#"{"exp": "340282329524669078482128901167120025832"}"#),
    ],
    run: |i| {
        let exp = expneg(i.signed("x")?)?;
        Ok(Outputs::new().integer("exp", exp))
    },
};

pub static LN: RuleCard = RuleCard {
    id: "FIL-EM-5",
    networks: &["filecoin"],
    basis: Basis::Model,
    title: "Natural logarithm in 128-bit fixed point",
    description: "The sum of a quotient of two smoothed estimates over a window needs a logarithm; z is scaled by a power of two, the rest \
            is a quotient of two polynomials.",
    formula: "k = bits(|z|) - 129; x = z >> k; k * LN2 + floor((N(x) << 128) / D(x)), LN2 = 235865763225513294137944142764154484399",
    rounding: "every product shifted down, the quotient down",
    inputs: &[field(
        "z",
        Kind::Signed,
        "2^-128",
        "the argument; at or below zero the steps are carried on with and mean nothing",
    )],
    outputs: &[field("ln", Kind::Signed, "2^-128", "ln z")],
    source: "builtin-actors runtime/src/builtin/reward/smooth/; example: independent integer computation",
    examples: &[
        (r#"{"z": "170141183460469231731687303715884105728"}"#, r#"{"ln": "-235865763225513294137944142764154483521"}"#),
        (r#"{"z": "340282366920938463463374607431768211456"}"#, r#"{"ln": "878"}"#),
        (r#"{"z": "-340282366920938463463374607431768211456"}"#, r#"{"ln": "1779845047392295637242855856409415441303"}"#),
        (r#"{"z": 5000}"#, r#"{"ln": "-27292567034167682681167063316217082842213"}"#),
    ],
    run: |i| Ok(Outputs::new().integer("ln", ln(i.signed("z")?)?)),
};
