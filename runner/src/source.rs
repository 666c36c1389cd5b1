//! Where the names of cases come from: a file, standard input, a glob, or a command in a container.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use globset::GlobBuilder;
use seatrial::{ContainerRequest, LogStream, TestContainer};
use walkdir::WalkDir;

use crate::bytes::LONGEST_SOURCE;
use crate::error::{Error, Result};
use crate::list::CaseList;
use crate::schedule::set_up;

/// How long a command that lists cases may take.
const LISTING: Duration = Duration::from_secs(600);
/// How many of the last lines of a command that failed are shown.
const SHOWN: usize = 20;

/// An exit code, and what was printed on both streams.
type Printed = (i64, Vec<u8>, Vec<u8>);

/// Where the names of cases come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file with a name per line.
    File(PathBuf),
    /// Standard input, with a name per line.
    Stdin,
    /// The files of this machine that a glob means, by their paths: `tests/**/*.py`.
    Glob(String),
    /// A command in a container of the run's request, which prints a name per line.
    Command(Vec<String>),
}

impl Source {
    /// Reads the names; a command is run in a container of its own, after the set-up.
    ///
    /// # Errors
    /// Invalid, if the source can't be read, the command fails, or it is no list: see [`CaseList::from_lines`]. The
    /// engine's, if the container can't be had.
    ///
    /// # Cancel safety
    /// Dropping the future ends the command and removes its container.
    pub async fn read(&self, request: &ContainerRequest, setup: &[Vec<String>]) -> Result<CaseList> {
        match self {
            Self::File(path) => {
                let from = format!("`{}`", path.display());
                let file = std::fs::File::open(path).map_err(|error| unreadable(&from, error))?;
                CaseList::from_lines(&whole(file, &from)?, &from)
            }
            Self::Stdin => {
                CaseList::from_lines(&whole(std::io::stdin().lock(), "standard input")?, "standard input")
            }
            Self::Glob(glob) => CaseList::new(files(glob)?, &format!("the glob `{glob}`")),
            Self::Command(cmd) => listed(cmd, request, setup).await,
        }
    }
}

fn unreadable(from: &str, error: std::io::Error) -> Error {
    Error::invalid(format!("the cases can't be read from {from}")).with_source(error)
}

/// All that a reader gives, if it comes to an end.
fn whole(reader: impl Read, from: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = LONGEST_SOURCE as u64 + 1;
    reader.take(most).read_to_end(&mut bytes).map_err(|error| unreadable(from, error))?;
    if bytes.len() > LONGEST_SOURCE {
        return Err(Error::invalid(format!(
            "{from} is longer than {} MiB: is it a list?",
            LONGEST_SOURCE >> 20
        )));
    }
    Ok(bytes)
}

/// The files that a glob means, in the order of their paths.
fn files(glob: &str) -> Result<Vec<Vec<u8>>> {
    let matcher = GlobBuilder::new(glob).literal_separator(true).backslash_escape(true).build();
    let matcher = matcher.map_err(|error| Error::invalid(format!("the glob `{glob}`: {}", error.kind())))?;
    let matcher = matcher.compile_matcher();
    let (root, prefix) = root(glob);
    let mut found = Vec::new();
    for entry in WalkDir::new(&root).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            Error::invalid(format!("the glob `{glob}`: `{}` can't be read", root.display()))
                .with_source(error)
        })?;
        let path = entry.path().strip_prefix(&prefix).unwrap_or(entry.path());
        if !entry.file_type().is_dir() && matcher.is_match(path) {
            found.push(path.as_os_str().as_encoded_bytes().to_vec());
        }
    }
    Ok(found)
}

