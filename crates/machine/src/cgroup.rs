//! Control groups of either generation: what holds for this process, from its own group up to the root.
//!
//! Source: cgroups(7), and the kernel's documents `admin-guide/cgroup-v1` and `admin-guide/cgroup-v2`.

use crate::tree::Tree;
use std::path::Path;

/// Folders from a group to the root that are looked at, at most.
const DEPTH_MOST: usize = 64;

/// Which generation of control groups a mount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// A folder for each controller.
    First,
    /// One folder.
    Second,
}

impl Generation {
    /// Of what is mounted at `root`, `/sys/fs/cgroup` as a rule.
    pub fn of(root: &Path) -> Self {
        if root.join("cgroup.controllers").exists() { Self::Second } else { Self::First }
    }
}

/// The folders of this process's group of one controller, from the innermost to the root of what is mounted here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) generation: Generation,
    pub(crate) folders: Vec<String>,
}

impl Chain {
    /// The numbers that one of the folders' files holds, by `read`.
    pub(crate) fn values<'a, T>(&'a self, read: impl Fn(&'a str) -> Option<T> + 'a) -> impl Iterator<Item = T> + 'a {
        self.folders.iter().filter_map(move |folder| read(folder))
    }
}

/// The chains that hold for a controller: of the first generation when it has the controller, else of the second; none without either.
pub(crate) fn chain(tree: &Tree, controller: &str) -> Option<Chain> {
    let mounts = tree.text("/proc/self/mountinfo")?;
    let groups = tree.text("/proc/self/cgroup")?;
    let group = |wanted: &dyn Fn(&str, &str) -> bool| {
        groups.lines().find_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            wanted(number, controllers).then(|| path.to_owned())
        })
    };
    let first = mounts
        .lines()
        .filter_map(Mount::parse)
        .find(|mount| mount.kind == "cgroup" && mount.options.split(',').any(|option| option == controller));
    if let Some(mount) = first {
        let path = group(&|_, controllers| controllers.split(',').any(|name| name == controller))?;
        return Some(Chain { generation: Generation::First, folders: mount.folders(tree, &path) });
    }
    let mount = mounts.lines().filter_map(Mount::parse).find(|mount| mount.kind == "cgroup2")?;
    let path = group(&|number, controllers| number == "0" && controllers.is_empty())?;
    Some(Chain { generation: Generation::Second, folders: mount.folders(tree, &path) })
}

/// A line of `/proc/self/mountinfo`. Source: proc_pid_mountinfo(5).
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let mut system = system.split(' ');
        let (root, point) = (mount.next()?, mount.next()?);
        let (kind, _, options) = (system.next()?, system.next()?, system.next()?);
        Some(Self { root, point, kind, options })
    }

    /// Folders that are there, from that of the group to the mount's. A group outside of what is mounted, as in a container that sees its
    /// own part only, is the mount's folder itself.
    fn folders(&self, tree: &Tree, group: &str) -> Vec<String> {
        let below = if self.root == "/" { Some(group) } else { group.strip_prefix(self.root) };
        let mut below = below.unwrap_or("/").trim_matches('/');
        // A process may be told a group above its namespace's root, as "/../..": nothing of that is mounted here.
        if below.split('/').any(|part| part == "..") {
            below = "";
        }
        let mut folders = Vec::new();
        for _ in 0..DEPTH_MOST {
            let folder = format!("{}/{below}", self.point);
            let folder = folder.trim_end_matches('/').to_owned();
            if tree.exists(&folder) {
                folders.push(folder);
            }
            if below.is_empty() {
                break;
            }
            below = below.rsplit_once('/').map_or("", |(above, _)| above);
        }
        folders
    }
}
