//! Any text is a key file or is refused in words of ours; a locked one opens as the key that it names, or not at all.
#![no_main]
use depin_client::{Kdf, KeyFile, LockedKey, Passphrase, SigningKey, StoredKey};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Little work, so that many files are opened.
const CHEAP: Kdf = Kdf { memory_kib: 8, passes: 1, lanes: 1 };
const WORDS: &str = "correct horse";

static LOCKED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let file = KeyFile { key: SigningKey::from_seed(&[7; 32]), path: Some("m/44'/461'/0'/0'".to_owned()) };
    let text = file.locked_text(&Passphrase::new(WORDS).unwrap(), CHEAP).unwrap();
    text.as_bytes().to_vec()
});

/// A file may ask for a second of work; such ones are not opened here.
fn open(key: &LockedKey) -> Option<KeyFile> {
    let cheap = key.kdf().memory_kib <= 64 && key.kdf().passes <= 2;
    cheap.then(|| key.open(&Passphrase::new(WORDS).unwrap()).ok()).flatten()
}

fn judge(text: &str) {
    match StoredKey::parse(text) {
        Ok(StoredKey::Plain(file)) => {
            let again = StoredKey::parse(&file.plain_text()).expect("what is written reads back");
            assert_eq!(again.address(), file.key.address());
        }
        Ok(StoredKey::Locked(key)) => {
            let named = StoredKey::Locked(key.clone()).address();
            assert!(open(&key).is_none_or(|file| file.key.address() == named));
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

fuzz_target!(|input: (&str, u16, u8)| {
    let (text, place, flip) = input;
    judge(text);
    let mut bytes = LOCKED.clone();
    let place = usize::from(place) % bytes.len();
    bytes[place] ^= flip;
    if let Ok(text) = std::str::from_utf8(&bytes) {
        judge(text);
    }
});
