//! The description of files to copy into a container, and of their targets. It reads nothing.

use std::fmt;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::walk::Links;
use crate::words::{Error, Result};

/// A file, a directory or bytes to copy into a container.
///
/// The value can be cloned and reused; each use reads its source anew. Sources are validated before anything is
/// created, and read when the container is started.
///
/// Paths in the container are absolute. Missing directories are created with owner root and mode 0755; existing ones
/// are left unchanged.
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
    pub(super) links: Links,
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
    /// Copies a file of the host to `container_path`. A symbolic link is followed.
    pub fn file(host_path: impl Into<PathBuf>, container_path: impl Into<PathBuf>) -> Self {
        Self::new(Source::File(host_path.into()), container_path)
    }

    /// Copies the content of a directory of the host into `container_dir`.
    ///
    /// Links inside stay links, unless [`CopyIn::follow_links`] is called, and empty directories are kept. A socket, named pipe or device inside is an error. A
    /// subdirectory that exists in the container too gets the mode and owner of the copied one. `container_dir` itself
    /// does so only if the host's directory is empty or [`CopyIn::owner`] was called.
    pub fn dir(host_dir: impl Into<PathBuf>, container_dir: impl Into<PathBuf>) -> Self {
        Self::new(Source::Dir(host_dir.into()), container_dir)
    }

    /// Creates a file with these bytes.
    pub fn bytes(bytes: impl Into<Bytes>, container_path: impl Into<PathBuf>) -> Self {
        Self::new(Source::Bytes(bytes.into()), container_path)
    }

    /// Creates a file from a reader that yields exactly `size` bytes. A tar archive needs the size in advance.
    ///
    /// `open` is called once for each copy, on a thread where it may block. A reader that yields fewer or more bytes
    /// fails the copy with an error that names both numbers.
    pub fn reader<R, F>(open: F, size: u64, container_path: impl Into<PathBuf>) -> Self
    where
        R: Read + Send + 'static,
        F: Fn() -> io::Result<R> + Send + Sync + 'static,
    {
        let open: Opener = Arc::new(move || Ok(Box::new(open()?)));
        Self::new(Source::Reader { size, open }, container_path)
    }

    fn new(source: Source, target: impl Into<PathBuf>) -> Self {
        Self { source, target: target.into(), mode: None, owner: None, mtime: None, links: Links::Keep }
    }

    /// Sets the mode of the file, or of each file in the directory, such as `0o644`.
    ///
    /// Directories get the mode too, plus the execute bit for each class of users that may read. Default: the mode on
    /// the host; 0644 for bytes and readers.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Copies the file or directory that a link inside of the directory leads to, in place of the link. For trees of
    /// links to files elsewhere, such as Bazel's runfiles. Default: links stay links.
    ///
    /// A link that leads nowhere, or to a directory that contains it, is an error. The link of [`CopyIn::file`] is
    /// always followed.
    #[must_use]
    pub fn follow_links(mut self) -> Self {
        self.links = Links::Follow;
        self
    }

    /// Sets the owner of everything that is copied. Default: user 0 and group 0, regardless of the owner on the host.
    #[must_use]
    pub fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some((uid.into(), gid.into()));
        self
    }

    /// Sets the modification time of everything that is copied, in whole seconds. Default: the time on the host; the
    /// current time for bytes and readers.
    #[must_use]
    pub fn mtime(mut self, mtime: SystemTime) -> Self {
        self.mtime = Some(mtime);
        self
    }

    /// Returns the path in the container.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the path in the container relative to its root, without redundant components.
    pub(super) fn entry_path(&self) -> Result<PathBuf> {
        let shown = self.target.display();
        let bytes = self.target.as_os_str().as_encoded_bytes();
        if bytes.contains(&0) {
            return Err(Error::invalid(format!("the path in the container, `{shown}`, contains a NUL byte")));
        }
        if !self.target.is_absolute() {
            return Err(Error::invalid(format!(
                "the path in the container, `{shown}`, does not start with `/`"
            )));
        }
        if self.target.components().any(|part| part == Component::ParentDir) {
            return Err(Error::invalid(format!("the path in the container, `{shown}`, contains `..`")));
        }
        let is_dir = matches!(self.source, Source::Dir(_));
        if !is_dir && (bytes.ends_with(b"/") || bytes.ends_with(b"/.")) {
            return Err(Error::invalid(format!("the path in the container, `{shown}`, names a directory"))
                .with_hint(format!("pass the target path for {self} including the file name")));
        }
        Ok(self.target.components().filter(|part| matches!(part, Component::Normal(_))).collect())
    }
}

/// Names the source in error messages.
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
            .field("links", &self.links)
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
            ("/a/../x", "contains `..`"),
            ("/a\0b", "contains a NUL byte"),
            ("/etc/", "names a directory"),
            ("/etc/.", "names a directory"),
            ("/", "names a directory"),
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
