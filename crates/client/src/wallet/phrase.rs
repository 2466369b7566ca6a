//! The phrase of a wallet: 12 or 24 words of BIP-39.

use super::derive::{ExtendedKey, account_path};
use crate::{SigningKey, keys::NoRandomness, keys::random_bytes};
use bip39::{Error, Language, Mnemonic};
use std::borrow::Cow;
use zeroize::Zeroizing;

/// How many words a phrase has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Words {
    /// 128 bits of randomness and 4 of checksum.
    Twelve,
    /// 256 bits of randomness and 8 of checksum.
    #[default]
    TwentyFour,
}

impl Words {
    /// All of them.
    const ALL: [Self; 2] = [Self::Twelve, Self::TwentyFour];

    /// Their number.
    pub const fn count(self) -> usize {
        match self {
            Self::Twelve => 12,
            Self::TwentyFour => 24,
        }
    }

    /// Bytes of randomness: 4 for every 3 words.
    const fn entropy(self) -> usize {
        self.count() / 3 * 4
    }
}

/// Highest account number plus one: hardened indexes have 31 bits.
const ACCOUNTS: u32 = 1 << 31;

/// Words from which every key of a wallet follows. Wiped when dropped; never shown by `Debug`.
#[derive(Clone)]
pub struct Phrase(Mnemonic);

/// Why words are no phrase. No variant holds a word: a typed phrase must not end in a log.
#[derive(Debug, thiserror::Error)]
pub enum PhraseError {
    /// Too few or too many words.
    #[error("the phrase has {0} words, it must have 12 or 24; type all of them in their order, separated by spaces")]
    Count(usize),
    /// A word that is not in the list.
    #[error("word {0} is not in the English word list of BIP-39; check its spelling")]
    UnknownWord(usize),
    /// Known words that don't belong together.
    #[error("the phrase's checksum is wrong: a word is mistyped or two are swapped; compare with what was written down")]
    Checksum,
    /// A number that no account has.
    #[error("account {0} does not exist, numbers go from 0 to 2147483647")]
    Account(u32),
    /// No randomness for a new phrase.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl Phrase {
    /// A new phrase from the operating system's randomness.
    ///
    /// # Errors
    /// [`PhraseError::NoRandomness`].
    pub fn generate(words: Words) -> Result<Self, PhraseError> {
        let entropy = random_bytes()?;
        let phrase = Mnemonic::from_entropy(&entropy[..words.entropy()]);
        Ok(Self(phrase.expect("16 bytes are entropy for 12 words, and 32 for 24")))
    }

    /// Reads a phrase as people type it: any white space between words, any case, any Unicode normal form.
    ///
    /// # Errors
    /// [`PhraseError::Count`] first, then `UnknownWord`, then `Checksum`.
    pub fn parse(text: &str) -> Result<Self, PhraseError> {
        let mut normal: Cow<'_, str> = Cow::Borrowed(text);
        Mnemonic::normalize_utf8_cow(&mut normal);
        let lower = Zeroizing::new(normal.to_lowercase());
        let count = lower.split_whitespace().count();
        if Words::ALL.iter().all(|words| words.count() != count) {
            return Err(PhraseError::Count(count));
        }
        match Mnemonic::parse_in_normalized(Language::English, &lower) {
            Ok(mnemonic) => Ok(Self(mnemonic)),
            Err(Error::BadWordCount(count)) => Err(PhraseError::Count(count)),
            Err(Error::UnknownWord(index)) => Err(PhraseError::UnknownWord(index + 1)),
            Err(Error::InvalidChecksum | Error::BadEntropyBitCount(_) | Error::AmbiguousLanguages(_)) => {
                Err(PhraseError::Checksum)
            }
        }
    }

    /// The words, to be shown once and written down; wiped when dropped.
    pub fn words(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }

    /// The key of account `account`, at `m/44'/461'/account'/0'`, without a BIP-39 passphrase.
    ///
    /// # Errors
    /// [`PhraseError::Account`] from 2^31.
    pub fn signing_key(&self, account: u32) -> Result<SigningKey, PhraseError> {
        if account >= ACCOUNTS {
            return Err(PhraseError::Account(account));
        }
        Ok(ExtendedKey::master(&*self.seed("")).descend(&account_path(account)).signing_key())
    }

    fn seed(&self, passphrase: &str) -> Zeroizing<[u8; 64]> {
        Zeroizing::new(self.0.to_seed(passphrase))
    }
}

