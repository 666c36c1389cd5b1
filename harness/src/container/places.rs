//! The places of a container that the engine's archive does not reach, as far as the request tells them.
//!
//! The archive has the container's root, volumes and binds. It has none of the file systems that exist only for the
//! container's processes: what it writes there lies below their mount, where no process sees it.

use std::fmt;

use bollard::models::{HostConfig, Mount, MountType};

/// All mounts of a container, by which the nearest one above a path is found.
#[derive(Clone, Debug)]
pub(crate) struct Places(Vec<(Vec<String>, Reach)>);

/// A mount's file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// One that the engine's archive has.
    Archive,
    Tmpfs,
    /// One that the engine mounts into every container.
    System,
}

/// A mount that only the container's processes see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    path: String,
    is_tmpfs: bool,
}

impl Places {
    /// Collects the mounts of a container that is about to be created.
    pub(super) fn of(host: &HostConfig) -> Self {
        let system = ["/dev", "/proc", "/sys"].map(|path| (path, Reach::System));
        let tmpfs = host.tmpfs.iter().flatten().map(|(path, _)| (path.as_str(), Reach::Tmpfs));
        let binds = host.binds.iter().flatten().map(|bind| (target(bind), Reach::Archive));
        let mounts = host.mounts.iter().flatten();
        let mounts = mounts.filter_map(|mount| Some((mount.target.as_deref()?, reach(mount))));
        // Of two at one path, the last one counts: a mount of the request hides the system's.
        let all = system.into_iter().chain(tmpfs).chain(binds).chain(mounts);
        Self(all.map(|(path, reach)| (parts(path), reach)).collect())
    }

    /// Returns the mount that the path is in, if the archive does not reach it.
    pub(crate) fn beyond(&self, path: &str) -> Option<Place> {
        let path = parts(path);
        let above = self.0.iter().filter(|(mount, _)| path.starts_with(mount));
        let (mount, reach) = above.max_by_key(|(mount, _)| mount.len())?;
        let place = |is_tmpfs| Place { path: format!("/{}", mount.join("/")), is_tmpfs };
        match reach {
            Reach::Archive => None,
            Reach::Tmpfs => Some(place(true)),
            Reach::System => Some(place(false)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} at `{}`", if self.is_tmpfs { "tmpfs" } else { "system's mount" }, self.path)
    }
}

fn reach(mount: &Mount) -> Reach {
    if mount.typ == Some(MountType::TMPFS) { Reach::Tmpfs } else { Reach::Archive }
}

/// Returns the path in the container of `SOURCE:TARGET[:OPTIONS]`, or of `TARGET` alone.
fn target(bind: &str) -> &str {
    let mut parts = bind.split(':');
    let first = parts.next().unwrap_or(bind);
    parts.next().unwrap_or(first)
}

/// Returns the parts of a path, without `.` and `..`.
fn parts(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part.to_owned()),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let mount =
            |typ, target: &str| Mount { typ: Some(typ), target: Some(target.into()), ..Mount::default() };
        Places::of(&HostConfig {
            tmpfs: Some([("/run/".to_owned(), String::new())].into()),
            binds: Some(vec!["/run:/run/bound:ro".into(), "/dev:/dev".into(), "name:/sys/named".into()]),
            mounts: Some(vec![
                mount(MountType::VOLUME, "/run/a/volume"),
                mount(MountType::TMPFS, "/run/a/volume/t"),
            ]),
            ..HostConfig::default()
        })
    }

    #[test]
    fn the_nearest_mount_decides() {
        for (path, place) in [
            ("/", None),
            ("/runner/a", None),
            ("/run", Some("the tmpfs at `/run`")),
            ("/run/a", Some("the tmpfs at `/run`")),
            ("//run/./a/b/../c/", Some("the tmpfs at `/run`")),
            ("/run/../etc", None),
            ("/run/bound/a", None),
            ("/run/a/volume", None),
            ("/run/a/volume/t/a", Some("the tmpfs at `/run/a/volume/t`")),
            ("/proc/self", Some("the system's mount at `/proc`")),
            ("/dev/shm/a", None),
            ("/sys/named/a", None),
            ("/sys/names", Some("the system's mount at `/sys`")),
        ] {
            assert_eq!(places().beyond(path).map(|place| place.to_string()).as_deref(), place, "{path}");
        }
    }

    #[test]
    fn a_bind_s_target_is_its_second_part() {
        for (bind, expected) in [("/a:/b", "/b"), ("/a:/a", "/a"), ("name:/b:ro", "/b"), ("/b", "/b")] {
            assert_eq!(target(bind), expected);
        }
    }
}
