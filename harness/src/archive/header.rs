//! Writes single entries of a tar archive, with names and sizes of any length.

use std::fs::Metadata;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

use tar::{Builder, EntryType, Header};

use super::source::CopyIn;

/// The attributes of a file in a tar header, besides its name, type and size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attributes {
    pub(super) mode: u32,
    pub(super) owner: (u64, u64),
    /// In seconds of Unix time.
    pub(super) mtime: u64,
}

impl Attributes {
    /// Returns the attributes of a file of the host, overridden by those set on the source.
    pub(super) fn of(source: &CopyIn, meta: &Metadata) -> Self {
        let own = Self {
            mode: meta.mode() & 0o7777,
            owner: (0, 0),
            mtime: u64::try_from(meta.mtime()).unwrap_or(0),
        };
        own.but_for(source, meta.is_dir())
    }

    /// Returns the default attributes for given bytes, overridden by those set on the source.
    pub(super) fn of_bytes(source: &CopyIn) -> Self {
        Self { mode: 0o644, owner: (0, 0), mtime: seconds(SystemTime::now()) }.but_for(source, false)
    }

    fn but_for(self, source: &CopyIn, is_dir: bool) -> Self {
        Self {
            mode: match source.mode {
                // A user who may read a directory also needs the right to enter it.
                Some(mode) if is_dir => (mode | (mode & 0o444) >> 2) & 0o7777,
                Some(mode) => mode & 0o7777,
                None => self.mode,
            },
            owner: source.owner.unwrap_or(self.owner),
            mtime: source.mtime.map_or(self.mtime, seconds),
        }
    }

    fn header(self, kind: EntryType, size: u64) -> Header {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(self.mode);
        header.set_uid(self.owner.0);
        header.set_gid(self.owner.1);
        header.set_mtime(self.mtime);
        header.set_size(size);
        header
    }
}

/// Converts to seconds of Unix time. Times before 1970 become 0, since a tar header can't hold them.
fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Appends a file of `size` bytes. `data` has to yield exactly as many.
pub(super) fn append_file<W: Write>(
    archive: &mut Builder<W>,
    path: &Path,
    attributes: Attributes,
    size: u64,
    data: impl Read,
) -> io::Result<()> {
    append(archive, path.as_os_str().as_bytes(), attributes.header(EntryType::Regular, size), data)
}

pub(super) fn append_dir<W: Write>(
    archive: &mut Builder<W>,
    path: &Path,
    attributes: Attributes,
) -> io::Result<()> {
    let name = [path.as_os_str().as_bytes(), b"/"].concat();
    append(archive, &name, attributes.header(EntryType::Directory, 0), io::empty())
}

pub(super) fn append_symlink<W: Write>(
    archive: &mut Builder<W>,
    path: &Path,
    attributes: Attributes,
    to: &Path,
) -> io::Result<()> {
    let mut header = attributes.header(EntryType::Symlink, 0);
    let to = to.as_os_str().as_bytes();
    append_long(archive, EntryType::GNULongLink, to, header.as_old().linkname.len())?;
    put(&mut header.as_old_mut().linkname, to);
    append(archive, path.as_os_str().as_bytes(), header, io::empty())
}

/// Appends an entry. The name is written as bytes, since a file name may contain any byte but `/` and NUL.
fn append<W: Write>(
    archive: &mut Builder<W>,
    name: &[u8],
    mut header: Header,
    data: impl Read,
) -> io::Result<()> {
    append_long(archive, EntryType::GNULongName, name, header.as_old().name.len())?;
    put(&mut header.as_old_mut().name, name);
    header.set_cksum();
    archive.append(&header, data)
}

/// Appends a name that exceeds its header field as a GNU long-name entry in front; does nothing if it fits.
fn append_long<W: Write>(
    archive: &mut Builder<W>,
    kind: EntryType,
    name: &[u8],
    field: usize,
) -> io::Result<()> {
    if name.len() <= field {
        return Ok(());
    }
    let size = name.len() as u64 + 1;
    let mut header = Attributes { mode: 0o644, owner: (0, 0), mtime: 0 }.header(kind, size);
    put(&mut header.as_old_mut().name, b"././@LongLink");
    header.set_cksum();
    archive.append(&header, name.chain(&b"\0"[..]))
}

fn put(field: &mut [u8], name: &[u8]) {
    let end = name.len().min(field.len());
    field[..end].copy_from_slice(&name[..end]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::path::PathBuf;

    const PLAIN: Attributes = Attributes { mode: 0o644, owner: (0, 0), mtime: 0 };

    fn read_back(path: &Path, to: &Path) -> (PathBuf, PathBuf) {
        let mut archive = Builder::new(Vec::new());
        append_symlink(&mut archive, path, PLAIN, to).unwrap();
        let bytes = archive.into_inner().unwrap();
        let mut archive = tar::Archive::new(&bytes[..]);
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        (entry.path().unwrap().into_owned(), entry.link_name().unwrap().unwrap().into_owned())
    }

    #[test]
    fn names_of_any_length_and_bytes_are_kept() {
        for length in [1, 99, 100, 101, 155, 256, 4000] {
            for byte in [b"a", &b"\xff"[..], "é".as_bytes()] {
                let name = byte.iter().copied().cycle().take(length).collect::<Vec<_>>();
                let name = Path::new(OsStr::from_bytes(&name));
                assert_eq!(read_back(name, name), (name.to_owned(), name.to_owned()), "{length}");
            }
        }
    }

    #[test]
    fn a_link_is_kept_as_it_was_written() {
        for to in ["../x", "/a//b/", ".", "a/../b"] {
            assert_eq!(read_back(Path::new("l"), Path::new(to)).1.as_os_str(), to);
        }
    }

    #[test]
    fn sizes_and_owners_beyond_the_octal_fields_are_kept() {
        let size = 20 << 30;
        let header =
            Attributes { owner: (4_000_000_000, 3_000_000_000), ..PLAIN }.header(EntryType::Regular, size);
        assert_eq!(header.size().unwrap(), size);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (4_000_000_000, 3_000_000_000));
    }

    #[test]
    fn a_mode_for_files_lets_into_directories_whom_it_lets_read() {
        let source = |mode| CopyIn::bytes("", "/x").mode(mode);
        let dir = |mode| PLAIN.but_for(&source(mode), true).mode;
        assert_eq!([dir(0o644), dir(0o640), dir(0o600)], [0o755, 0o750, 0o700]);
        assert_eq!(PLAIN.but_for(&source(0o640), false).mode, 0o640);
    }

    #[test]
    fn a_time_before_1970_becomes_1970() {
        assert_eq!(seconds(SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(5)), 0);
    }
}