/// The folder in which a glob's files are, and what stands before the paths that it is compared with.
fn root(glob: &str) -> (PathBuf, PathBuf) {
    let fixed = &glob[..glob.find(['*', '?', '[', '{', '\\']).unwrap_or(glob.len())];
    match fixed.rfind('/') {
        Some(0) => (PathBuf::from("/"), PathBuf::new()),
        Some(slash) => (PathBuf::from(&fixed[..slash]), PathBuf::new()),
        None => (PathBuf::from("."), PathBuf::from(".")),
    }
}

/// The names that a command prints.
async fn listed(cmd: &[String], request: &ContainerRequest, setup: &[Vec<String>]) -> Result<CaseList> {
    let command = cmd.join(" ");
    let from = format!("the command `{command}`");
    let container = request.clone().start().await?;
    for step in setup {
        set_up(&container, step, &[]).await?;
    }
    let listing = tokio::time::timeout(LISTING, printed(&container, cmd));
    let (code, stdout, stderr) = match listing.await {
        Ok(Ok(Some(printed))) => printed,
        Ok(Ok(None)) => {
            return Err(Error::invalid(format!(
                "{from} prints more than {} MiB: is it a list?",
                LONGEST_SOURCE >> 20
            )));
        }
        Ok(Err(error)) if error.is_not_started() => {
            return Err(Error::invalid(format!("{from} lists no cases")).with_source(error));
        }
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => {
            let within = LISTING.as_secs();
            return Err(Error::invalid(format!("{from} has not listed the cases within {within} s")));
        }
    };
    // In the background: nobody waits for it.
    drop(container);
    if code != 0 {
        let printed = [stderr, stdout].concat();
        let text = String::from_utf8_lossy(&printed);
        let lines: Vec<_> = text.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n  ");
        return Err(Error::invalid(format!(
            "{from} ended with code {code}, so there is no list of cases:\n  {last}"
        )));
    }
    CaseList::from_lines(&stdout, &from)
}

/// The exit code of a command and what it prints on both streams; none if that is too much. It is ended then.
async fn printed(container: &TestContainer, cmd: &[String]) -> seatrial::Result<Option<Printed>> {
    let mut process = container.spawn(cmd).await?;
    // One that has ended already has none.
    process.close_stdin().await.ok();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    while let Some((stream, bytes)) = process.read().await? {
        match stream {
            LogStream::Stdout => stdout.extend_from_slice(&bytes),
            LogStream::Stderr => stderr.extend_from_slice(&bytes),
        }
        if stdout.len() + stderr.len() > LONGEST_SOURCE {
            return Ok(None);
        }
    }
    Ok(Some((process.wait().await?, stdout, stderr)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R3.
    #[test]
    fn a_glob_means_files_by_the_paths_that_it_is_written_with() {
        let folder = tempfile::tempdir().expect("a folder");
        for path in ["a/one.py", "a/b/two.py", "a/b/two.txt", "c.py"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            std::fs::write(path, "").expect("a file");
        }
        let base = folder.path().display().to_string();
        let found = |glob: &str| -> Vec<String> {
            let files = files(&format!("{base}/{glob}")).expect("files");
            files
                .into_iter()
                .map(|file| String::from_utf8_lossy(&file)[base.len() + 1..].to_owned())
                .collect()
        };
        assert_eq!(found("**/*.py"), ["a/b/two.py", "a/one.py", "c.py"]);
        assert_eq!(found("a/*.py"), ["a/one.py"]);
        assert_eq!(found("a/b/two.*"), ["a/b/two.py", "a/b/two.txt"]);
        assert!(files("src/*.rs").expect("files").iter().any(|file| file == b"src/lib.rs"));
        assert!(files("*.toml").expect("files").iter().any(|file| file == b"Cargo.toml"));
        assert!(files("/nowhere/at/*").is_err());
    }

    /// R3: *pure*.
    #[test]
    fn what_never_ends_is_no_list() {
        let error = whole(std::io::repeat(b'x'), "it").expect_err("endless").to_string();
        assert_eq!(error, "it is longer than 64 MiB: is it a list?");
    }
}
