//! How quantities read, write and compute.

use depin_quantity::*;
use proptest::prelude::*;

#[test]
fn amounts_read_and_write_their_decimals_exactly() {
    let amount = Units::parse_decimal("1.5", 18).unwrap();
    assert_eq!(amount.get(), 1_500_000_000_000_000_000);
    assert_eq!(amount.to_decimal(18), "1.5");
    assert_eq!(Units::new(1).to_decimal(18), "0.000000000000000001");
    assert_eq!(Units::parse_decimal("2_000_000_000", 18).unwrap().to_decimal(18), "2000000000");
}

#[test]
fn an_amount_finer_than_its_token_is_refused() {
    for bad in ["0.0000000000000000001", "", ".", "-1", "1e3", "1.5 FIL", "१"] {
        assert!(Units::parse_decimal(bad, 18).is_err(), "{bad} was taken");
    }
}

#[test]
fn amounts_travel_as_json_strings() {
    let json = serde_json::to_string(&Units::new(u128::MAX)).unwrap();
    assert_eq!(json, format!("\"{}\"", u128::MAX));
    assert_eq!(serde_json::from_str::<Units>(&json).unwrap(), Units::new(u128::MAX));
    assert!(serde_json::from_str::<Units>("12").is_err());
}

#[test]
fn arithmetic_names_what_went_wrong() {
    assert_eq!(Units::new(u128::MAX).plus(Units::new(1)), Err(QuantityError::TooLarge));
    assert_eq!(Units::new(1).minus(Units::new(2)), Err(QuantityError::Negative { from: 1, take: 2 }));
    assert_eq!(mul_div(1, 1, 0, Rounding::Down), Err(QuantityError::DivisionByZero));
    assert_eq!(mul_div(u128::MAX, 2, 1, Rounding::Down), Err(QuantityError::TooLarge));
}

#[test]
fn sizes_and_spans_read_as_people_write_them() {
    assert_eq!(parse_bytes("1TiB").unwrap(), 1 << 40);
    assert_eq!(parse_bytes("1.5 GiB").unwrap(), 3 << 29);
    assert_eq!(parse_bytes("500MB").unwrap(), 500_000_000);
    assert!(parse_bytes("1.0000001B").is_err() && parse_bytes("5 parsecs").is_err());
    assert_eq!(parse_span("6y").unwrap(), Span::from_days(2190));
    assert_eq!(parse_span("180d").unwrap().to_string(), "180d");
    assert_eq!(Span::from_secs(90_061).to_string(), "1d 1h");
    assert!(parse_span("30").is_err());
}

#[test]
fn shares_are_written_in_per_cent() {
    let share: Share = "34.5%".parse().unwrap();
    assert_eq!(share.get(), 345_000_000);
    assert_eq!(share.to_string(), "34.5%");
    assert!("101%".parse::<Share>().is_err() && "15".parse::<Share>().is_err());
}

#[test]
fn names_and_addresses_refuse_what_they_are_not() {
    assert!("".parse::<Name>().is_err() && "a b".parse::<Name>().is_err() && "x".repeat(32).parse::<Name>().is_err());
    let address = Address::of_public_key(&[7; 32]);
    assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
    let mut wrong = address.to_string();
    wrong.replace_range(10..11, if &wrong[10..11] == "q" { "p" } else { "q" });
    assert!(wrong.parse::<Address>().is_err(), "a mistyped address was taken");
}

proptest! {
    #[test]
    fn decimal_text_round_trips(value: u128, decimals in 0u8..=30) {
        let text = Units::new(value).to_decimal(decimals);
        prop_assert_eq!(Units::parse_decimal(&text, decimals).unwrap(), Units::new(value));
    }

    #[test]
    fn rounding_up_and_down_differ_by_at_most_one(a: u128, b: u64, den in 1u128..) {
        if let (Ok(down), Ok(up)) = (mul_div(a, b.into(), den, Rounding::Down), mul_div(a, b.into(), den, Rounding::Up)) {
            prop_assert!(up - down <= 1);
        }
    }

    #[test]
    fn names_survive_their_encoding(text in "[a-z0-9._-]{1,31}") {
        let name: Name = text.parse().unwrap();
        let bytes = borsh::to_vec(&name).unwrap();
        prop_assert_eq!(borsh::from_slice::<Name>(&bytes).unwrap(), name);
    }

    #[test]
    fn hostile_bytes_are_never_a_name_by_accident(bytes: Vec<u8>) {
        if let Ok(name) = borsh::from_slice::<Name>(&bytes) {
            prop_assert_eq!(borsh::to_vec(&name).unwrap(), bytes);
        }
    }
}
