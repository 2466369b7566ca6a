//! Gets images: from the engine's own store, an OCI archive, or a mirror.

use super::{OciRuntime, status};
use crate::{archive, error::RuntimeError, workload::Image};
use bollard::query_parameters::{CreateImageOptions, ImportImageOptions, TagImageOptions};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use std::path::Path;
use tokio::io::AsyncReadExt as _;

impl OciRuntime {
    /// Makes sure that an image is in the engine's store; gives the name under which it is there.
    pub(super) async fn image(&self, image: &Image) -> Result<String, RuntimeError> {
        match image {
            Image::Archive(path) => self.load(path).await,
            Image::Reference(reference) => self.pull(reference).await,
        }
    }

    async fn has(&self, name: &str) -> Result<bool, RuntimeError> {
        match self.docker.inspect_image(name).await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(RuntimeError::failed(format!("looking for image {name}"), error)),
        }
    }

    /// Loads an archive under a name that follows from its bytes. Names that it brings along are taken off first: with them a tenant
    /// would replace images that others use.
    async fn load(&self, path: &Path) -> Result<String, RuntimeError> {
        let missing = |detail: String| RuntimeError::ImageMissing { image: path.display().to_string(), detail };
        let at = path.to_owned();
        let read = tokio::task::spawn_blocking(move || archive::digest(&at)).await;
        let digest = read.map_err(|error| missing(error.to_string()))?.map_err(|error| missing(error.to_string()))?;
        let repository = format!("localhost/depin-archive-{}", &digest[..32]);
        let name = format!("{repository}:1");
        if self.has(&name).await? {
            return Ok(name);
        }
        let (from, to) = (path.to_owned(), self.scratch.join(format!("{digest}.oci")));
        let nameless = to.clone();
        let copied = tokio::task::spawn_blocking(move || archive::copy_without_names(&from, &nameless)).await;
        copied.map_err(|error| missing(error.to_string()))?.map_err(|error| missing(error.to_string()))?;
        let loaded = self.load_file(&to).await;
        let _ = tokio::fs::remove_file(&to).await;
        let id = loaded.map_err(missing)?;
        let options = TagImageOptions { repo: Some(repository), tag: Some("1".into()) };
        self.docker
            .tag_image(&id, Some(options))
            .await
            .map_err(|error| RuntimeError::failed(format!("naming image {id}"), error))?;
        Ok(name)
    }

    async fn load_file(&self, path: &Path) -> Result<String, String> {
        let file = tokio::fs::File::open(path).await.map_err(|error| error.to_string())?;
        let pieces = futures::stream::try_unfold(file, async |mut file| {
            let mut piece = vec![0; 1 << 18];
            let read = file.read(&mut piece).await?;
            piece.truncate(read);
            Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
        });
        let mut answers = Box::pin(self.docker.import_image_stream(ImportImageOptions::default(), pieces, None));
        let mut loaded = None;
        while let Some(answer) = answers.next().await {
            let words = answer.map_err(|error| error.to_string())?.stream.unwrap_or_default();
            // `Loaded image: NAME` or `Loaded image ID: sha256:…`.
            if let Some((_, name)) = words.trim().split_once(": ") {
                loaded = Some(name.trim().to_owned());
            }
        }
        loaded.ok_or_else(|| "the engine loaded no image from it".to_owned())
    }

    async fn pull(&self, reference: &str) -> Result<String, RuntimeError> {
        if self.has(reference).await? {
            return Ok(reference.to_owned());
        }
        let missing = |detail: String| RuntimeError::ImageMissing { image: reference.to_owned(), detail };
        let name = match &self.mirror {
            _ if reference.starts_with("localhost/") => return Err(missing("it is not in this machine's store".into())),
            Some(mirror) => mirrored(mirror, reference),
            None if self.pull_from_registries => reference.to_owned(),
            None => {
                return Err(missing(
                    "it is not in this machine's store, and the provider has neither registries nor a mirror".into(),
                ));
            }
        };
        if name != reference && self.has(&name).await? {
            return Ok(name);
        }
        let (repository, tag) = split(&name);
        let options =
            CreateImageOptions { from_image: Some(repository.to_owned()), tag: Some(tag.to_owned()), ..Default::default() };
        let pulled: Result<Vec<_>, _> = self.docker.create_image(Some(options), None, None).try_collect().await;
        pulled.map_err(|error| missing(format!("{name}: {error}")))?;
        if self.has(&name).await? { Ok(name) } else { Err(missing(format!("{name} was not found"))) }
    }
}

/// The name that an image of a registry has in a mirror: the registry's host gives way to the mirror.
fn mirrored(mirror: &str, reference: &str) -> String {
    let mirror = mirror.trim_start_matches("http://").trim_start_matches("https://").trim_end_matches('/');
    let (host, rest) = reference.split_once('/').unwrap_or(("", reference));
    let is_host = host.contains(['.', ':']) || host == "localhost";
    let path = match (is_host, reference.contains('/')) {
        (true, _) => rest.to_owned(),
        (false, true) => reference.to_owned(),
        (false, false) => format!("library/{reference}"),
    };
    format!("{mirror}/{path}")
}

/// Repository and tag or digest; the tag is `latest` where none is said.
fn split(name: &str) -> (&str, &str) {
    if let Some((repository, digest)) = name.split_once('@') {
        return (repository, digest);
    }
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_mirror_keep_their_path() {
        for (reference, expected) in [
            ("nginx:1.27", "mirror:5000/library/nginx:1.27"),
            ("grafana/loki", "mirror:5000/grafana/loki"),
            ("ghcr.io/a/b:2", "mirror:5000/a/b:2"),
        ] {
            assert_eq!(mirrored("http://mirror:5000/", reference), expected);
        }
    }

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(split("mirror:5000/a"), ("mirror:5000/a", "latest"));
        assert_eq!(split("mirror:5000/a:2"), ("mirror:5000/a", "2"));
        assert_eq!(split("a@sha256:00"), ("a", "sha256:00"));
    }
}
