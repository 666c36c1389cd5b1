//! What is to be copied into a container, and where to: a description. Nothing is read here.

use std::fmt;
use std::io::{self, Read};
use std::path::{Component, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::words::{Error, Result};

/// A file, a directory or bytes to be copied into a container.
///
/// A value: it may be cloned and used again, and each use reads its source anew. The source is read when the
/// container is started, not before; whether it can be read is checked before anything is created.
///
/// The paths in the container are absolute. Directories that are missing there are made, for root and with mode
/// 0755; those that are there stay as they are.
///
/// ```
/// use seatrial::{ContainerRequest, CopyIn};
///
/// let request = ContainerRequest::new("nginx:1.27")
///     .copy_in(CopyIn::dir("tests/pages", "/usr/share/nginx/html"))
///     .copy_in(CopyIn::bytes("user:x:1000\n", "/etc/nginx/users").mode(0o600).owner(101, 101));
/// ```
#[derive(Clone)]
pub struct CopyIn {
    pub(super) source: Source,
    pub(super) target: PathBuf,
    pub(super) mode: Option<u32>,
    pub(super) owner: Option<(u64, u64)>,
    pub(super) mtime: Option<SystemTime>,
}

#[derive(Clone)]
pub(super) enum Source {
    File(PathBuf),
    Dir(PathBuf),
    Bytes(Bytes),
    Reader { size: u64, open: Opener },
}

pub(super) type Opener = Arc<dyn Fn() -> io::Result<Box<dyn Read + Send>> + Send + Sync>;

impl CopyIn {
    /// A file of the host, to be `container_path` in the container. A link is followed.
    pub fn file(host_path: impl Into<PathBuf>, container_path: impl Into<PathBuf>) -> Self {
        Self::new(Source::File(host_path.into()), container_path)
    }

    /// What is in a directory of the host, to be in `container_dir` in the container.
    ///
    /// Links in it stay links, and empty directories are kept. What can't be copied (a socket, a named pipe, a device)
    /// is an error. A directory in it that is in the container too gets the mode and owner of the one in the host;
    /// `container_dir` itself does only if the host's directory is empty, or if [`CopyIn::owner`] was called.
    pub fn dir(host_dir: impl Into<PathBuf>, container_dir: impl Into<PathBuf>) -> Self {
        Self::new(Source::Dir(host_dir.into()), container_dir)
    }

    /// A file with these bytes.
    pub fn bytes(bytes: impl Into<Bytes>, container_path: impl Into<PathBuf>) -> Self {
        Self::new(Source::Bytes(bytes.into()), container_path)
    }

    /// A file with what a reader gives, which has to be `size` bytes: an archive says the size first.
    ///
    /// `open` is called once for each time that the source is copied, on a thread where it may block. A reader that
    /// gives less or more is an error that says so.
    pub fn reader<R, F>(open: F, size: u64, container_path: impl Into<PathBuf>) -> Self
    where
        R: Read + Send + 'static,
        F: Fn() -> io::Result<R> + Send + Sync + 'static,
    {
        let open: Opener = Arc::new(move || Ok(Box::new(open()?)));
        Self::new(Source::Reader { size, open }, container_path)
    }

    fn new(source: Source, target: impl Into<PathBuf>) -> Self {
        Self { source, target: target.into(), mode: None, owner: None, mtime: None }
    }

    /// The mode of the file, or of each file in the directory: `0o644`.
    ///
    /// Directories get it too, with the right to enter them for whom it lets read. Default: as in the host, and 0644
    /// for bytes and readers.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// The owner of all that is copied. Default: user 0 and group 0, whoever owns it in the host.
    #[must_use]
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid.into(), gid.into()));
        self
    }

    /// When all that is copied was changed last, in whole seconds. Default: as in the host, and now for bytes and
    /// readers.
    #[must_use]
    pub fn mtime(mut self, mtime: SystemTime) -> Self {
        self.mtime = Some(mtime);
        self
    }

    /// The path in the container, from its root and without what means nothing.
    pub(super) fn entry_path(&self) -> Result<PathBuf> {
        let shown = self.target.display();
        let bytes = self.target.as_os_str().as_encoded_bytes();
        if bytes.contains(&0) {
            return Err(Error::invalid(format!("the path in the container, `{shown}`, holds a NUL byte")));
        }
        if !self.target.is_absolute() {
            return Err(Error::invalid(format!(
                "the path in the container, `{shown}`, does not start with `/`"
            )));
        }
        if self.target.components().any(|part| part == Component::ParentDir) {
            return Err(Error::invalid(format!("the path in the container, `{shown}`, holds `..`")));
        }
        let is_dir = matches!(self.source, Source::Dir(_));
        if !is_dir && (bytes.ends_with(b"/") || bytes.ends_with(b"/.")) {
            return Err(Error::invalid(format!(
                "the path in the container, `{shown}`, is that of a directory"
            ))
            .with_hint(format!("give the path that {self} is to have, with its name")));
        }
        Ok(self.target.components().filter(|part| matches!(part, Component::Normal(_))).collect())
    }
}

/// The source, as it is named in an error.
impl fmt::Display for CopyIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::File(path) | Source::Dir(path) => write!(f, "`{}`", path.display()),
            Source::Bytes(bytes) => write!(f, "{} given bytes", bytes.len()),
            Source::Reader { size, .. } => write!(f, "the reader of {size} bytes"),
        }
    }
}

impl fmt::Debug for CopyIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn")
            .field("source", &format_args!("{self}"))
            .field("target", &self.target)
            .field("mode", &self.mode.map(|mode| format!("{mode:#o}")))
            .field("owner", &self.owner)
            .field("mtime", &self.mtime)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn paths_in_the_container_are_made_plain() {
        for (given, plain) in [("/a/b", "a/b"), ("//a/./b", "a/b"), ("/a", "a")] {
            assert_eq!(CopyIn::bytes("", given).entry_path().unwrap(), Path::new(plain));
        }
        assert_eq!(CopyIn::dir("x", "/a/").entry_path().unwrap(), Path::new("a"));
        assert_eq!(CopyIn::dir("x", "/").entry_path().unwrap(), Path::new(""));
    }

    #[test]
    fn bad_paths_in_the_container_are_refused_by_name() {
        for (given, why) in [
            ("etc/x", "does not start with `/`"),
            ("", "does not start with `/`"),
            ("/a/../x", "holds `..`"),
            ("/a\0b", "holds a NUL byte"),
            ("/etc/", "is that of a directory"),
            ("/etc/.", "is that of a directory"),
            ("/", "is that of a directory"),
        ] {
            let error = CopyIn::bytes("abc", given).entry_path().unwrap_err();
            assert!(error.is_invalid() && error.to_string().contains(why), "{given}: {error}");
        }
    }

    #[test]
    fn sources_are_values() {
        fn check<T: Clone + Send + Sync + fmt::Debug + 'static>() {}
        check::<CopyIn>();
        let copy = CopyIn::reader(|| Ok(io::empty()), 7, "/x").mode(0o600).owner(1, 2);
        assert!(format!("{copy:?}").contains("the reader of 7 bytes"));
    }
}
