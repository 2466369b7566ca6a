//! The text and binary forms of commitments.

use super::super::{Commitment, CommitmentError};
use borsh::BorshDeserialize;
use proptest::prelude::*;

const ZEROS: &str = "baga6ea4seaqdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy";

fn refused(text: &str) -> CommitmentError {
    text.parse::<Commitment>().unwrap_err()
}

proptest! {
    #[test]
    fn a_commitment_survives_text_json_and_binary(mut bytes: [u8; 32]) {
        bytes[31] &= 0x3f;
        let commitment = Commitment::new(bytes).unwrap();
        let text = commitment.to_string();
        prop_assert!(text.starts_with("baga6ea4seaq") && text.len() == 64, "{}", text);
        prop_assert_eq!(text.parse::<Commitment>().unwrap(), commitment);
        let json = serde_json::to_string(&commitment).unwrap();
        prop_assert_eq!(&json, &format!("\"{text}\""));
        prop_assert_eq!(serde_json::from_str::<Commitment>(&json).unwrap(), commitment);
        prop_assert_eq!(borsh::to_vec(&commitment).unwrap(), bytes.to_vec());
        prop_assert_eq!(Commitment::try_from_slice(&bytes).unwrap(), commitment);
    }

    /// No text, however odd, does more than be refused, or parse to what prints as it.
    #[test]
    fn any_text_is_refused_or_canonical(text in ".{0,140}") {
        if let Ok(commitment) = text.parse::<Commitment>() {
            prop_assert_eq!(commitment.to_string(), text);
        }
    }

    /// One changed character is another commitment or an error, never the same one.
    #[test]
    fn no_second_text_names_the_same_piece(at in 0usize..64, letter in "[a-zA-Z2-7/ ]") {
        let mut text = ZEROS.to_owned();
        text.replace_range(at..=at, &letter);
        if text != ZEROS {
            prop_assert!(text.parse::<Commitment>().ok() != ZEROS.parse().ok());
        }
    }
}

#[test]
fn a_root_with_its_top_bits_set_is_refused() {
    for last in [0x40, 0x80, 0xff] {
        let mut bytes = [0; 32];
        bytes[31] = last;
        assert_eq!(Commitment::new(bytes), Err(CommitmentError::TopBits { last }));
        assert!(Commitment::try_from_slice(&bytes).is_err());
    }
}

#[test]
fn texts_that_are_no_cid_are_refused() {
    for text in ["", "b", "hello", "baga6ea4seaq", "baga6ea4seaq!!!", "0"] {
        assert!(matches!(refused(text), CommitmentError::NotCid { .. }), "{text:?} gave {:?}", refused(text));
    }
    assert_eq!(refused(&"b".repeat(129)), CommitmentError::TooLong { got: 129 });
}

#[test]
fn other_spellings_are_refused_with_the_right_one() {
    let hex_form = "f0181e203922020".to_owned() + "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333";
    let with_path = format!("/ipfs/{ZEROS}");
    for text in [hex_form, with_path, ZEROS.to_uppercase()] {
        assert_eq!(refused(&text), CommitmentError::NotCanonical { text, canonical: ZEROS.to_owned() });
    }
}

#[test]
fn bytes_behind_the_digest_are_refused() {
    let hex_form = "f0181e203922020".to_owned() + "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd48833300";
    assert!(matches!(refused(&hex_form), CommitmentError::NotCanonical { .. }));
}

#[test]
fn a_version_2_piece_cid_is_refused_with_a_hint() {
    let error = refused("bafkzcibcaaces3nobte6ezpp4wqan2age2s5yxcatzotcvobhgcmv5wi2xh5mbi");
    assert!(matches!(error, CommitmentError::PieceV2 { .. }));
    assert!(error.to_string().contains("give the version-1 form"), "{error}");
}

#[test]
fn cids_of_other_content_are_refused_with_what_they_are() {
    // A raw block's SHA-256, from the documentation of the CID library.
    let raw = refused("bafyreibjo4xmgaevkgud7mbifn3dzp4v4lyaui4yvqp3f2bqwtxcjrdqg4");
    assert_eq!(raw, CommitmentError::NotPiece { version: 1, codec: 0x71, hash: 0x12, length: 32 });
    // Sealed codec, right hash; then right codec, short digest.
    let root = "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333";
    let sealed = refused(&format!("f0182e203922020{root}"));
    assert_eq!(sealed, CommitmentError::NotPiece { version: 1, codec: 0xf102, hash: 0x1012, length: 32 });
    let short = refused(&format!("f0181e20392201f{}", &root[..62]));
    assert_eq!(short, CommitmentError::NotPiece { version: 1, codec: 0xf101, hash: 0x1012, length: 31 });
}
