//! Extracts a tar archive from standard input at the container's root, as the container's processes see it.
//!
//! Links within a path are followed, and one at its end is replaced. A device, a named pipe, and a file that can't be
//! replaced, such as one below `/proc` or one that is mounted, are written to.

use super::path::Path;
use super::sys::{self, EEXIST, EINVAL, EISDIR, ENAMETOOLONG, ENOENT, File};
use super::tar::{self, BLOCK, Header, kind};
use super::tree::{self, fail, format};

const STDIN: usize = 0;

/// The content that is under way.
static mut BUFFER: [u8; 64 * 1024] = [0; 64 * 1024];

const WRITE_ONLY: usize = 1;
const CREATE: usize = 0o100;
const EXCLUSIVE: usize = 0o200;
const TRUNCATE: usize = 0o1000;
const NO_TERMINAL: usize = 0o400;

/// Extracts the archive and exits.
pub(crate) fn put() -> ! {
    let root = Path::of_entry(b"").unwrap_or_else(|| sys::exit(6));
    let (mut long_name, mut long_link) = (None, None);
    loop {
        let mut block = [0; BLOCK];
        fill(&mut block).unwrap_or_else(|error| fail(error, &root));
        if block.iter().all(|byte| *byte == 0) {
            sys::exit(0);
        }
        let header = Header::parse(&block).unwrap_or_else(|| fail(EINVAL, &root));
        match header.kind {
            kind::LONG_NAME => long_name = Some(long(&header).unwrap_or_else(|error| fail(error, &root))),
            kind::LONG_LINK => long_link = Some(long(&header).unwrap_or_else(|error| fail(error, &root))),
            _ => {
                let name = long_name.take();
                let name = name.as_ref().map_or(tar::name(&block), |(bytes, _)| tar::text(bytes));
                let link = long_link.take();
                let link = link.as_ref().map_or(tar::link(&block), |(bytes, _)| tar::text(bytes));
                let mut path = Path::of_entry(name).unwrap_or_else(|| fail(ENAMETOOLONG, &root));
                if let Err(error) = entry(&header, &mut path, link) {
                    fail(error, &path);
                }
            }
        }
    }
}

/// A name in an entry of its own, with its length.
type Long = ([u8; super::path::LONGEST], usize);

fn long(header: &Header) -> Result<Long, i32> {
    let mut name = [0; super::path::LONGEST];
    let length = header.size as usize;
    fill(name.get_mut(..length).ok_or(ENAMETOOLONG)?)?;
    fill(&mut [0; BLOCK][..tar::padding(header.size)])?;
    Ok((name, length))
}

fn entry(header: &Header, path: &mut Path, link: &[u8]) -> Result<(), i32> {
    path.each_parent(|parent| match tree::make_dir(parent, 0o755) {
        Err(EEXIST) => Ok(()),
        other => other,
    })?;
    let at = path.terminated();
    match header.kind {
        kind::FILE => file(header, at),
        kind::DIR => {
            match tree::make_dir(at, 0o755) {
                Err(EEXIST) if tree::stat(at, true)?.format() == format::DIR => {}
                other => other?,
            }
            tree::set_owner(at, header.uid, header.gid)?;
            tree::set_mode(at, header.mode as u32)
        }
        kind::SYMLINK => {
            let to = Path::new(link).ok_or(ENAMETOOLONG)?;
            match tree::unlink(at) {
                Err(ENOENT) => {}
                other => other?,
            }
            tree::make_link(to.terminated(), at)?;
            tree::set_owner(at, header.uid, header.gid)
        }
        _ => Err(EINVAL),
    }
}

fn file(header: &Header, path: &[u8]) -> Result<(), i32> {
    let is_replaced = match tree::stat(path, false).map(|stat| stat.format()) {
        Err(ENOENT) => true,
        Err(error) => return Err(error),
        Ok(format::DIR) => return Err(EISDIR),
        Ok(format::FILE | format::SYMLINK) => matches!(tree::unlink(path), Ok(()) | Err(ENOENT)),
        Ok(_) => false,
    };
    let how = if is_replaced { CREATE | EXCLUSIVE } else { TRUNCATE | NO_TERMINAL };
    let file = File::open_with(path, WRITE_ONLY | how, 0o600)?;
    // SAFETY: there is one thread, and this is the only user of the buffer.
    let buffer = unsafe { &mut *(&raw mut BUFFER) };
    let mut left = header.size;
    while left > 0 {
        let size = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        fill(&mut buffer[..size])?;
        tree::write_all(file.number(), &buffer[..size])?;
        left -= size as u64;
    }
    fill(&mut [0; BLOCK][..tar::padding(header.size)])?;
    if is_replaced {
        tree::set_attributes(&file, header.uid, header.gid, header.mode, header.mtime)?;
    }
    Ok(())
}

/// Fills the buffer from standard input.
fn fill(buffer: &mut [u8]) -> Result<(), i32> {
    const EPIPE: i32 = 32;
    let mut filled = 0;
    while filled < buffer.len() {
        match tree::read(STDIN, &mut buffer[filled..])? {
            0 => return Err(EPIPE),
            read => filled += read,
        }
    }
    Ok(())
}
