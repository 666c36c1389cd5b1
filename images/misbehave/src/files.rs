//! Steps that write, fill and list files.

use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;

use crate::output::Output;

/// Writes a file, and creates the directories above it.
pub(crate) fn write(path: &str, text: &str) -> io::Result<()> {
    make_parent(path)?;
    fs::write(path, text)
}

/// Writes a file of `size` bytes, and creates the directories above it.
pub(crate) fn fill(path: &str, mut size: u64) -> io::Result<()> {
    make_parent(path)?;
    let mut file = File::create(path)?;
    let chunk = vec![b'x'; 1 << 20];
    while size > 0 {
        let part = size.min(chunk.len() as u64);
        // `part` is at most the chunk's length, which is a `usize`.
        file.write_all(&chunk[..part as usize])?;
        size -= part;
    }
    Ok(())
}

/// Creates a directory with exactly this mode, and the directories above it.
pub(crate) fn make_dir(mode: u32, path: &str) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Lists a path and all entries below it, sorted by name. Links are listed and not followed.
pub(crate) fn list(output: &Output, path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    output.line(&describe(path, &metadata))?;
    if metadata.is_dir() {
        let mut below = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        below.sort_by_key(fs::DirEntry::file_name);
        for entry in below {
            list(output, &entry.path())?;
        }
    }
    Ok(())
}

fn describe(path: &Path, metadata: &Metadata) -> String {
    let target = fs::read_link(path).map_or(String::new(), |target| format!(" -> {}", target.display()));
    format!(
        "{}{:04o} {} {} {} {} {}{target}",
        type_letter(metadata),
        metadata.mode() & 0o7777,
        metadata.uid(),
        metadata.gid(),
        metadata.len(),
        metadata.mtime(),
        path.display(),
    )
}

/// Returns the letter that `ls` prints for a file type.
fn type_letter(metadata: &Metadata) -> char {
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => 'd',
        () if kind.is_symlink() => 'l',
        () if kind.is_fifo() => 'p',
        () if kind.is_socket() => 's',
        () if kind.is_block_device() => 'b',
        () if kind.is_char_device() => 'c',
        () => '-',
    }
}

fn make_parent(path: &str) -> io::Result<()> {
    Path::new(path).parent().map_or(Ok(()), fs::create_dir_all)
}
