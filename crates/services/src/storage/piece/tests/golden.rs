//! Commitments that others computed.

use super::super::{Commitment, Hasher, PieceSize};

fn commit(payload: &[u8]) -> (Commitment, PieceSize) {
    let mut hasher = Hasher::new();
    hasher.update(payload);
    hasher.finish().unwrap()
}

#[test]
fn commitments_agree_with_the_published_table() {
    let rows: Vec<&str> = include_str!("golden.txt").lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(rows.len(), 36, "the table has 18 rows for each of two fillings");
    for row in rows {
        let [fill, payload_bytes, piece_size, cid] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
        let fill = u8::from_str_radix(fill.trim_start_matches("0x"), 16).unwrap();
        let (commitment, size) = commit(&vec![fill; payload_bytes.parse().unwrap()]);
        assert_eq!((commitment.to_string().as_str(), size.get()), (cid, piece_size.parse().unwrap()), "row {row}");
        assert_eq!(cid.parse::<Commitment>().unwrap(), commitment);
    }
}

/// FRC-0069, section "Test Cases": version-1 CIDs stand there beside the version-2 ones.
#[test]
fn commitments_agree_with_frc_0069() {
    let mut counted: Vec<u8> = (0..4u8).flat_map(|byte| [byte; 127]).collect();
    let (four, size) = commit(&counted);
    assert_eq!(four.to_string(), "baga6ea4seaqes3nobte6ezpp4wqan2age2s5yxcatzotcvobhgcmv5wi2xh5mbi");
    assert_eq!(hex::encode(four.as_bytes()), "496dae0cc9e265efe5a006e80626a5dc5c409e5d3155c13984caf6c8d5cfd605");
    assert_eq!(size.get(), 512);

    let with_zeros = "baga6ea4seaqn42av3szurbbscwuu3zjssvfwbpsvbjf6y3tukvlgl2nf5rha6pa";
    for trailing in [4, 5, 127 * 4] {
        counted.resize(127 * 4 + trailing, 0);
        let (commitment, size) = commit(&counted);
        assert_eq!((commitment.to_string().as_str(), size.get()), (with_zeros, 1024), "{trailing} trailing zeros");
    }
}

#[test]
fn an_empty_payload_is_127_zeros() {
    let zeros = "3731bb99ac689f66eef5973e4a94da188f4ddcae580724fc6f3fd60dfd488333";
    assert_eq!(hex::encode(commit(&[]).0.as_bytes()), zeros);
    assert_eq!(hex::encode(commit(&[0; 127]).0.as_bytes()), zeros);
    assert_eq!(commit(&[]).1, PieceSize::MIN);
}

/// The empty 2 KiB piece is the commD of an empty 2 KiB test sector; the 32 and 64 GiB values are FRC-0069's.
#[test]
fn zero_pieces_of_every_size_have_known_commitments() {
    let of = |bytes| Commitment::of_zeros(PieceSize::new(bytes).unwrap());
    assert_eq!(hex::encode(of(2048).as_bytes()), "fc7e928296e516faade986b28f92d44a4f24b935485223376a799027bc18f833");
    assert_eq!(of(32 << 30).to_string(), "baga6ea4seaqao7s73y24kcutaosvacpdjgfe5pw76ooefnyqw4ynr3d2y6x2mpq");
    assert_eq!(of(64 << 30).to_string(), "baga6ea4seaqomqafu276g53zko4k23xzh4h4uecjwicbmvhsuqi7o4bhthhm4aq");
    let shard = PieceSize::new(16 << 20).unwrap();
    assert_eq!(commit(&vec![0; shard.payload_capacity() as usize]), (Commitment::of_zeros(shard), shard));
}
