//! Extraction from a stream to the final place, and the cleanup of what is left on the way.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt, stream};

use super::{to_bytes, to_dir, to_file, to_path, to_writer};
use crate::archive::CopyIn;
use crate::archive::bridge::broken;
use crate::archive::fixture::{Tar, stream_of};
use crate::archive::pack::pack;
use crate::words::{Error, Kind};

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn tree() -> Tar {
    Tar::new().dir("b", 0o750).file("b/f", "hello").dir("b/locked", 0o500).file("b/locked/g", "x")
}

#[tokio::test]
async fn a_directory_is_copied_to_where_nothing_was_and_to_where_something_was() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("t");
    for copy in 0..2 {
        let copied = to_dir(tree().stream(), &target).await.unwrap();
        assert_eq!((copied.entries, copied.bytes, copied.skipped.len()), (4, 6, 0));
        assert_eq!(names(&target)[copy..], ["f", "locked"]);
        assert_eq!(fs::metadata(target.join("locked")).unwrap().permissions().mode() & 0o7777, 0o500);
        fs::set_permissions(target.join("locked"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(target.join("f"), "changed").unwrap();
        fs::write(target.join("a-own"), "stays").unwrap();
    }
    assert_eq!(fs::read_to_string(target.join("a-own")).unwrap(), "stays");
    assert_eq!(names(dir.path()), ["t"]);
}

#[tokio::test]
async fn a_file_is_copied_and_replaces_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("t");
    for content in ["one", "two"] {
        let copied = to_file(Tar::new().file("f", content).stream(), &target).await.unwrap();
        assert_eq!((copied.entries, copied.bytes), (1, 3));
        assert_eq!(fs::read_to_string(&target).unwrap(), content);
    }
    assert_eq!(names(dir.path()), ["t"]);
}

#[tokio::test]
async fn either_is_copied_where_either_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    to_path(tree().stream(), &dir.path().join("d")).await.unwrap();
    to_path(Tar::new().file("f", "x").stream(), &dir.path().join("f")).await.unwrap();
    assert!(dir.path().join("d/f").is_file() && dir.path().join("f").is_file());
    fs::set_permissions(dir.path().join("d/locked"), fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn what_is_of_another_kind_is_refused_by_name_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("t");
    let file = || Tar::new().file("f", "x").stream();
    for (result, why) in [
        (to_file(tree().stream(), &target).await, "`b` in the container is a directory"),
        (to_dir(file(), &target).await, "`f` in the container is not a directory"),
        (to_file(Tar::new().symlink("l", "/x").stream(), &target).await, "entry `l`: it is a link to `/x`"),
        (to_file(file(), dir.path()).await, "is a directory, but the copied path is a file"),
        (to_file(file(), &dir.path().join("no/t")).await, "no` is not a directory\nhint: create it"),
    ] {
        let error = result.unwrap_err();
        assert!(error.is_files() && error.to_string().contains(why), "{error}");
    }
    assert_eq!(names(dir.path()), [""; 0]);
}

#[tokio::test]
async fn a_failure_at_any_byte_leaves_nothing_new_and_nothing_old_changed() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("old")).unwrap();
    fs::write(dir.path().join("old/f"), "old").unwrap();
    // Without the second block of zeros at the end, since an archive without it is still complete.
    let bytes = &tree().bytes()[..6 * 512 + 511];
    for end in (0..bytes.len()).step_by(73) {
        let cut = stream_of(bytes[..end].to_vec());
        let failing = stream_of(bytes[..end].to_vec())
            .chain(stream::iter([Err(Error::new(Kind::Timeout, "too late"))]));
        assert!(to_dir(cut, &dir.path().join("new")).await.is_err(), "{end}");
        // A stream that fails after the archive's end marker fails the copy all the same.
        assert!(to_dir(failing, &dir.path().join("old")).await.unwrap_err().is_timeout(), "{end}");
        assert_eq!(
            (names(dir.path()), names(&dir.path().join("old"))),
            (vec!["old".into()], vec!["f".into()])
        );
    }
    assert_eq!(fs::read_to_string(dir.path().join("old/f")).unwrap(), "old");
}

