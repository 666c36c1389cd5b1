//! Extracts well-formed and malicious archives.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use tar::EntryType;

use super::{CopiedOut, Extracted, extract};
use crate::archive::fixture::Tar;
use crate::words::Result;

/// A directory in which archives are extracted to `in/root`.
struct Sandbox {
    dir: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("in")).unwrap();
        fs::write(dir.path().join("secret"), "secret").unwrap();
        Self { dir }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("in/root")
    }

    fn extract(&self, tar: Tar) -> Result<Extracted> {
        extract(&tar.bytes()[..], &self.root())
    }

    #[track_caller]
    fn refused(&self, tar: Tar, why: &str) {
        let error = self.extract(tar).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        self.check_nothing_outside();
    }

    #[track_caller]
    fn check_nothing_outside(&self) {
        let path = |name: &str| self.dir.path().join(name);
        let names = |dir: &Path| -> BTreeSet<_> {
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect()
        };
        assert_eq!(names(self.dir.path()), BTreeSet::from(["in".into(), "secret".into()]));
        assert!(names(&path("in")).is_subset(&BTreeSet::from(["root".into()])));
        assert_eq!(fs::read_to_string(path("secret")).unwrap(), "secret");
        assert_eq!(fs::metadata(path("secret")).unwrap().nlink(), 1);
    }

    /// Checks that each extracted link points to a path inside the root, if it points to an existing path at all.
    #[track_caller]
    fn check_links(&self, dir: &Path) {
        let root = self.root().canonicalize().unwrap();
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap()) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                self.check_links(&entry.path());
            } else if kind.is_symlink()
                && let Ok(leads_to) = entry.path().canonicalize()
            {
                assert!(leads_to.starts_with(&root), "{entry:?} leads to {leads_to:?}");
            }
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_directory_keeps_modes_times_and_links() {
    let sandbox = Sandbox::new();
    let tar = Tar::new()
        .dir("b/", 0o755)
        .dir("b/locked/", 0o500)
        .entry(EntryType::Regular, "b/locked/suid", "", 0o4755, "#!")
        .symlink("b/locked/up", "../f")
        .file("b/f", "hello")
        .hard_link("b/g", "b/f");
    let extracted = sandbox.extract(tar).unwrap();
    extracted.finish_dirs(&sandbox.root()).unwrap();
    let path = |name: &str| sandbox.root().join(name);
    assert_eq!(extracted.copied, CopiedOut { entries: 6, bytes: 7, skipped: Vec::new() });
    assert_eq!([mode(&path("")), mode(&path("locked")), mode(&path("f"))], [0o755, 0o500, 0o640]);
    assert_eq!(mode(&path("locked/suid")), 0o755, "set-id bits are not kept");
    assert_eq!(fs::read_to_string(path("locked/up")).unwrap(), "hello");
    assert_eq!(fs::metadata(path("g")).unwrap().nlink(), 2);
    for name in ["locked", "f", "locked/suid"] {
        assert_eq!(fs::metadata(path(name)).unwrap().mtime(), 1000, "{name}");
    }
    fs::set_permissions(path("locked"), Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn a_root_is_stripped_however_it_is_named() {
    for (root, name) in [("b", "b/f"), ("./", "./f")] {
        let sandbox = Sandbox::new();
        sandbox.extract(Tar::new().dir(root, 0o755).file(name, "x")).unwrap();
        assert!(sandbox.root().join("f").is_file());
    }
    let sandbox = Sandbox::new();
    sandbox.extract(Tar::new().file("f", "x")).unwrap();
    assert!(sandbox.root().is_file());
}

#[test]
fn names_that_lead_out_are_refused_by_name() {
    let sandbox = Sandbox::new();
    let secret = sandbox.dir.path().join("secret");
    sandbox.refused(Tar::new().file("../secret", "x"), "entry `../secret`: its path contains `..`");
    sandbox.refused(
        Tar::new().file("b/../../../secret", "x"),
        "entry `b/../../../secret`: its path contains `..`",
    );
    sandbox.refused(Tar::new().file(secret.to_str().unwrap(), "x"), "secret`: its path is absolute");
    sandbox.refused(
        Tar::new().dir("a", 0o755).file("c/x", "x"),
        "entry `c/x`: its path does not start with `a`",
    );
    sandbox.refused(Tar::new().file("", "x"), "its path is empty");
    sandbox.refused(Tar::new(), "the engine's archive is empty");
}

#[test]
fn nothing_is_written_through_a_link_even_to_the_inside() {
    let tar = || Tar::new().dir("b", 0o755).dir("b/d", 0o755).symlink("b/l", "d");
    let through = "entry `b/l/x`: its path leads through something that is not a directory";
    Sandbox::new().refused(tar().file("b/l/x", "x"), through);
    Sandbox::new().refused(tar().dir("b/l/x", 0o755), through);
    Sandbox::new().refused(tar().hard_link("b/x", "b/l"), "is not a file of the archive");
    Sandbox::new()
        .refused(tar().file("b/d/f", "x").hard_link("b/x", "b/l/f"), "is not a file of the archive");
    Sandbox::new().refused(tar().file("b/l", "x"), "entry `b/l`: the archive contains it twice");
    Sandbox::new().refused(tar().dir("b/l", 0o755), "entry `b/l`: the archive contains it twice");
    Sandbox::new().refused(tar().symlink("b/d", "l"), "entry `b/d`: the archive contains it twice");
    Sandbox::new().refused(
        Tar::new().file("b", "x").file("b/x", "x"),
        "leads through something that is not a directory",
    );
}

#[test]
fn hard_links_that_point_out_are_refused() {
    let sandbox = Sandbox::new();
    let secret = sandbox.dir.path().join("secret");
    for to in ["../../secret", "b/../../../secret", secret.to_str().unwrap(), "b/none", "b", ""] {
        let tar = Tar::new().dir("b", 0o755).hard_link("b/x", to);
        let why = if to.is_empty() { "without a target" } else { "is not a file of the archive" };
        sandbox.refused(tar, why);
        fs::remove_dir_all(sandbox.root()).unwrap();
    }
}

#[test]
fn links_that_point_out_and_devices_are_left_out_and_listed() {
    let sandbox = Sandbox::new();
    let tar = Tar::new()
        .dir("b", 0o755)
        .symlink("b/out", "../secret")
        .symlink("b/absolute", "/etc/passwd")
        .symlink("b/round", "d/../../../secret")
        .entry(EntryType::Char, "b/null", "", 0o666, "")
        .entry(EntryType::Fifo, "b/pipe", "", 0o666, "")
        .file("b/f", "x");
    let copied = sandbox.extract(tar).unwrap().copied;
    assert_eq!((copied.entries, copied.bytes), (2, 1));
    assert_eq!(
        copied.skipped,
        [
            "`b/out`: a link to `../secret`, which is outside of the copied tree",
            "`b/absolute`: a link to `/etc/passwd`, which is outside of the copied tree",
            "`b/round`: a link to `d/../../../secret`, which is outside of the copied tree",
            "`b/null`: a device",
            "`b/pipe`: a named pipe",
        ]
    );
    sandbox.check_nothing_outside();
}

#[test]
fn a_link_alone_is_refused_with_what_would_be_right() {
    Sandbox::new().refused(
        Tar::new().symlink("b", "/x"),
        "it is a link to `/x`, not a file or directory\nhint: copy the target",
    );
}

#[test]
fn an_archive_that_is_cut_within_a_file_is_an_error() {
    let bytes = Tar::new().file("f", &"x".repeat(1000)).bytes();
    let sandbox = Sandbox::new();
    let error = extract(&bytes[..512 + 900], &sandbox.root()).unwrap_err();
    assert!(error.is_protocol() && error.to_string().contains("100 bytes are missing"), "{error}");
}

#[test]
fn what_is_no_archive_is_an_error() {
    let error = extract(&[b'x'; 2000][..], &Sandbox::new().root()).unwrap_err();
    assert!(error.is_protocol(), "{error}");
}

/// Generates paths of few names, so that entries collide, and with many spellings of the parent directory.
fn path() -> impl Strategy<Value = String> {
    let part = proptest::sample::select(&["r", "r", "a", "b", "..", ".", ""][..]);
    (proptest::bool::weighted(0.9), proptest::collection::vec(part, 0..5))
        .prop_map(|(rooted, parts)| if rooted { format!("r/{}", parts.join("/")) } else { parts.join("/") })
}

fn link() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&["r", "a", "b", "..", "..", "secret", ""][..]), 0..5)
        .prop_map(|parts| parts.join("/"))
}

