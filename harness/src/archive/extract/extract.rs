//! Extracts an untrusted archive into a directory that was created for it alone.
//!
//! No link is followed and nothing is replaced: each entry is created anew, below directories that this module created.
//! So nothing can be written elsewhere, in whichever order the entries come.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::{Archive, Entry, EntryType};

use crate::archive::bridge::broken;
use crate::archive::failure::{cannot, files};
use crate::archive::walk::join;
use crate::words::{Error, Kind, Result};

/// The result of a copy out of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopiedOut {
    /// The number of files, directories and links that were created.
    pub entries: u64,
    /// The total size of the files, in bytes.
    pub bytes: u64,
    /// The entries that were skipped, each as text with the reason: devices, named pipes, and links that point out of
    /// the copied tree.
    pub skipped: Vec<String>,
}

/// The result of an extraction, with the directory attributes that are still to be applied.
#[derive(Debug, Default)]
pub(in crate::archive) struct Extracted {
    pub(in crate::archive) copied: CopiedOut,
    /// The first component of every entry's path, which all entries share.
    pub(in crate::archive) root: Option<PathBuf>,
    /// The directories from the root down. Their modes are applied last, since a mode may forbid creating entries
    /// below.
    dirs: Vec<(PathBuf, Attributes)>,
}

#[derive(Clone, Copy, Debug)]
struct Attributes {
    mode: u32,
    mtime: Option<SystemTime>,
}

/// Extracts the archive's root, a file or a directory, to `at`, where nothing may exist yet.
pub(in crate::archive) fn extract(archive: impl Read, at: &Path) -> Result<Extracted> {
    let mut extracted = Extracted::default();
    let mut archive = Archive::new(archive);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        extracted
            .entry(&mut entry, &name, at)
            .map_err(|error| error.with_part(format_args!("entry `{name}`")))?;
    }
    match extracted.root {
        Some(_) => Ok(extracted),
        None => Err(Error::new(Kind::Protocol, "the engine's archive is empty")),
    }
}

impl Extracted {
    /// Applies the archive's modes and times to the directories below `at`. To be called once everything is in place.
    pub(in crate::archive) fn finish_dirs(&self, at: &Path) -> Result<()> {
        let mut dirs: Vec<_> = self.dirs.iter().collect();
        // The innermost first, since a mode may forbid entering a directory.
        dirs.sort_by(|(a, _), (b, _)| b.cmp(a));
        for (below, attributes) in dirs {
            let dir = join(at, below);
            let opened = File::open(&dir).map_err(|error| cannot("read", &dir, error))?;
            attributes.apply(&opened).map_err(|error| cannot("given its permissions", &dir, error))?;
        }
        Ok(())
    }

    fn entry<R: Read>(&mut self, entry: &mut Entry<'_, R>, name: &str, at: &Path) -> Result<()> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let path = entry.path().map_err(broken)?.into_owned();
        let below = self.below(&path)?;
        let target = join(at, &below);
        self.make_parents(at, &below)?;
        let made = match kind {
            EntryType::Regular | EntryType::Continuous => self.file(entry, &target),
            EntryType::Directory => self.dir(entry, &target, below),
            EntryType::Symlink => return self.symlink(entry, &target, &below, name),
            EntryType::Link => self.hard_link(entry, &target, at),
            EntryType::Char | EntryType::Block => return self.skip(name, "a device"),
            EntryType::Fifo => return self.skip(name, "a named pipe"),
            other => Err(files(format!("its entry type {:?} is unknown", char::from(other.as_byte())))),
        };
        made.map(|()| self.copied.entries += 1)
    }

    fn skip(&mut self, name: &str, why: &str) -> Result<()> {
        self.copied.skipped.push(format!("`{name}`: {why}"));
        Ok(())
    }

    /// Returns `path` without its first component, which is the same for all entries.
    fn below(&mut self, path: &Path) -> Result<PathBuf> {
        let mut parts = path.components();
        let root = match parts.next() {
            Some(Component::Normal(name)) => PathBuf::from(name),
            // The engine uses `.` as the root if it was asked for the content of a directory.
            Some(Component::CurDir) => PathBuf::from("."),
            Some(Component::RootDir | Component::Prefix(_)) => return Err(files("its path is absolute")),
            Some(Component::ParentDir) => return Err(files("its path contains `..`")),
            None => return Err(files("its path is empty")),
        };
        let known = self.root.get_or_insert_with(|| root.clone());
        if *known != root {
            return Err(files(format!(
                "its path does not start with `{}` as the other entries' do",
                known.display()
            )));
        }
        let below = parts.as_path();
        match below.components().all(|part| matches!(part, Component::Normal(_))) {
            true => Ok(below.to_owned()),
            false => Err(files("its path contains `..`")),
        }
    }

