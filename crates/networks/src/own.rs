//! What makes a composed network somebody's own: the day on which it starts, and the name of its token.
//!
//! In: the text of a network file. Out: the text with one of them changed, and nothing else: sources and reasons, which are about other
//! networks, stay as they are.

use depin_quantity::Name;

/// The text with the day on which the network starts (`2026-11-30`), behind its variant; none where the file has no such line, or says
/// when it was launched.
pub fn starting(text: &str, day: &str) -> Option<String> {
    const VARIANT: &str = "\nvariant = \"own\"\n";
    let at = text.find(VARIANT)? + VARIANT.len();
    let (before, after) = (text.get(..at)?, text.get(at..)?);
    if text.lines().take_while(|line| !line.starts_with("[[token]]")).any(|line| line.starts_with("launch")) {
        return None;
    }
    let why = "the day on which this file was written: supply projections begin there; a chain begins when it is started";
    Some(format!("{before}launch = {{ at = {day}T00:00:00Z, parameter = true, why = \"{why}\" }}\n{after}"))
}

/// The text with a token under another name: in names of tables, amounts, pairs and references; not in sources, reasons and comments, which
/// speak of the network that a figure comes from.
pub fn rename_token(text: &str, from: Name, to: Name) -> String {
    let mut renamed = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (mut rest, mut key) = (line, "");
        while !rest.is_empty() {
            let end = rest.find(['"', '#']).unwrap_or(rest.len());
            let (plain, tail) = rest.split_at(end);
            renamed += &word(plain, from, to);
            // The key of what comes next, where one stands here.
            if let Some(named) = plain.trim_end().strip_suffix('=') {
                key = named.trim_end().rsplit([' ', '{', ',', '.']).next().unwrap_or_default();
            }
            if !tail.starts_with('"') {
                renamed += tail;
                break;
            }
            let close = closing(tail);
            let (quoted, tail) = tail.split_at(close);
            renamed += &if matches!(key, "source" | "why") { quoted.to_owned() } else { word(quoted, from, to) };
            rest = tail;
        }
    }
    renamed
}

/// Where a quoted text ends, its last quotation mark included.
fn closing(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A text with whole words replaced.
fn word(text: &str, from: Name, to: Name) -> String {
    let inside = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(from.as_str()) {
        let (before, found) = rest.split_at(at);
        let after = found.get(from.as_str().len()..).unwrap_or_default();
        let whole = !before.chars().next_back().or_else(|| done.chars().next_back()).is_some_and(inside)
            && !after.chars().next().is_some_and(inside);
        done += before;
        done += if whole { to.as_str() } else { from.as_str() };
        rest = after;
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network_file;
    use depin_economy::Spec;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn a_token_is_renamed_where_it_is_meant_and_not_where_sources_speak() {
        let text = "# FIL of Filecoin\n[supply.FIL]\ncap = { amount = \"2 FIL\", source = \"2 billion FIL\" } # FIL\nlock = \"veFIL\"\n[price.FIL-USD]\n";
        let renamed = rename_token(text, name("FIL"), name("ATL"));
        assert_eq!(
            renamed,
            "# FIL of Filecoin\n[supply.ATL]\ncap = { amount = \"2 ATL\", source = \"2 billion FIL\" } # FIL\nlock = \"veFIL\"\n[price.ATL-USD]\n"
        );
    }

    #[test]
    fn every_network_is_as_valid_with_its_token_under_another_name() {
        for (network, text) in crate::NETWORKS {
            let spec = Spec::parse(text).unwrap();
            let token = spec.fee().token;
            let renamed = rename_token(text, token, name("ATL"));
            let other = Spec::parse(&renamed).unwrap_or_else(|errors| panic!("{network}:\n{errors}"));
            assert_eq!((other.fee().token, other.tokens().len()), (name("ATL"), spec.tokens().len()), "{network}");
            assert!(other.token(token).is_none());
            assert_eq!(other.parameters(), spec.parameters(), "{network}");
        }
    }

    #[test]
    fn a_start_is_written_once_behind_the_variant() {
        let own = network_file("filecoin").unwrap().replace("variant = \"document\"", "variant = \"own\"");
        assert_eq!(starting(&own, "2026-11-30"), None, "it says when it was launched");
        let own: String = own.lines().filter(|line| !line.starts_with("launch")).map(|line| format!("{line}\n")).collect();
        let text = starting(&own, "2026-11-30").unwrap();
        let launch = Spec::parse(&text).unwrap().network().launch.unwrap();
        assert_eq!(launch.to_rfc3339(), "2026-11-30T00:00:00Z");
        assert_eq!(starting(&text, "2026-11-30"), None);
    }
}
