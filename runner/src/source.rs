//! Sources of the names of cases: a file, standard input, a glob, or a command in a container.

use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use globset::GlobBuilder;
use seatrial::{ContainerRequest, TestContainer, logs::LogStream};
use walkdir::WalkDir;

use crate::bytes::LONGEST_SOURCE;
use crate::error::{Error, Result};
use crate::list::CaseList;
use crate::schedule::set_up;

/// The time limit of a command that lists cases.
const LISTING: Duration = Duration::from_secs(600);
/// The most lines of a failed command's output that are shown: the last ones.
const SHOWN: usize = 20;

/// An exit code, standard output and standard error.
type Printed = (i64, Vec<u8>, Vec<u8>);

/// The source of the names of cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file with a name per line.
    File(PathBuf),
    /// Standard input, with a name per line.
    Stdin,
    /// The paths of this machine's files that match a glob: `tests/**/*.py`.
    Glob(String),
    /// A command in a container of the run's request, which prints a name per line.
    Command(Vec<String>),
}

impl Source {
    /// Reads the names. A command is run in a container of its own, after the set-up.
    ///
    /// # Errors
    /// Invalid, if the source can't be read, the command fails, or it gives no list: see [`CaseList::from_lines`]. The
    /// engine's, if the container can't be started.
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

/// Reads everything, up to the length of the longest list.
fn whole(reader: impl Read, from: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = LONGEST_SOURCE as u64 + 1;
    reader.take(most).read_to_end(&mut bytes).map_err(|error| unreadable(from, error))?;
    if bytes.len() > LONGEST_SOURCE {
        return Err(Error::invalid(format!(
            "{from} is longer than {} MiB, which no list of cases is",
            LONGEST_SOURCE >> 20
        )));
    }
    Ok(bytes)
}

/// Returns the paths of the files that match a glob, in order.
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

/// Returns the folder in which a glob's files are, and the prefix that its paths don't have.
fn root(glob: &str) -> (PathBuf, PathBuf) {
    let fixed = &glob[..glob.find(['*', '?', '[', '{', '\\']).unwrap_or(glob.len())];
    match fixed.rfind('/') {
        Some(0) => (PathBuf::from("/"), PathBuf::new()),
        Some(slash) => (PathBuf::from(&fixed[..slash]), PathBuf::new()),
        None => (PathBuf::from("."), PathBuf::from(".")),
    }
}

/// Returns the names that a command prints in a container of the request.
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
                "{from} prints more than {} MiB, which no list of cases is",
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
    // It is removed in the background.
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

/// Runs a command and returns its exit code and its output; `None` if it prints too much, and is ended.
async fn printed(container: &TestContainer, cmd: &[String]) -> seatrial::Result<Option<Printed>> {
    let mut process = container.spawn(cmd).await?;
    // A command that has ended already has no standard input any more.
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

    /// R3. A glob means files, by paths like its own.
    #[test]
    fn a_glob_matches_files_by_paths_like_its_own() {
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

    /// R3: *pure*. A source without an end is refused.
    #[test]
    fn a_source_without_an_end_is_no_list() {
        let error = whole(std::io::repeat(b'x'), "it").expect_err("endless").to_string();
        assert_eq!(error, "it is longer than 64 MiB, which no list of cases is");
    }
}