    /// Creates the missing directories above an entry, and refuses a path that leads through anything but a directory.
    fn make_parents(&self, at: &Path, below: &Path) -> Result<()> {
        if is_root(below) {
            return Ok(());
        }
        let parents: Vec<_> = below.ancestors().skip(1).collect();
        for parent in parents.into_iter().rev() {
            let dir = join(at, parent);
            match fs::symlink_metadata(&dir) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(files("its path leads through something that is not a directory")),
                Err(_) => make_dir(&dir).map_err(|error| cannot("created", &dir, error))?,
            }
        }
        Ok(())
    }

    fn dir<R: Read>(&mut self, entry: &Entry<'_, R>, target: &Path, below: PathBuf) -> Result<()> {
        let known = fs::symlink_metadata(target).is_ok_and(|meta| meta.is_dir());
        if !known {
            make_dir(target).map_err(|error| made_twice(target, error))?;
        }
        self.dirs.push((below, Attributes::of(entry)?));
        Ok(())
    }

    fn file<R: Read>(&mut self, entry: &mut Entry<'_, R>, target: &Path) -> Result<()> {
        // `create_new` neither follows a link nor opens an existing file.
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(target);
        let mut file = file.map_err(|error| made_twice(target, error))?;
        let (size, attributes) = (entry.size(), Attributes::of(entry)?);
        let copied = copy_entry(entry, &mut file, size, |error| cannot("written", target, error))?;
        attributes.apply(&file).map_err(|error| cannot("given its permissions", target, error))?;
        self.copied.bytes += copied;
        Ok(())
    }

    fn symlink<R: Read>(
        &mut self,
        entry: &Entry<'_, R>,
        target: &Path,
        below: &Path,
        name: &str,
    ) -> Result<()> {
        let to = link_name(entry)?;
        if is_root(below) {
            return Err(files(format!("it is a link to `{}`, not a file or directory", to.display()))
                .with_hint("copy the target of the link instead"));
        }
        if !stays_inside(below, &to) {
            return self
                .skip(name, &format!("a link to `{}`, which is outside of the copied tree", to.display()));
        }
        symlink(&to, target).map_err(|error| made_twice(target, error))?;
        self.copied.entries += 1;
        Ok(())
    }

    /// Creates a hard link. Its target has to be an entry of the archive that was extracted already.
    fn hard_link<R: Read>(&mut self, entry: &Entry<'_, R>, target: &Path, at: &Path) -> Result<()> {
        let to = link_name(entry)?;
        let bad =
            || files(format!("it is a hard link to `{}`, which is not a file of the archive", to.display()));
        let source = self.below(&to).map_err(|_| bad())?;
        let is_link = |part: &&Path| fs::symlink_metadata(join(at, part)).is_ok_and(|meta| meta.is_symlink());
        let file = join(at, &source);
        if source.ancestors().any(|part| is_link(&part)) || !file.is_file() {
            return Err(bad());
        }
        fs::hard_link(&file, target).map_err(|error| made_twice(target, error))
    }
}

impl Attributes {
    fn of<R: Read>(entry: &Entry<'_, R>) -> Result<Self> {
        let header = entry.header();
        // Without set-id bits: the files belong to the user who copies, not to their owner in the container.
        let mode = header.mode().map_err(broken)? & 0o1777;
        let mtime = header
            .mtime()
            .ok()
            .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since)));
        Ok(Self { mode, mtime })
    }

    fn apply(self, file: &File) -> io::Result<()> {
        if let Some(mtime) = self.mtime {
            // Not every file system can represent every time; that is no reason to fail.
            let _ = file.set_modified(mtime);
        }
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// Copies an entry's content. An archive that ends within it is an error.
pub(in crate::archive) fn copy_entry<R: Read>(
    entry: &mut Entry<'_, R>,
    to: &mut impl io::Write,
    size: u64,
    failed: impl FnOnce(io::Error) -> Error,
) -> Result<u64> {
    let copied = io::copy(entry, to).map_err(failed)?;
    if copied < size {
        let missing = size - copied;
        return Err(Error::new(
            Kind::Protocol,
            format!("the engine's archive is truncated: {missing} bytes are missing"),
        ));
    }
    Ok(copied)
}

fn link_name<R: Read>(entry: &Entry<'_, R>) -> Result<PathBuf> {
    let name = entry.link_name().map_err(broken)?;
    name.map(PathBuf::from).ok_or_else(|| files("it is a link without a target"))
}

/// Returns `true` if every step of a link at `below` stays below the root.
///
/// `..` is allowed only at the start of the target, where it leads from one directory created here to its parent. Later
/// in the path it could follow another link and lead anywhere.
fn stays_inside(below: &Path, to: &Path) -> bool {
    let depth = below.components().count() - 1;
    let up = to.components().take_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    let ups = up.filter(|part| *part == Component::ParentDir).count();
    let mut rest =
        to.components().skip_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    ups <= depth && rest.all(|part| matches!(part, Component::Normal(_)))
}

/// Creates a directory with mode 0700, until the archive's mode is applied.
fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)
}

fn made_twice(target: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => files("the archive contains it twice").with_source(error),
        _ => cannot("created", target, error),
    }
}

fn is_root(below: &Path) -> bool {
    below.as_os_str().is_empty()
}
