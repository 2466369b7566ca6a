//! How a sandbox is started: its files, the arguments of bubblewrap, and the two small shells around it.

use crate::{
    names::InstanceId,
    unpack::{ImageSettings, Tree},
    workload::{Service, Source},
};
use std::{
    fmt::Write as _,
    io,
    path::{Path, PathBuf},
};

/// Stays outside of the sandbox's limits, outlives the daemon, and writes down how it ended. Its arguments: the sandbox's folder, the
/// doors of its control groups, `--`, the command.
///
/// What bubblewrap reads comes in files, since arguments and environments of processes can be seen by others of the machine.
pub(super) const MONITOR: &str = r#"
folder=$1
shift
sh -c '
  folder=$1
  shift
  echo $$ >"$folder/pid"
  while [ "$1" != -- ]; do
    echo $$ >"$1" || exit 125
    shift
  done
  shift
  exec "$@"
' sh "$folder" "$@" 7<"$folder/arguments" 8<"$folder/filter" 9<"$folder/filter-newer" </dev/null >>"$folder/log" 2>&1 &
wait $!
echo $? >"$folder/exit.new"
mv "$folder/exit.new" "$folder/exit"
"#;

/// Brings a command of the provider into a sandbox: into its control groups, behind the filters, then into its namespaces.
pub(super) const ENTER: &str = r#"
folder=$1
shift
while [ "$1" != -- ]; do
  echo $$ >"$1" || exit 125
  shift
done
shift
exec "$@" 8<"$folder/filter-command" 9<"$folder/filter-newer"
"#;

/// Memory for /tmp and /run.
const SCRATCH_BYTES: u64 = 64 << 20;

/// What is mounted from this machine.
pub(super) struct Binding {
    pub(super) from: PathBuf,
    pub(super) to: String,
    pub(super) read_only: bool,
}

/// Makes the places where something is mounted. The image is a stranger's: no link of it is followed.
pub(super) fn make_places(root: &Path, service: &Service, owner: Option<u32>) -> io::Result<()> {
    let tree = Tree::open(root, crate::unpack::Rules { owner, bytes_max: 0 })?;
    for folder in ["proc", "dev", "tmp", "run", "var/tmp", "etc"] {
        tree.plain_folder(Path::new(folder))?;
    }
    for file in ["hosts", "resolv.conf", "hostname"] {
        tree.plain_file(Path::new("etc"), file)?;
    }
    for mount in service.mounts.iter().filter(|mount| !mount.path.starts_with("/dev/")) {
        tree.plain_folder(Path::new(mount.path.trim_matches('/')))?;
    }
    Ok(())
}

/// The arguments of bubblewrap but for the command, each ended by a zero byte.
pub(super) fn arguments(
    root: &Path,
    service: &Service,
    id: &InstanceId,
    image: &ImageSettings,
    bindings: &[Binding],
    own_network: bool,
) -> String {
    let mut words = String::new();
    let mut add = |line: &[&str]| line.iter().for_each(|word| _ = write!(words, "{word}\0"));
    add(&[
        "--unshare-user",
        "--uid",
        "0",
        "--gid",
        "0",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-uts",
        "--unshare-cgroup-try",
    ]);
    if own_network {
        add(&["--unshare-net"]);
    }
    add(&[
        "--hostname",
        &format!("{}-{}", service.name, id.replica),
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--clearenv",
    ]);
    for (name, value) in environment(service, image) {
        add(&["--setenv", &name, &value]);
    }
    add(&[if service.writable_root { "--bind" } else { "--ro-bind" }, &root.display().to_string(), "/"]);
    add(&["--proc", "/proc", "--dev", "/dev"]);
    let scratch = SCRATCH_BYTES.min(service.limits.memory_bytes / 2).to_string();
    if !service.writable_root {
        for folder in ["/tmp", "/run", "/var/tmp"] {
            add(&["--perms", "1777", "--size", &scratch, "--tmpfs", folder]);
        }
    }
    for mount in &service.mounts {
        if let Source::Memory { bytes } = mount.source {
            add(&["--perms", "1777", "--size", &bytes.to_string(), "--tmpfs", &mount.path]);
            if mount.read_only {
                add(&["--remount-ro", &mount.path]);
            }
        }
    }
    for binding in bindings {
        add(&[if binding.read_only { "--ro-bind" } else { "--bind" }, &binding.from.display().to_string(), &binding.to]);
    }
    add(&["--chdir", &image.folder, "--add-seccomp-fd", "8", "--add-seccomp-fd", "9"]);
    words
}

/// The image's environment, then the service's.
pub(super) fn environment(service: &Service, image: &ImageSettings) -> Vec<(String, String)> {
    let mut all = vec![("PATH".to_owned(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned())];
    all.push(("HOME".into(), "/root".into()));
    let of_image = image.env.iter().filter_map(|variable| variable.split_once('='));
    all.extend(of_image.filter(|(name, _)| !name.is_empty()).map(|(name, value)| (name.to_owned(), value.to_owned())));
    all.extend(service.env.iter().map(|variable| (variable.name.clone(), variable.value.clone())));
    all
}

/// What runs: the service's command in place of the image's entry point, its arguments in place of the image's.
pub(super) fn command(service: &Service, image: &ImageSettings) -> Vec<String> {
    let command = service.command.as_ref().unwrap_or(&image.entrypoint);
    let of_image: &[String] = if service.command.is_some() { &[] } else { &image.command };
    let arguments = service.args.as_deref().unwrap_or(of_image);
    command.iter().chain(arguments).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        names::Name,
        workload::{Image, Variable},
    };

    fn service() -> Service {
        Service::new(Name::new("a").unwrap(), Image::Reference("x".into()))
    }

    #[test]
    fn a_command_replaces_the_entry_point_and_with_it_the_images_arguments() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let image = ImageSettings { entrypoint: words("entry"), command: words("one two"), ..Default::default() };
        let with = |command: Option<&str>, args: Option<&str>| command_of(&image, command.map(words), args.map(words));
        assert_eq!(with(None, None), words("entry one two"));
        assert_eq!(with(None, Some("x")), words("entry x"));
        assert_eq!(with(Some("other"), None), words("other"));
        assert_eq!(with(Some("other"), Some("x")), words("other x"));
    }

    fn command_of(image: &ImageSettings, command: Option<Vec<String>>, args: Option<Vec<String>>) -> Vec<String> {
        super::command(&Service { command, args, ..service() }, image)
    }

    #[test]
    fn the_services_environment_wins_over_the_images() {
        let image = ImageSettings { env: vec!["A=1".into(), "PATH=/bin".into(), "bad".into()], ..Default::default() };
        let made = environment(&Service { env: vec![Variable::new("A", "2")], ..service() }, &image);
        let last = |name: &str| made.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        assert_eq!((last("A"), last("PATH"), last("bad")), (Some("2"), Some("/bin"), None));
    }
}
