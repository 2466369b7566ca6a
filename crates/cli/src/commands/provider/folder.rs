//! The folder of an operator that runs in a process of its own: held while it runs, and of one account.

use crate::{
    error::{CliError, Result},
    remote::key_of,
};
use depin_client::{Keyring, SigningKey};
use depin_devnet::home::files;
use depin_quantity::Address;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    path::Path,
};

/// `operator.json`: whose the folder is.
#[derive(Serialize, Deserialize)]
struct Owner {
    address: Address,
}

/// Whether an operator ran in this folder before.
pub(super) fn is_used(dir: &Path) -> bool {
    dir.join("operator.json").exists() || dir.join("data").exists()
}

/// Takes the folder and gives its key, which is made at the first start. Nobody else works there until the file is dropped.
pub(super) fn take(dir: &Path, key_file: Option<&Path>, keyring: &Keyring) -> Result<(File, SigningKey)> {
    let used = is_used(dir);
    fs::create_dir_all(dir).map_err(|error| CliError::file("create", dir, &error))?;
    let path = dir.join("lock");
    let lock = depin_files::lock(&path).map_err(|error| CliError::file("lock", &path, &error))?;
    let lock = lock.ok_or_else(|| {
        CliError::refused("folder-in-use", format_args!("another operator runs in {}", dir.display()))
            .hint("stop it, or give this one a folder and a key of its own with --name or --dir")
    })?;
    let key = key_of(key_file, &dir.join("key"), used, keyring)?;
    let path = dir.join("operator.json");
    match files::read_json::<Owner>(&path)? {
        Some(owner) if owner.address != key.address() => Err(CliError::refused(
            "foreign-key",
            format_args!("{} is the folder of {}, and the key is the one of {}", dir.display(), owner.address, key.address()),
        )
        .hint("name the key of the folder's own account, or another folder with --dir")),
        Some(_) => Ok((lock, key)),
        None => {
            files::write_json(&path, &Owner { address: key.address() }, files::Readers::Everybody)?;
            Ok((lock, key))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_operator_and_stays_one_accounts() {
        let folder = tempfile::tempdir().unwrap();
        let (dir, key) = (folder.path().join("tiler"), folder.path().join("tiler/key"));
        let take = |dir: &Path, key_file| take(dir, key_file, &Keyring::default());
        let (lock, first) = take(&dir, None).unwrap();
        assert_eq!(take(&dir, None).err().unwrap().code, "folder-in-use");
        drop(lock);
        assert_eq!(take(&dir, None).unwrap().1.address(), first.address());
        let kept = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        assert_eq!(take(&dir, None).err().unwrap().code, "no-key", "no new account takes its place");
        let other = folder.path().join("other.key");
        depin_client::KeyFile { key: SigningKey::from_seed(&[9; 32]), path: None }.create(&other).unwrap();
        assert_eq!(take(&dir, Some(&other)).err().unwrap().code, "foreign-key");
        fs::write(&key, kept).unwrap();
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        assert_eq!(take(&dir, None).unwrap().1.address(), first.address());
    }
}
