//! A directory of the host with one of everything that can be copied, and listings to compare it by.

use std::fs::{self, File, Metadata, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, SystemTime};

use seatrial::{ContainerRequest, TestContainer};
use tempfile::TempDir;

/// A long name: three of them are longer than the fields for names in an archive.
pub(crate) const LONG: &str = "a-name-that-goes-on-and-on-until-it-is-as-long-as-a-hundred-characters-which-is-what-a-header-has-room-for";

/// Files with several modes and times, empty directories, links that lead somewhere and nowhere, odd names.
pub(crate) fn tree() -> TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let at = |below: &str| root.path().join(below);
    fs::create_dir_all(at(&format!("{LONG}/{LONG}"))).expect("made");
    fs::create_dir_all(at("sub/empty")).expect("made");
    fs::write(at("plain"), "a plain file\n").expect("written");
    fs::write(at("sub/run.sh"), "#!/bin/sh\necho it runs\n").expect("written");
    fs::write(at("nothing"), "").expect("written");
    fs::write(at("näme with späces"), "odd").expect("written");
    fs::write(at(&format!("{LONG}/{LONG}/{LONG}")), "deep").expect("written");
    symlink("sub/run.sh", at("link")).expect("linked");
    symlink("/no/such/place", at("broken")).expect("linked");
    symlink("sub", at("link-to-dir")).expect("linked");
    symlink(format!("{LONG}/{LONG}/{LONG}"), at("long-link")).expect("linked");
    let changed = [
        ("plain", 0o640, 1_000_000_000),
        ("sub/run.sh", 0o755, 1_100_000_000),
        ("nothing", 0o400, 1_200_000_000),
        // Directories last and inner ones first, since a change in one is a change of it.
        ("sub/empty", 0o1777, 1_300_000_000),
        ("sub", 0o750, 1_400_000_000),
    ];
    for (below, mode, mtime) in changed {
        fs::set_permissions(at(below), Permissions::from_mode(mode)).expect("root may");
        set_mtime(&at(below), mtime);
    }
    root
}

pub(crate) fn set_mtime(path: &Path, seconds: u64) {
    let file = File::open(path).expect("readable");
    file.set_modified(time(seconds)).expect("the file system has times");
}

pub(crate) fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Lists a directory of the host in the form of [`list_in`], as a container shows it that has it with this owner.
pub(crate) fn list_host(root: &Path, owner: &str) -> Vec<String> {
    let mut lines = Vec::new();
    list_below(root, Path::new(""), owner, &mut lines);
    lines
}

/// Lists a directory of a container: `<type><mode> <uid> <gid> <size> <mtime> <path>[ -> <target>]`.
pub(crate) async fn list_in(container: &TestContainer, dir: &str) -> Vec<String> {
    let output = container.exec(["/misbehave", "ls", dir]).await.expect("it runs");
    assert_eq!(output.exit_code, 0, "{}", output.stderr_text());
    below(&output.stdout_text(), dir)
}

/// Lists a directory as [`list_in`] does, of a container that is started for it.
pub(crate) async fn list_after_start(request: ContainerRequest, dir: &str) -> Vec<String> {
    let output = request.cmd(["ls", dir]).run().await.expect("it runs");
    assert_eq!(output.exit_code(), Some(0), "{}", output.stderr_text());
    below(&output.stdout_text(), dir)
}

/// Returns a listing without the directory itself, its paths from there; the size of directories is the file system's
/// matter.
fn below(listing: &str, dir: &str) -> Vec<String> {
    let lines = listing.lines().filter_map(|line| {
        let [attributes, uid, gid, size, mtime, path] = line.splitn(6, ' ').collect::<Vec<_>>()[..] else {
            panic!("`{line}` is no line of a listing");
        };
        let path = path.strip_prefix(dir)?.strip_prefix('/')?;
        let size = if attributes.starts_with('d') { "-" } else { size };
        Some(format!("{attributes} {uid} {gid} {size} {mtime} {path}"))
    });
    lines.collect()
}

fn list_below(root: &Path, below: &Path, owner: &str, lines: &mut Vec<String>) {
    let mut names: Vec<_> = fs::read_dir(root.join(below))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    names.sort();
    for name in names {
        let below = below.join(name);
        let path = root.join(&below);
        let meta = fs::symlink_metadata(&path).expect("it is there");
        lines.push(describe(&path, &below, &meta, owner));
        if meta.is_dir() {
            list_below(root, &below, owner, lines);
        }
    }
}

fn describe(path: &Path, below: &Path, meta: &Metadata, owner: &str) -> String {
    let letter = match meta.file_type() {
        kind if kind.is_dir() => 'd',
        kind if kind.is_symlink() => 'l',
        _ => '-',
    };
    let size = if meta.is_dir() { "-".to_owned() } else { meta.len().to_string() };
    let target = fs::read_link(path).map_or(String::new(), |target| format!(" -> {}", target.display()));
    let (mode, mtime, below) = (meta.mode() & 0o7777, meta.mtime(), below.display());
    format!("{letter}{mode:04o} {owner} {size} {mtime} {below}{target}")
}
