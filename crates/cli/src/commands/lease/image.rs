//! `depin lease image push`: an image's archive, in parts, to those who run it.

use super::{
    gate::{self, Gate, Visitor},
    place::Place,
};
use crate::{
    args::LeaseImagePushArgs,
    error::{CliError, Result},
    output::{Progress, bytes},
};
use depin_sdl::Deployment;
use serde::Serialize;
use std::{
    fs::File,
    io::{self, BufReader, Read as _},
    path::{Path, PathBuf},
};

/// Bytes of a part: as many as a gateway takes.
const PART: usize = 1 << 20;
/// Parts between two words of progress.
const TOLD_EVERY: u64 = 16;
/// Most bytes of an archive's index.
const INDEX_MAX: u64 = 4 << 20;
/// Where an archive's index has the image's name.
const NAME: &str = "org.opencontainers.image.ref.name";

/// An OCI archive with the name of its image.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Archive {
    file: PathBuf,
    image: String,
    bytes: u64,
}

#[derive(Serialize)]
struct Pushed {
    #[serde(flatten)]
    archive: Archive,
    leases: Vec<String>,
}

pub(super) async fn push(args: &LeaseImagePushArgs, at: &Place<'_>) -> Result<()> {
    let archive = Archive::read(&args.archive, args.name.clone())?;
    let visitor = Visitor::of(at, &args.gate).await?;
    let leases = visitor.leases(at, args.dseq, args.gate.group).await?;
    let gates: Vec<Gate> =
        leases.into_iter().map(|lease| visitor.gate(at, lease, args.gate.local_network)).collect::<Result<_>>()?;
    for gate in &gates {
        archive.send(gate, at).await?;
    }
    let image = archive.image.clone();
    let leases = gates.iter().map(|gate| gate.lease.id.to_string()).collect();
    at.out.result(&Pushed { archive, leases }, |_| {
        let whom: Vec<String> = gates.iter().map(|gate| at.name(gate.lease.id.provider)).collect();
        format!("{image} is at {}", whom.join(", "))
    })
}

impl Archive {
    /// Looks at an archive; its image has the name that is said, else the one that stands in it.
    pub(super) fn read(file: &Path, name: Option<String>) -> Result<Self> {
        let wrong = |why: &dyn std::fmt::Display| {
            CliError::refused("archive", format_args!("{} is no OCI archive: {why}", file.display()))
                .hint("`podman save --format oci-archive -o FILE IMAGE` makes one")
        };
        let opened = File::open(file).map_err(|error| CliError::file("read", file, &error))?;
        let bytes = opened.metadata().map_err(|error| CliError::file("read", file, &error))?.len();
        let index = index(opened).map_err(|error| wrong(&error))?.ok_or_else(|| wrong(&"it has no index.json"))?;
        let index: serde_json::Value = serde_json::from_slice(&index).map_err(|error| wrong(&error))?;
        let [manifest] = index["manifests"].as_array().map(Vec::as_slice).unwrap_or_default() else {
            return Err(wrong(&"it holds none or several images"));
        };
        let named = manifest["annotations"][NAME].as_str().filter(|name| name.contains('/')).map(str::to_owned);
        let image = name.or(named).ok_or_else(|| {
            CliError::refused("unnamed", format_args!("{} does not say its image's name", file.display()))
                .hint("`podman save` writes the name that it is given; `depin lease image push --name IMAGE` says another")
        })?;
        Ok(Self { file: file.to_owned(), image, bytes })
    }

    /// Archives for a deployment, each of an image that one of its services runs.
    pub(super) fn of(files: &[PathBuf], deployment: &Deployment) -> Result<Vec<Self>> {
        let archives = files.iter().map(|file| Self::read(file, None)).collect::<Result<Vec<_>>>()?;
        let is_run = |image: &str| deployment.manifest().groups.iter().any(|group| runs(group, image));
        if let Some(idle) = archives.iter().find(|archive| !is_run(&archive.image)) {
            let why = format!("{} is the image {}, which no service of the file runs", idle.file.display(), idle.image);
            return Err(CliError::refused("idle-image", why).hint("write that name at `image` in the file"));
        }
        Ok(archives)
    }

    /// Hands it to whoever has a lease whose services run it.
    pub(super) async fn send_to(&self, gates: &[Gate], deployment: &Deployment, at: &Place<'_>) -> Result<()> {
        for gate in gates {
            let ordered = (gate.lease.id.order.group.gseq as usize).checked_sub(1).and_then(|at| deployment.groups().get(at));
            let group = ordered.and_then(|group| deployment.manifest().groups.iter().find(|sent| sent.name == group.name));
            if group.is_some_and(|group| runs(group, &self.image)) {
                self.send(gate, at).await?;
            }
        }
        Ok(())
    }

    async fn send(&self, gate: &Gate, at: &Place<'_>) -> Result<()> {
        let failed = |error: &io::Error| CliError::file("read", &self.file, error);
        let mut file = File::open(&self.file).map_err(|error| failed(&error))?;
        let mut progress = Progress::start(at.out);
        let (whom, mut sent, mut parts) = (at.name(gate.lease.id.provider), 0, 0_u64);
        loop {
            let mut part = Vec::with_capacity(PART);
            (&mut file).take(PART as u64).read_to_end(&mut part).map_err(|error| failed(&error))?;
            if part.is_empty() {
                return Err(CliError::refused("changed", format_args!("{} became shorter meanwhile", self.file.display())));
            }
            if parts.is_multiple_of(TOLD_EVERY) {
                progress.step(format!("{} to {whom}: {} of {}", self.image, bytes(sent), bytes(self.bytes)));
            }
            let (from, size) = (sent, part.len() as u64);
            let taken = gate::once_seen(at, gate, async || {
                gate.gateway.push_image(gate.at(), &self.image, from, self.bytes, part.clone()).await
            });
            if taken.await?.whole {
                progress.done();
                return Ok(());
            }
            (sent, parts) = (sent + size, parts + 1);
        }
    }
}

/// Whether a service of a group runs an image.
fn runs(group: &depin_sdl::ManifestGroup, image: &str) -> bool {
    group.services.iter().any(|service| service.image == image)
}

/// The index of an archive.
fn index(file: File) -> io::Result<Option<Vec<u8>>> {
    let mut archive = tar::Archive::new(BufReader::new(file));
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.path_bytes().strip_prefix(b"./").unwrap_or(&entry.path_bytes()) == b"index.json" {
            let mut text = Vec::new();
            entry.take(INDEX_MAX).read_to_end(&mut text)?;
            return Ok(Some(text));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(index: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut builder = tar::Builder::new(file.reopen().unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(index.len() as u64);
        builder.append_data(&mut header, "index.json", index.as_bytes()).unwrap();
        builder.finish().unwrap();
        file
    }

    #[test]
    fn an_archive_says_its_images_name_or_is_told_it() {
        let named = archive(r#"{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"localhost/web:1"}}]}"#);
        let read = |file: &tempfile::NamedTempFile, name: Option<&str>| Archive::read(file.path(), name.map(str::to_owned));
        assert_eq!(read(&named, None).unwrap().image, "localhost/web:1");
        assert_eq!(read(&named, Some("web:2")).unwrap().image, "web:2");
        let tag = archive(r#"{"manifests":[{"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}"#);
        assert_eq!(read(&tag, None).unwrap_err().code, "unnamed", "a tag is no name");
        for wrong in ["{}", r#"{"manifests":[{},{}]}"#, "no JSON"] {
            assert_eq!(read(&archive(wrong), None).unwrap_err().code, "archive", "{wrong}");
        }
    }
}
