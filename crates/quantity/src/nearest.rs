//! The name that somebody meant who wrote another.

use strsim::damerau_levenshtein;

/// Longest text in bytes that is looked at: no name is near it, and the work grows with its length.
const GIVEN_MAX: usize = 64;

/// Of these names the one most like `given`, when one is like it at all; of several the first in alphabetical order.
///
/// Like it is a name that it becomes by adding, dropping or changing few letters, or by swapping neighbours: at most a quarter of
/// the longer one's bytes, and one more. Capitals count as small letters.
///
/// - Failure: none. For text of more than 64 bytes there is no name.
pub fn nearest_name<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if given.len() > GIVEN_MAX {
        return None;
    }
    let wanted = given.to_lowercase();
    let scored = names.into_iter().map(|name| (damerau_levenshtein(&wanted, &name.to_lowercase()), name));
    scored.filter(|(away, name)| *away <= 1 + name.len().max(given.len()) / 4).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["epoch", "vest-clock", "FIL", "FIL-EM-2"];

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        for (given, meant) in
            [("epohc", "epoch"), ("vest-clok", "vest-clock"), ("FLI", "FIL"), ("fil", "FIL"), ("FIL-EM-22", "FIL-EM-2")]
        {
            assert_eq!(nearest_name(given, NAMES), Some(meant), "{given}");
        }
    }

    #[test]
    fn a_quarter_and_one_may_differ_and_no_more() {
        assert_eq!(nearest_name("epXX", ["epoch"]), None);
        assert_eq!(nearest_name("epoXX", ["epoch"]), Some("epoch"));
        assert_eq!(nearest_name("abcdefgXXX", ["abcdefghij"]), Some("abcdefghij"));
        assert_eq!(nearest_name("abcdefXXXX", ["abcdefghij"]), None);
    }

    #[test]
    fn of_names_as_near_the_first_by_alphabet_is_meant() {
        assert_eq!(nearest_name("pool-x", ["pool-b", "pool-a"]), Some("pool-a"));
        assert_eq!(nearest_name("pool-bx", ["pool-a", "pool-b"]), Some("pool-b"));
    }

    #[test]
    fn nothing_is_near_a_text_that_is_no_name() {
        let long = "x".repeat(64);
        assert_eq!(nearest_name(&long, [long.as_str()]), Some(long.as_str()));
        assert_eq!(nearest_name(&format!("{long}x"), [long.as_str()]), None);
        assert_eq!(nearest_name("epoch", []), None);
    }
}
