//! Writes a file or directory to standard output as a tar archive, as the container's processes see it.
//!
//! The archive's root is called `f`. A link at the path's end is followed, and links below stay links.

use super::path::Path;
use super::sys::{self, ENAMETOOLONG, ENOENT, File};
use super::tar::{self, BLOCK, Header, kind};
use super::tree::{self, Stat, fail, format};

const STDOUT: usize = 1;
/// The size of files whose size the kernel does not tell, up to which they are read at once.
const BUFFER_SIZE: usize = 1024 * 1024;

/// The content that is under way. Only the pages that are written take memory.
static mut BUFFER: [u8; BUFFER_SIZE] = [0; BUFFER_SIZE];

/// Writes the archive and exits.
pub(crate) fn get(mut path: Path) -> ! {
    let Some(mut name) = Path::new(b"f") else { sys::exit(6) };
    let written = tree::stat(path.terminated(), true).and_then(|stat| entry(&mut path, &mut name, stat));
    let ended = written.and_then(|()| tree::write_all(STDOUT, &[0; 2 * BLOCK]));
    match ended {
        Ok(()) => sys::exit(0),
        Err(error) => fail(error, &path),
    }
}

/// Writes an entry and, for a directory, those below. After an error the path is that of the entry that failed.
fn entry(path: &mut Path, name: &mut Path, stat: Stat) -> Result<(), i32> {
    let header = |kind, size| Header {
        kind,
        mode: u64::from(stat.mode & 0o7777),
        size,
        mtime: stat.mtime,
        ..Header::default()
    };
    let special = |kind| put(&header(kind, 0), name.text(), b"");
    match stat.format() {
        format::FILE => file(path, name, &stat, &header(kind::FILE, 0)),
        format::DIR => {
            let length = name.len();
            if !name.append(b"/") {
                return Err(ENAMETOOLONG);
            }
            put(&header(kind::DIR, 0), name.text(), b"")?;
            directory(path, name)?;
            name.truncate(length);
            Ok(())
        }
        format::SYMLINK => {
            let mut target = [0; super::path::LONGEST];
            let length = tree::read_link(path.terminated(), &mut target)?;
            put(&header(kind::SYMLINK, 0), name.text(), &target[..length])
        }
        format::CHAR => special(kind::CHAR),
        format::BLOCK => special(kind::BLOCK),
        format::FIFO => special(kind::FIFO),
        // A socket, which no archive holds.
        _ => Ok(()),
    }
}

/// Writes the entries of a directory, whose name ends with `/`.
fn directory(path: &mut Path, name: &mut Path) -> Result<(), i32> {
    const DIRECTORY: usize = if cfg!(target_arch = "x86_64") { 0o200_000 } else { 0o40_000 };
    let opened = File::open_with(path.terminated(), DIRECTORY, 0)?;
    let (path_length, name_length) = (path.len(), name.len());
    let slash: &[u8] = if path.text().ends_with(b"/") { b"" } else { b"/" };
    let mut buffer = [0; 4096];
    loop {
        let mut rest = opened.entries(&mut buffer);
        if rest.is_empty() {
            return Ok(());
        }
        // Each entry is: inode and offset of 8 bytes each, its length of 2 bytes, its type, and its name with a NUL.
        while let [.., _] = rest {
            let length = usize::from(u16::from_ne_bytes([rest[16], rest[17]]));
            let own = tar::text(&rest[19..length]);
            rest = &rest[length..];
            if own == b"." || own == b".." {
                continue;
            }
            if !(path.append(slash) && path.append(own) && name.append(own)) {
                return Err(ENAMETOOLONG);
            }
            match tree::stat(path.terminated(), false).and_then(|stat| entry(path, name, stat)) {
                // It was removed meanwhile.
                Err(ENOENT) if tree::stat(path.terminated(), false).is_err() => {}
                other => other?,
            }
            path.truncate(path_length);
            name.truncate(name_length);
        }
    }
}

fn file(path: &Path, name: &Path, stat: &Stat, header: &Header) -> Result<(), i32> {
    let file = File::open_with(path.terminated(), 0, 0)?;
    // SAFETY: there is one thread, and this is the only user of the buffer.
    let buffer = unsafe { &mut *(&raw mut BUFFER) };
    let mut filled = read_whole(&file, buffer)?;
    let mut size = filled as u64;
    if filled == buffer.len() {
        // The kernel does not tell the size of files below `/proc` and `/sys`.
        size = if stat.size > 0 { stat.size } else { size_of_rest(&file, buffer)? + size };
        tree::rewind(&file)?;
        filled = 0;
    }
    put(&Header { size, ..*header }, name.text(), b"")?;
    tree::write_all(STDOUT, &buffer[..filled])?;
    let mut left = size - filled as u64;
    while left > 0 {
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut read = read_whole(&file, &mut buffer[..wanted])?;
        if read == 0 {
            // The file was shortened meanwhile; the size that was announced is kept.
            buffer.fill(0);
            read = wanted;
        }
        tree::write_all(STDOUT, &buffer[..read])?;
        left -= read as u64;
    }
    tree::write_all(STDOUT, &[0; BLOCK][..tar::padding(size)])
}

/// Reads until the buffer is full or the file ends.
fn read_whole(file: &File, buffer: &mut [u8]) -> Result<usize, i32> {
    let mut filled = 0;
    while filled < buffer.len() {
        match tree::read(file.number(), &mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn size_of_rest(file: &File, buffer: &mut [u8]) -> Result<u64, i32> {
    let mut size = 0;
    loop {
        match tree::read(file.number(), buffer)? {
            0 => return Ok(size),
            read => size += read as u64,
        }
    }
}

/// Writes a header, with entries before it for a name or target that is too long for it.
fn put(header: &Header, name: &[u8], link: &[u8]) -> Result<(), i32> {
    put_long(kind::LONG_NAME, name)?;
    put_long(kind::LONG_LINK, link)?;
    let mut block = [0; BLOCK];
    header.write(name, link, &mut block);
    tree::write_all(STDOUT, &block)
}

fn put_long(kind: u8, text: &[u8]) -> Result<(), i32> {
    if text.len() <= tar::NAME {
        return Ok(());
    }
    let header = Header { kind, size: text.len() as u64 + 1, ..Header::default() };
    let mut block = [0; BLOCK];
    header.write(b"././@LongLink", b"", &mut block);
    tree::write_all(STDOUT, &block)?;
    tree::write_all(STDOUT, text)?;
    tree::write_all(STDOUT, &[0; BLOCK + 1][..1 + tar::padding(header.size)])
}
