//! Text of requests and answers is read or refused, never a panic.
#![no_main]
use depin_ledger::{GenesisDoc, Message};
use depin_quantity::{Address, Name, Units, parse_bytes, parse_span};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = serde_json::from_str::<Message>(text);
    let _ = serde_json::from_str::<GenesisDoc>(text);
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string(), text.to_lowercase());
    }
    if let Ok(name) = text.parse::<Name>() {
        assert_eq!(name.as_str(), text);
    }
    for decimals in [0, 6, 18, 30] {
        if let Ok(units) = Units::parse_decimal(text, decimals) {
            assert_eq!(Units::parse_decimal(&units.to_decimal(decimals), decimals).ok(), Some(units));
        }
    }
    let _ = (parse_bytes(text), parse_span(text));
});
