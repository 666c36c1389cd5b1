//! Takes an archive that is not trusted apart, into a place of its own that is there for nothing else.
//!
//! Nothing is followed and nothing is replaced: each entry is made anew, below directories that were made here. So
//! nothing can be written elsewhere, in whichever order the entries come.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use tar::{Archive, Entry, EntryType};

use super::bridge::broken;
use super::failure::{cannot, files};
use super::walk::join;
use crate::words::{Error, Kind, Result};

/// What a copy out of a container came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopiedOut {
    /// How many files, directories and links were made.
    pub entries: u64,
    /// How many bytes the files have.
    pub bytes: u64,
    /// What was left out, each with the reason: devices, and links that point out of what was copied.
    pub skipped: Vec<String>,
}

/// What was taken apart, and what is still to be set.
#[derive(Debug, Default)]
pub(super) struct Extracted {
    pub(super) copied: CopiedOut,
    /// The first name in the archive, which all entries share.
    pub(super) root: Option<PathBuf>,
    /// Directories from the root on, whose modes may forbid what is still to be done in them.
    dirs: Vec<(PathBuf, Attributes)>,
}

#[derive(Clone, Copy, Debug)]
struct Attributes {
    mode: u32,
    mtime: Option<SystemTime>,
}

/// Makes `at` of the archive's root, be it a file or a directory; there must be nothing there yet.
pub(super) fn extract(archive: impl Read, at: &Path) -> Result<Extracted> {
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
    /// Gives the directories below `at` the modes and times that the archive says, which was not done before
    /// everything was in its place.
    pub(super) fn finish_dirs(&self, at: &Path) -> Result<()> {
        let mut dirs: Vec<_> = self.dirs.iter().collect();
        // The inner ones first, since a mode may forbid to go in.
        dirs.sort_by(|(a, _), (b, _)| b.cmp(a));
        for (below, attributes) in dirs {
            let dir = join(at, below);
            let opened = File::open(&dir).map_err(|error| cannot("read", &dir, error))?;
            attributes.apply(&opened).map_err(|error| cannot("given its mode", &dir, error))?;
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
            other => Err(files(format!("entries of type {:?} are not known", char::from(other.as_byte())))),
        };
        made.map(|()| self.copied.entries += 1)
    }

    fn skip(&mut self, name: &str, why: &str) -> Result<()> {
        self.copied.skipped.push(format!("`{name}`: {why}"));
        Ok(())
    }

    /// The path without the root, which is the first part of it and the same for all.
    fn below(&mut self, path: &Path) -> Result<PathBuf> {
        let mut parts = path.components();
        let root = match parts.next() {
            Some(Component::Normal(name)) => PathBuf::from(name),
            // The engine names the root so when it was asked for what is in a directory.
            Some(Component::CurDir) => PathBuf::from("."),
            Some(Component::RootDir | Component::Prefix(_)) => return Err(files("the name is absolute")),
            Some(Component::ParentDir) => return Err(files("the name holds `..`")),
            None => return Err(files("the name is empty")),
        };
        let known = self.root.get_or_insert_with(|| root.clone());
        if *known != root {
            return Err(files(format!(
                "the name does not start with `{}` as the others do",
                known.display()
            )));
        }
        let below = parts.as_path();
        match below.components().all(|part| matches!(part, Component::Normal(_))) {
            true => Ok(below.to_owned()),
            false => Err(files("the name holds `..`")),
        }
    }

    /// Makes sure that all above the entry are directories that were made here, and not links to others.
    fn make_parents(&self, at: &Path, below: &Path) -> Result<()> {
        if is_root(below) {
            return Ok(());
        }
        let parents: Vec<_> = below.ancestors().skip(1).collect();
        for parent in parents.into_iter().rev() {
            let dir = join(at, parent);
            match fs::symlink_metadata(&dir) {
                Ok(meta) if meta.is_dir() => {}
                Ok(_) => return Err(files("the name goes through what is no directory in the archive")),
                Err(_) => make_dir(&dir).map_err(|error| cannot("made", &dir, error))?,
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
        // `create_new` neither follows a link nor opens what is there.
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(target);
        let mut file = file.map_err(|error| made_twice(target, error))?;
        let (size, attributes) = (entry.size(), Attributes::of(entry)?);
        let copied = copy_entry(entry, &mut file, size, |error| cannot("written", target, error))?;
        attributes.apply(&file).map_err(|error| cannot("given its mode", target, error))?;
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
            return Err(files(format!("it is a link to `{}`, not what that is", to.display()))
                .with_hint("copy what the link points to"));
        }
        if !stays_inside(below, &to) {
            return self
                .skip(name, &format!("a link to `{}`, which is not in what was copied", to.display()));
        }
        symlink(&to, target).map_err(|error| made_twice(target, error))?;
        self.copied.entries += 1;
        Ok(())
    }

    /// A hard link names its file as an entry of the archive, which must be there already.
    fn hard_link<R: Read>(&mut self, entry: &Entry<'_, R>, target: &Path, at: &Path) -> Result<()> {
        let to = link_name(entry)?;
        let bad =
            || files(format!("it is a hard link to `{}`, which is no file of the archive", to.display()));
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
        // No set-id bits: the files belong to the one who copies, and are not what they were in the container.
        let mode = header.mode().map_err(broken)? & 0o1777;
        let mtime = header
            .mtime()
            .ok()
            .and_then(|since| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(since)));
        Ok(Self { mode, mtime })
    }

    fn apply(self, file: &File) -> io::Result<()> {
        if let Some(mtime) = self.mtime {
            // A time that this file system can't hold is no reason to fail.
            let _ = file.set_modified(mtime);
        }
        file.set_permissions(Permissions::from_mode(self.mode))
    }
}

/// Copies what an entry holds; an archive that ends within it is an error.
pub(super) fn copy_entry<R: Read>(
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
            format!("the engine's archive was cut: {missing} bytes are missing"),
        ));
    }
    Ok(copied)
}

fn link_name<R: Read>(entry: &Entry<'_, R>) -> Result<PathBuf> {
    let name = entry.link_name().map_err(broken)?;
    name.map(PathBuf::from).ok_or_else(|| files("it is a link that points nowhere"))
}

/// Whether a link at `below` points to something below the root.
///
/// `..` is let pass at the start only, where it leads from one directory that was made here to the one above it.
/// Further on it could follow another link, and lead anywhere. So each step of each link stays inside.
fn stays_inside(below: &Path, to: &Path) -> bool {
    let depth = below.components().count() - 1;
    let up = to.components().take_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    let ups = up.filter(|part| *part == Component::ParentDir).count();
    let mut rest =
        to.components().skip_while(|part| matches!(part, Component::ParentDir | Component::CurDir));
    ups <= depth && rest.all(|part| matches!(part, Component::Normal(_)))
}

/// For us alone until the archive's mode is set, which may say the same.
fn make_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(dir)
}

fn made_twice(target: &Path, error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => files("it is twice in the archive").with_source(error),
        _ => cannot("made", target, error),
    }
}

fn is_root(below: &Path) -> bool {
    below.as_os_str().is_empty()
}

#[cfg(test)]
mod tests;
