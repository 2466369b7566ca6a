//! From a service to a program that runs in its sandbox: image, mounts, filters, address, and the start itself.

use super::{
    BwrapRuntime,
    kept::{Record, SettingsRecord},
    net,
    start::{self, Binding},
    view,
};
use crate::{
    error::RuntimeError,
    lifecycle::Ending,
    measure::bytes_under,
    names::InstanceId,
    runtime::{Look, Runtime as _},
    unpack::{self, ImageSettings, Rules},
    workload::{Image, Network, Service, Source, Workload},
};
use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::process::Command;

/// How long a sandbox may take until its program runs.
const START_TIME_MAX: Duration = Duration::from_secs(10);

impl BwrapRuntime {
    pub(super) fn archive(&self, image: &Image) -> Result<PathBuf, RuntimeError> {
        let (path, told) = match image {
            Image::Archive(path) => (path.clone(), path.display().to_string()),
            Image::Reference(reference) => (self.images.join(format!("{}.oci", reference.replace('/', "_"))), reference.clone()),
        };
        if path.is_file() {
            return Ok(path);
        }
        Err(RuntimeError::ImageMissing {
            image: told,
            detail: format!("bubblewrap pulls none, and {} is not there", path.display()),
        })
    }

    pub(super) async fn unpack(&self, image: &Image, root: &Path, owner: Option<u32>) -> Result<ImageSettings, RuntimeError> {
        let archive = self.archive(image)?;
        let missing = |detail: String| RuntimeError::ImageMissing { image: image.to_string(), detail };
        let (root, rules) = (root.to_owned(), Rules { owner, bytes_max: self.image_bytes_max });
        let unpacked = tokio::task::spawn_blocking(move || unpack::unpack(&archive, &root, rules)).await;
        unpacked.map_err(|error| missing(error.to_string()))?.map_err(|error| missing(error.to_string()))
    }

    pub(super) async fn bindings(&self, id: &InstanceId, service: &Service, uid: u32) -> Result<Vec<Binding>, RuntimeError> {
        let room = self.folder.join(id.room.as_str());
        let etc = |name: &str| Binding { from: room.join(name), to: format!("/etc/{name}"), read_only: true };
        let mut bindings = vec![etc("hosts"), etc("resolv.conf")];
        for mount in &service.mounts {
            let from = match &mount.source {
                Source::Persistent { bytes } => self.volumes.open_volume(id, &mount.name, *bytes, uid).await?,
                Source::Folder(folder) => folder.clone(),
                Source::Memory { .. } => continue,
            };
            bindings.push(Binding { from, to: mount.path.clone(), read_only: mount.read_only });
        }
        Ok(bindings)
    }

    /// Puts everything that is mounted where the room's user finds it; gives the place of the root. Without root that user is this process's.
    pub(super) async fn show(
        &self,
        id: &InstanceId,
        uid: u32,
        root: &Path,
        bindings: &mut [Binding],
    ) -> Result<PathBuf, RuntimeError> {
        if !self.is_root {
            return Ok(root.to_owned());
        }
        let sources: Vec<&Path> = bindings.iter().map(|binding| binding.from.as_path()).chain([root]).collect();
        let mut shown = view::show(&self.namespace(id), uid, &sources).await?;
        let root = shown.pop().unwrap_or_else(|| root.to_owned());
        bindings.iter_mut().zip(shown).for_each(|(binding, at)| binding.from = at);
        Ok(root)
    }

    pub(super) async fn prepare(
        &self,
        workload: &Workload,
        service: &Service,
        id: &InstanceId,
    ) -> Result<(Record, Vec<String>), RuntimeError> {
        let slot = self.slot(&workload.room)?;
        let place = self.place(id);
        let root = place.join("root");
        let uid = if self.is_root { slot.uid_first() } else { rustix::process::geteuid().as_raw() };
        let owner = self.is_root.then_some(uid);
        let failed = |error: io::Error| RuntimeError::failed(format!("preparing {}", place.display()), error);
        fs::create_dir_all(&root).map_err(failed)?;
        if owner.is_some() {
            std::os::unix::fs::chown(&root, owner, owner).map_err(failed)?;
        }
        let image = self.unpack(&service.image, &root, owner).await?;
        let words = start::command(service, &image);
        if words.is_empty() {
            return Err(RuntimeError::CannotStart {
                id: id.clone(),
                detail: "neither the service nor its image says what to run".into(),
            });
        }
        start::make_places(&root, service, owner)
            .map_err(|error| RuntimeError::CannotStart { id: id.clone(), detail: error.to_string() })?;
        let mut bindings = self.bindings(id, service, uid).await?;
        let shown = self.show(id, uid, &root, &mut bindings).await?;
        let has_network = self.is_root && workload.network != Network::Nothing;
        let text = start::arguments(&shown, service, id, &image, &bindings, !has_network);
        for (name, bytes) in [
            ("arguments", text.as_bytes()),
            ("filter", &self.filters.program),
            ("filter-command", &self.filters.command),
            ("filter-newer", &self.filters.newer_clone),
        ] {
            let path = place.join(name);
            fs::write(&path, bytes).map_err(failed)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        }
        let address =
            if has_network { Some(net::plug(slot, &self.namespace(id), self.free_host(&id.room, slot)?).await?) } else { None };
        let measured = root.clone();
        let image_bytes = tokio::task::spawn_blocking(move || bytes_under(&measured)).await.unwrap_or(0);
        let image = SettingsRecord { env: image.env };
        Ok((Record { service: service.clone(), image, address, image_bytes, has_groups: self.is_root }, words))
    }

    /// Starts what was prepared, and waits until its program runs or ended.
    pub(super) async fn launch(&self, id: &InstanceId, record: &Record, words: &[String]) -> Result<(), RuntimeError> {
        let place = self.place(id);
        let failed = |error: io::Error| RuntimeError::failed(format!("starting {id}"), error);
        let mut command = Command::new("sh");
        command.args(["-c", start::MONITOR, "sh"]).arg(&place);
        if record.has_groups {
            let group = self.group(id);
            group.make(&record.service.limits)?;
            command.args(group.doors());
        }
        command.arg("--");
        if self.is_root {
            if record.address.is_some() {
                command.arg("nsenter").arg(format!("--net={}", net::place(&self.namespace(id)).display())).arg("--");
            }
            let uid = self.slot(&id.room)?.uid_first().to_string();
            command.args(["setpriv", "--reuid", &uid, "--regid", &uid, "--clear-groups", "--"]);
        } else {
            command.arg("prlimit").arg(format!("--as={}", record.service.limits.memory_bytes)).arg("--");
        }
        command.args(["bwrap", "--args", "7", "--"]).args(words);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir(&place).process_group(0);
        let mut monitor = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
        // It goes on without this process; while both live its end is taken notice of.
        tokio::spawn(async move { monitor.wait().await });
        let until = tokio::time::Instant::now() + START_TIME_MAX;
        while tokio::time::Instant::now() < until {
            match self.look(id).await? {
                Look::Ended(Ending::CannotStart { detail }) => return Err(RuntimeError::CannotStart { id: id.clone(), detail }),
                Look::Ended(_) => return Ok(()),
                _ if self.program(id).is_some() => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        Err(RuntimeError::CannotStart {
            id: id.clone(),
            detail: format!("its program did not run within {} s", START_TIME_MAX.as_secs()),
        })
    }
}
