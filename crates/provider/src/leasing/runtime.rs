//! Which runtime a provider's leases run in, on the machine as it is.

use depin_quantity::Address;
use depin_sandbox::{BwrapConfig, BwrapRuntime, Name, OciConfig, OciRuntime, Runtime, RuntimeError};
use serde::{Deserialize, Serialize};
use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Mutex;

/// Providers of one process that share an engine's folder start it once.
static OPENING: Mutex<()> = Mutex::const_new(());

/// Which runtime is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeChoice {
    /// Podman or Docker, else bubblewrap.
    #[default]
    Auto,
    /// Podman or Docker.
    Oci,
    /// bubblewrap.
    Bwrap,
}

/// Where a runtime works.
#[derive(Clone, Debug)]
pub struct RuntimePlace {
    /// Whose containers they are.
    pub provider: Address,
    /// A folder for volumes and stores; providers that share one share its engine.
    pub folder: PathBuf,
    /// Archives of images.
    pub images: PathBuf,
    /// The address at which ports of the machine listen.
    pub publish: IpAddr,
    /// A registry that has copies of others' images, as `http://mirror:5000`.
    pub mirror: Option<String>,
    /// Whether images may be pulled from registries by their own names.
    pub registries: bool,
}

/// The name of a provider among all of this machine: the beginning of its address.
///
/// # Panics
/// Never: hexadecimal digits are a name.
pub fn sandbox_name(provider: Address) -> Name {
    Name::new(hex::encode(&provider.get()[..8])).expect("hexadecimal digits are a name")
}

/// Opens the runtime, and says what was not to be had where another is taken instead.
///
/// # Errors
/// [`RuntimeError`]: of the one that was asked for; where any will do, what both lack, each with the line that installs it.
pub async fn open_runtime(
    choice: RuntimeChoice,
    place: &RuntimePlace,
) -> Result<(Arc<dyn Runtime>, Option<String>), RuntimeError> {
    let _alone = OPENING.lock().await;
    match choice {
        RuntimeChoice::Oci => Ok((oci(place).await?, None)),
        RuntimeChoice::Bwrap => Ok((bwrap(place).await?, None)),
        RuntimeChoice::Auto => match oci(place).await {
            Ok(runtime) => Ok((runtime, None)),
            Err(first) => match bwrap(place).await {
                Ok(runtime) => Ok((runtime, Some(format!("no container engine: {first}; leases run by bubblewrap")))),
                Err(second) => Err(RuntimeError::Missing {
                    what: format!("a runtime for containers ({first})"),
                    install: format!("or else {second}"),
                }),
            },
        },
    }
}

async fn oci(place: &RuntimePlace) -> Result<Arc<dyn Runtime>, RuntimeError> {
    let config = OciConfig {
        publish: place.publish,
        mirror: place.mirror.clone(),
        pull_from_registries: place.registries,
        ..OciConfig::new(sandbox_name(place.provider), &place.folder)
    };
    Ok(Arc::new(OciRuntime::open(config).await?))
}

async fn bwrap(place: &RuntimePlace) -> Result<Arc<dyn Runtime>, RuntimeError> {
    let config = BwrapConfig {
        publish: place.publish,
        images: place.images.clone(),
        ..BwrapConfig::new(sandbox_name(place.provider), &place.folder)
    };
    Ok(Arc::new(BwrapRuntime::open(config).await?))
}

/// Ends an engine that [`open_runtime`] started in this folder; containers that are left go on, and the next start begins it again.
pub async fn end_engine(folder: &Path) {
    OciRuntime::end_service(folder).await;
}
