//! Parameters of streams, by upstream's rules.

use crate::operator::ApiError;
use depin_client::lease::ShellQuery;
use std::collections::BTreeMap;

/// Most words of a command,
const WORDS_MAX: usize = 256;
/// services of one stream,
const SERVICES_MAX: usize = 64;
/// and the highest number of a replica.
const REPLICA_MAX: u32 = 1 << 31;

/// What logs or events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StreamQuery {
    /// Of these services; none means all.
    pub(super) services: Vec<String>,
    pub(super) follow: bool,
    pub(super) tail: Option<u32>,
}

fn bad(message: impl Into<String>) -> ApiError {
    ApiError::bad_request("bad-query", message, "see `depin lease logs --help` and `depin lease shell --help`")
}

/// The first value of each name, as upstream takes it.
fn pairs(query: Option<&str>) -> Result<BTreeMap<String, String>, ApiError> {
    let list: Vec<(String, String)> = match axum::extract::Query::try_from_uri(&uri(query)?) {
        Ok(axum::extract::Query(list)) => list,
        Err(_) => return Err(bad("the parameters are not written as a URL has them")),
    };
    let mut first = BTreeMap::new();
    for (name, value) in list {
        first.entry(name).or_insert(value);
    }
    Ok(first)
}

fn uri(query: Option<&str>) -> Result<axum::http::Uri, ApiError> {
    format!("/?{}", query.unwrap_or_default()).parse().map_err(|_| bad("the parameters are not written as a URL has them"))
}

impl StreamQuery {
    /// Reads `follow`, `tail` and `service`.
    pub(super) fn read(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs = pairs(query)?;
        let follow = match pairs.get("follow").map(String::as_str) {
            None | Some("" | "false" | "0") => false,
            Some("true" | "1") => true,
            Some(_) => return Err(bad("`follow` is true or false")),
        };
        let tail = match pairs.get("tail").map(|text| text.parse::<i64>()) {
            None | Some(Ok(-1)) => None,
            Some(Ok(lines)) if lines >= 0 => Some(u32::try_from(lines).unwrap_or(u32::MAX)),
            Some(_) => return Err(bad("`tail` is a number of lines, or -1 for all")),
        };
        let services = match pairs.get("service").map(String::as_str) {
            None | Some("") => Vec::new(),
            Some(list) => list.split(',').map(str::to_owned).collect(),
        };
        if services.iter().any(String::is_empty) {
            return Err(bad("`service` has names with one comma between two, and none at the end"));
        }
        if services.len() > SERVICES_MAX {
            return Err(bad(format!("`service` has {} names, and {SERVICES_MAX} are the most", services.len())));
        }
        Ok(Self { services, follow, tail })
    }
}

/// Reads `cmd0`, `cmd1`… up to the first that is missing or empty, `tty`, `stdin`, `service` and `podIndex`.
pub(super) fn shell(query: Option<&str>) -> Result<ShellQuery, ApiError> {
    let pairs = pairs(query)?;
    let wanted = |name: &str| {
        let value = pairs.get(name).filter(|value| !value.is_empty());
        value.map(String::as_str).ok_or_else(|| bad(format!("the parameter `{name}` is missing")))
    };
    let words = (0..=WORDS_MAX).map_while(|i| pairs.get(&format!("cmd{i}")).filter(|word| !word.is_empty()).cloned());
    let command: Vec<String> = words.collect();
    if command.is_empty() {
        return Err(bad("there is no command: `cmd0` is its name, `cmd1` its first argument"));
    }
    if command.len() > WORDS_MAX {
        return Err(bad(format!("a command has at most {WORDS_MAX} words")));
    }
    let flag = |name: &str| match wanted(name)? {
        "1" => Ok(true),
        "0" => Ok(false),
        _ => Err(bad(format!("`{name}` is 0 or 1"))),
    };
    let replica = wanted("podIndex")?.parse().ok().filter(|replica| *replica < REPLICA_MAX);
    Ok(ShellQuery {
        command,
        tty: flag("tty")?,
        stdin: flag("stdin")?,
        service: wanted("service")?.to_owned(),
        replica: replica.ok_or_else(|| bad("`podIndex` is the number of a replica, from 0"))?,
    })
}

/// Reads `name`, `at` and `of` of a part of an image.
pub(super) fn image(query: Option<&str>) -> Result<(String, u64, u64), ApiError> {
    let pairs = pairs(query)?;
    let number = |name: &str| {
        let value = pairs.get(name).and_then(|value| value.parse::<u64>().ok());
        value.ok_or_else(|| bad(format!("`{name}` is a number of bytes")))
    };
    let name = pairs.get("name").cloned().ok_or_else(|| bad("the parameter `name` is missing"))?;
    Ok((name, number("at")?, number("of")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_take_upstreams_parameters() {
        let read = |query: &str| StreamQuery::read(Some(query));
        assert_eq!(StreamQuery::read(None).unwrap(), StreamQuery::default());
        let all = read("follow=true&tail=10&service=web,db").unwrap();
        assert_eq!(
            (all.follow, all.tail, all.services.as_slice()),
            (true, Some(10), ["web".to_owned(), "db".to_owned()].as_slice())
        );
        assert_eq!(read("tail=-1").unwrap().tail, None);
        assert_eq!(read("tail=99999999999").unwrap().tail, Some(u32::MAX));
        for wrong in ["tail=-2", "tail=x", "tail=", "service=web,", "service=,web", "service=a,,b", "follow=maybe"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert!(read(&format!("service={}", vec!["a"; 65].join(","))).is_err());
    }

    #[test]
    fn shells_need_all_of_theirs() {
        let whole = "cmd0=sh&cmd1=-c&cmd2=echo%20a&tty=0&stdin=1&service=web&podIndex=2";
        let read = shell(Some(whole)).unwrap();
        assert_eq!(read.command, ["sh", "-c", "echo a"]);
        assert_eq!((read.tty, read.stdin, read.service.as_str(), read.replica), (false, true, "web", 2));
        for gone in ["cmd0=sh&", "tty=0&", "stdin=1&", "service=web&", "&podIndex=2"] {
            assert!(shell(Some(&whole.replace(gone, ""))).is_err(), "{gone}");
        }
        for (from, to) in [("tty=0", "tty=yes"), ("podIndex=2", "podIndex=-1"), ("podIndex=2", "podIndex=2147483648")] {
            assert!(shell(Some(&whole.replace(from, to))).is_err(), "{to}");
        }
        let many: String = (0..=WORDS_MAX).map(|i| format!("cmd{i}=a&")).collect();
        assert!(shell(Some(&whole.replace("cmd0=sh&cmd1=-c&cmd2=echo%20a&", &many))).is_err());
    }
}
