//! The build context: a tar archive of an image's folder, the same bytes for the same content.

use std::io;

use anyhow::{Context, Result};

use super::folder::{File, Folder};

/// Packs the folder's files, and more that the build needs.
///
/// # Errors
/// Fails if a path is too long for an archive.
pub(crate) fn pack(folder: &Folder, more: &[File]) -> Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in folder.files.iter().chain(more) {
        add(&mut archive, file)
            .with_context(|| format!("failed to pack `{}` of image `{}`", file.path, folder.name))?;
    }
    archive.into_inner().context("failed to finish the build context")
}

fn add(archive: &mut tar::Builder<Vec<u8>>, file: &File) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(file.content.len() as u64);
    header.set_mode(if file.executable { 0o755 } else { 0o644 });
    // Owner and time stay zero, since they differ between checkouts.
    archive.append_data(&mut header, &file.path, file.content.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_holds_the_folders_files_and_the_added_ones() {
        let file = |path: &str, executable| File { path: path.into(), executable, content: b"x".to_vec() };
        let folder = Folder { name: "x".into(), files: vec![file("Dockerfile", false)] };
        let packed = pack(&folder, &[file("program", true)]).expect("an archive");
        let mut archive = tar::Archive::new(packed.as_slice());
        let entries: Vec<_> = archive
            .entries()
            .expect("entries")
            .map(|entry| {
                let entry = entry.expect("an entry");
                (entry.path().expect("a path").display().to_string(), entry.header().mode().expect("a mode"))
            })
            .collect();
        assert_eq!(entries, [("Dockerfile".to_owned(), 0o644), ("program".to_owned(), 0o755)]);
    }
}