#[tokio::test]
async fn a_dropped_copy_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("t");
    let unfinished = stream_of(tree().bytes()[..2000].to_vec()).chain(stream::pending());
    let mut copy = Box::pin(to_dir(unfinished, &target));
    let deadline = Instant::now() + Duration::from_secs(10);
    while names(dir.path()).is_empty() {
        assert!(copy.as_mut().now_or_never().is_none() && Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(copy);
    while !names(dir.path()).is_empty() {
        assert!(Instant::now() < deadline, "left: {:?}", names(dir.path()));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_link_in_the_target_is_not_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("t")).unwrap();
    fs::create_dir(path("elsewhere")).unwrap();
    symlink("../elsewhere", path("t/locked")).unwrap();
    let error = to_dir(tree().stream(), &path("t")).await.unwrap_err();
    assert!(error.to_string().contains("t/locked` is in the way"), "{error}");
    assert_eq!((names(&path("elsewhere")), names(&path("t"))), (vec![], vec!["locked".to_owned()]));
}

#[tokio::test]
async fn bytes_have_a_limit() {
    let file = || Tar::new().file("f", "hello").stream();
    assert_eq!(to_bytes(file(), 5).await.unwrap(), "hello");
    let error = to_bytes(file(), 4).await.unwrap_err();
    assert_eq!(error.to_string(), "entry `f`: its size is 5 bytes, but the limit is 4");
    assert!(to_bytes(tree().stream(), 4).await.unwrap_err().to_string().contains("a directory, not a file"));
    let link = Tar::new().symlink("l", "f").stream();
    assert!(
        to_bytes(link, 4)
            .await
            .unwrap_err()
            .to_string()
            .contains("hint: copy the target of the link instead")
    );
    assert!(to_bytes(stream::iter([]), 4).await.unwrap_err().is_protocol());
}

#[tokio::test]
async fn a_writer_gets_the_bytes_and_its_failure_is_told() {
    let (written, bytes) = to_writer(Tar::new().file("f", "hello").stream(), Vec::new()).await.unwrap();
    assert_eq!((&written[..], bytes), (&b"hello"[..], 5));
    let full = io::Cursor::new([0; 2]);
    let error = to_writer(Tar::new().file("f", "hello").stream(), full).await.err().unwrap();
    assert!(error.to_string().contains("entry `f`: the given writer failed"), "{error}");
}

#[tokio::test]
async fn what_was_packed_comes_out_as_it_went_in() {
    let (host, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let long = "long-".repeat(40);
    fs::create_dir_all(host.path().join("a").join(&long).join("empty")).unwrap();
    fs::write(host.path().join("a").join(&long).join(&long), vec![7; 1_000_000]).unwrap();
    symlink(&long, host.path().join("a/link")).unwrap();
    let (packed, _) = pack(vec![CopyIn::dir(host.path(), "/r")]);
    let stream = packed.map(|chunk| chunk.map_err(broken));
    let copied = to_dir(stream, &out.path().join("t")).await.unwrap();
    assert_eq!((copied.entries, copied.bytes, copied.skipped.len()), (5, 1_000_000, 0));
    let through_link = out.path().join("t/a/link").join(&long);
    assert_eq!(fs::read(through_link).unwrap(), vec![7; 1_000_000]);
    assert!(out.path().join("t/a").join(&long).join("empty").is_dir());
}

/// Prints what 1 GiB costs: `cargo test --release -p seatrial --lib -- --ignored --nocapture --exact …`, alone.
#[tokio::test]
#[ignore = "a measurement, not a check"]
async fn cost_of_1_gib() {
    let start = Instant::now();
    let (packed, _) = pack(vec![CopyIn::reader(|| Ok(io::repeat(7).take(1 << 30)), 1 << 30, "/big")]);
    let (_, bytes) = to_writer(packed.map(|chunk| chunk.map_err(broken)), io::sink()).await.unwrap();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    println!("{bytes} bytes in and out in {:?}, {peak}", start.elapsed());
}
