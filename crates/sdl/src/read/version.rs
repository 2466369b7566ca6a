//! Which rules a file follows.

use super::{Fields, Reader};
use crate::{document::Rules, finding::quoted};

impl<'t> Reader<'t> {
    pub(super) fn version(&mut self, top: &Fields<'t>) -> Option<Rules> {
        const HINT: &str = "write `version: \"2.0\"` or `version: \"2.1\"`";
        let Some(said) = self.text_of(top, "version") else {
            self.findings.error(&top.at, "the file does not say its version", HINT);
            return None;
        };
        let rules = parse(&said.value).and_then(rules);
        if rules.is_none() {
            self.findings.error(&said.at, format!("no rules have the version {}", quoted(&said.value)), HINT);
        }
        if parse(&said.value).is_some_and(|(numbers, _)| numbers > [2, 1, u64::MAX]) {
            let message =
                format!("version {} is newer than any that is known; it is read by the rules of 2.1", quoted(&said.value));
            self.findings.warn(&said.at, message, HINT);
        }
        rules
    }
}

/// Major, minor and patch, and whether it comes before the release of that number.
type Version = ([u64; 3], bool);

fn rules((numbers, early): Version) -> Option<Rules> {
    match (numbers, early) {
        ([2, 0, 0], false) => Some(Rules::V2_0),
        (numbers, early) if numbers > [2, 1, 0] || (numbers == [2, 1, 0] && !early) => Some(Rules::V2_1),
        _ => None,
    }
}

/// Reads a semantic version as leniently as upstream: blanks around it, a `v` before it, leading zeros, and parts left out.
fn parse(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<&str> = text.splitn(3, '.').collect();
    if parts.len() < 3 && parts.last()?.contains(['+', '-']) {
        return None;
    }
    while parts.len() < 3 {
        parts.push("0");
    }
    let patch = parts[2].split_once('+').map_or(parts[2], |(patch, _)| patch);
    let (patch, early) = patch.split_once('-').map_or((patch, None), |(patch, early)| (patch, Some(early)));
    if early == Some("") || parts[2].ends_with('+') {
        return None;
    }
    Some(([number(parts[0])?, number(parts[1])?, number(patch)?], early.is_some()))
}

fn number(text: &str) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_that_nobody_knows_yet_is_read_with_a_warning() {
        let file = |version: &str, image: &str| {
            format!(
                "version: \"{version}\"\nservices:\n  web: {{image: \"{image}\", expose: [{{port: 80, to: [{{global: true}}]}}]}}\n\
                 profiles:\n  compute:\n    small: {{resources: {{cpu: {{units: 1}}, memory: {{size: 1Gi}}, storage: {{size: 1Gi}}}}}}\n  \
                 placement:\n    west: {{pricing: {{small: {{denom: uakt, amount: 1}}}}}}\n\
                 deployment:\n  web: {{west: {{profile: small, count: 1}}}}\n"
            )
        };
        let warned = |version: &str, image: &str| {
            let read = crate::read(&file(version, image)).unwrap_or_else(|refused| panic!("{refused}"));
            read.warnings().iter().map(|warning| warning.message.clone()).collect::<Vec<_>>().join("; ")
        };
        assert_eq!((warned("2.0", "nginx:1"), warned("2.1.3", "nginx:1")), (String::new(), String::new()));
        assert!(warned("3.0", "nginx:1").contains("read by the rules of 2.1"), "{}", warned("3.0", "nginx:1"));
        assert!(warned("2.0", "a b; rm -rf /").contains("is no name of an image"), "{}", warned("2.0", "a b; rm -rf /"));
    }

    #[test]
    fn versions_are_read_leniently_and_few_are_known() {
        for text in ["2", "2.0", "2.0.0", " v2.0 ", "02.00", "2.0.0+x"] {
            assert_eq!(parse(text).and_then(rules), Some(Rules::V2_0), "{text}");
        }
        for text in ["2.1", "2.1.0", "2.2", "3.0", "2.10", "2.2.0-rc1"] {
            assert_eq!(parse(text).and_then(rules), Some(Rules::V2_1), "{text}");
        }
        for text in ["", "1", "1.9", "2.0.1", "2.0.0-rc1", "2.1.0-rc1", "2.x", "2.0-rc", "two", "2.0.0.0", "-2"] {
            assert_eq!(parse(text).and_then(rules), None, "{text}");
        }
    }
}