fn entry() -> impl Strategy<Value = (EntryType, String, String)> {
    let kinds =
        [EntryType::Regular, EntryType::Directory, EntryType::Directory, EntryType::Symlink, EntryType::Link];
    (proptest::sample::select(kinds.to_vec()), path(), prop_oneof![link(), path()])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn nothing_gets_out_whatever_the_entries_are(entries in proptest::collection::vec(entry(), 1..12)) {
        let sandbox = Sandbox::new();
        let mut one_by_one = 0;
        // Each entry is an archive of its own, since the first error ends an archive and would hide later entries.
        for (kind, name, to) in &entries {
            let tar = Tar::new().entry(*kind, name, to, 0o755, if *kind == EntryType::Regular { "x" } else { "" });
            one_by_one += usize::from(sandbox.extract(tar).is_ok());
        }
        sandbox.check_nothing_outside();
        if one_by_one > 0 && sandbox.root().is_dir() {
            sandbox.check_links(&sandbox.root());
        }
    }

    #[test]
    fn garbage_never_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..3000), good in any::<bool>()) {
        if good {
            bytes = [&Tar::new().dir("r", 0o755).bytes()[..512], &bytes].concat();
        }
        let sandbox = Sandbox::new();
        let _ = extract(&bytes[..], &sandbox.root());
        sandbox.check_nothing_outside();
    }
}
