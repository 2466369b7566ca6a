//! Network files as they are named: one that comes with this program, or one of the user's own.
//!
//! In: a name, a folder or a file, as typed. Out: the text of a `network.toml` and what to call it in messages.

use crate::{Error, Result};
use depin_networks::{NETWORKS, UnknownNetwork, development_file, network_file};
use std::path::{Path, PathBuf};

/// The file that a network's folder holds.
pub const FILE: &str = "network.toml";

/// A network file that was named on the command line.
#[derive(Clone, Debug)]
pub struct Source {
    /// What to call it in messages: its path, or the name of one that comes along, which is no file of the user's.
    pub label: String,
    /// Its text.
    pub text: String,
}

/// Reads what was named: a network that comes along, a folder with a `network.toml`, or such a file. A name that is both goes to the
/// network; `./name` is always a path.
///
/// # Errors
/// Refused when there is nothing of that name; broken when it cannot be read.
pub fn read(named: &str) -> Result<Source> {
    if let Some((name, text)) = NETWORKS.iter().find(|(known, _)| *known == named) {
        return Ok(Source { label: format!("{name} (built in)"), text: (*text).to_owned() });
    }
    if let Some(text) = development_file(named) {
        return Ok(Source { label: format!("{named} (built in)"), text });
    }
    let path = Path::new(named);
    let file: PathBuf = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    match depin_files::read_text(&file) {
        Ok(text) => Ok(Source { label: file.display().to_string(), text }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path.is_dir() => {
            Err(Error::refused("no-network-file", format_args!("{named} holds no {FILE}"))
                .hint("name a folder with a network.toml, or make one with `depin new`"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            // Not a path either: what was meant is a name, and its error lists them.
            let looks_like_path = named.contains(['/', '\\']) || Path::new(named).extension().is_some_and(|e| e == "toml");
            if looks_like_path {
                Err(Error::refused("no-file", format_args!("there is no file {named}")))
            } else {
                Err(network_file(named).map_or_else(Error::from, |_| Error::broken("bug", "a known network was not found")))
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Error::refused("not-text", format_args!("{} is not a text in UTF-8", file.display())))
        }
        Err(error) => Err(Error::file("read", &file, &error)),
    }
}

impl From<UnknownNetwork> for Error {
    fn from(error: UnknownNetwork) -> Self {
        let known: Vec<&str> = NETWORKS.iter().map(|(name, _)| *name).collect();
        let near = error.near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        let hint =
            format!("{near}there is: {}; a custom file or folder is named by its path, like ./{}", known.join(", "), error.name);
        Self::refused("unknown-network", error).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_network_is_found_by_name_by_folder_and_by_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(read("io.net").unwrap().label, "io.net (built in)");
        assert!(read("helium-development").unwrap().text.contains("variant = \"development\""));
        assert_eq!(read(folder.path().to_str().unwrap()).unwrap_err().code, "no-network-file");
        fs::write(&file, "text").unwrap();
        for named in [folder.path(), file.as_path()] {
            assert_eq!(read(named.to_str().unwrap()).unwrap().text, "text");
        }
        fs::write(&file, "\u{feff}text").unwrap();
        assert_eq!(read(file.to_str().unwrap()).unwrap().text, "text", "a byte order mark is no part of it");
        fs::write(&file, [0xff, 0xfe]).unwrap();
        assert_eq!(read(file.to_str().unwrap()).unwrap_err().code, "not-text");
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones() {
        for name in ["bitcoin", "./bitcoin.toml"] {
            assert!(read(name).is_err(), "{name}");
        }
        let error = read("bitcoin").unwrap_err();
        assert!(error.hint.contains("io.net") && error.hint.contains("./bitcoin"), "{error:?}");
    }

    #[test]
    fn a_misspelt_name_is_told_the_one_that_was_meant() {
        for (typed, meant) in [("filecon", "filecoin"), ("Akahs", "akash"), ("ionet", "io.net")] {
            let hint = read(typed).unwrap_err().hint;
            assert!(hint.starts_with(&format!("did you mean {meant}? there is: helium, ")), "{hint}");
        }
        assert!(read("atlas").unwrap_err().hint.starts_with("there is: "));
    }
}