impl std::fmt::Debug for Phrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Phrase(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entropy, words, seed with the passphrase `TREZOR`.
    ///
    /// Source: the test vectors that BIP-39 names (trezor/python-mnemonic, vectors.json), some of those with 24 and with 12 words.
    const GOLDEN: [(&str, &str, &str); 5] = [
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art",
            "bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8",
        ),
        (
            "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
            "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside",
            "72be8e052fc4919d2adf28d5306b5474b0069df35b02303de8c1729c9538dbb6fc2d731d5f832193cd9fb6aeecbc469594a70e3dd50811b5067f3b88b28c3e8d",
        ),
        (
            "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
            "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform",
            "26e975ec644423f4a4c4f4215ef09b4bd7ef924e85d1d17c4cf3f136c2863cf6df0a475045652c57eb5fb41513ca2a2d67722b77e954b4b3fc11f7590449191d",
        ),
        (
            "00000000000000000000000000000000",
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
            "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
        ),
        (
            "9e885d952ad362caeb4efe34a8e91bd2",
            "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
            "274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e5476c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028",
        ),
    ];

    #[test]
    fn every_published_vector_is_met() {
        for (entropy, words, seed) in GOLDEN {
            let phrase = Phrase::parse(words).unwrap();
            assert_eq!(hex::encode(phrase.0.to_entropy()), entropy);
            assert_eq!(*phrase.words(), words);
            assert_eq!(hex::encode(*phrase.seed("TREZOR")), seed);
        }
    }

    #[test]
    fn a_new_phrase_has_12_or_24_words_and_reads_back() {
        for (words, count) in [(Words::Twelve, 12), (Words::TwentyFour, 24)] {
            let phrase = Phrase::generate(words).unwrap();
            let text = phrase.words();
            assert_eq!(text.split(' ').count(), count);
            let again = Phrase::parse(&text).unwrap();
            assert_eq!(again.signing_key(0).unwrap().public_key(), phrase.signing_key(0).unwrap().public_key());
            assert_ne!(*Phrase::generate(words).unwrap().words(), *text);
        }
    }

    #[test]
    fn case_and_spacing_do_not_matter() {
        let (_, words, _) = GOLDEN[1];
        let messy = format!("\t{}\n", words.to_uppercase().replace(' ', "  \n"));
        assert_eq!(*Phrase::parse(&messy).unwrap().words(), words);
        // Full-width letters are the same letters in another normal form.
        let wide: String = words.chars().map(|c| if c == ' ' { c } else { char::from_u32(c as u32 + 0xfee0).unwrap() }).collect();
        assert_eq!(*Phrase::parse(&wide).unwrap().words(), words);
    }

    #[test]
    fn wrong_phrases_are_refused_without_repeating_their_words() {
        let (_, words, _) = GOLDEN[2];
        for count in [11, 13, 15, 18, 21, 23] {
            let short: Vec<&str> = words.split(' ').take(count).collect();
            assert!(matches!(Phrase::parse(&short.join(" ")), Err(PhraseError::Count(n)) if n == count));
        }
        let half: Vec<&str> = words.split(' ').take(12).collect();
        assert!(matches!(Phrase::parse(&half.join(" ")), Err(PhraseError::Checksum)), "half of a phrase is none");
        assert!(matches!(Phrase::parse(""), Err(PhraseError::Count(0))));
        let misspelt = words.replace("leader", "leadre");
        let error = Phrase::parse(&misspelt).unwrap_err();
        assert!(matches!(error, PhraseError::UnknownWord(5)), "{error}");
        assert!(!format!("{error} {error:?}").contains("leadre"));
        let swapped = words.replacen("all hour", "hour all", 1);
        assert!(matches!(Phrase::parse(&swapped), Err(PhraseError::Checksum)));
    }

    #[test]
    fn accounts_have_different_keys_up_to_the_last_number() {
        let phrase = Phrase::parse(GOLDEN[0].1).unwrap();
        let addresses: std::collections::BTreeSet<_> =
            [0, 1, ACCOUNTS - 1].map(|n| phrase.signing_key(n).unwrap().address()).into_iter().collect();
        assert_eq!(addresses.len(), 3);
        assert!(matches!(phrase.signing_key(ACCOUNTS), Err(PhraseError::Account(n)) if n == ACCOUNTS));
    }

    #[test]
    fn debug_hides_the_phrase() {
        assert_eq!(format!("{:?}", Phrase::parse(GOLDEN[0].1).unwrap()), "Phrase(hidden)");
    }
}
