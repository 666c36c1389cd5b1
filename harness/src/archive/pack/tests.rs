//! Unpacks packed archives again, and checks the errors of failing sources.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::StreamExt;

use super::pack::{CHUNK, WAITING, pack};
use crate::archive::source::CopyIn;

/// An entry, as text: kind, mode, owner, time, and content or what the link points to.
type Entries = BTreeMap<PathBuf, String>;

async fn packed(sources: Vec<CopyIn>) -> io::Result<Vec<u8>> {
    let (mut stream, _) = pack(sources);
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend(chunk?);
    }
    Ok(bytes)
}

async fn entries(sources: Vec<CopyIn>) -> Entries {
    let bytes = packed(sources).await.unwrap();
    let mut archive = tar::Archive::new(&bytes[..]);
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        let link = entry.link_name().unwrap().map(|link| link.display().to_string()).unwrap_or_default();
        let header = entry.header();
        let kind = char::from(header.entry_type().as_byte());
        let (mode, uid, gid) = (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        let text = format!("{kind} {mode:o} {uid}:{gid} {} {content}{link}", header.mtime().unwrap());
        (entry.path().unwrap().into_owned(), text)
    });
    entries.collect()
}

fn expected<const N: usize>(entries: [(&str, &str); N]) -> Entries {
    entries.map(|(path, text)| (PathBuf::from(path), text.to_owned())).into()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// `f` (0640), `run` (0755), `empty/` (0700), `link` to `f`, all changed in second 1000.
fn host() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    fs::create_dir(path("empty")).unwrap();
    symlink("f", path("link")).unwrap();
    for (name, mode) in [("f", 0o640), ("run", 0o755), ("empty", 0o700)] {
        if name != "empty" {
            fs::write(path(name), name).unwrap();
        }
        fs::set_permissions(path(name), fs::Permissions::from_mode(mode)).unwrap();
        File::open(path(name)).unwrap().set_modified(at(1000)).unwrap();
    }
    dir
}

#[tokio::test]
async fn a_directory_keeps_what_it_had_but_for_the_owner() {
    let dir = host();
    let mut seen = entries(vec![CopyIn::dir(dir.path(), "/data/in")]).await;
    // The time of a link can't be set with the standard library.
    let link = seen.remove(Path::new("data/in/link")).unwrap();
    assert!(link.starts_with("2 777 0:0 ") && link.ends_with(" f"), "{link}");
    assert_eq!(
        seen,
        expected([
            ("data/in/empty/", "5 700 0:0 1000 "),
            ("data/in/f", "0 640 0:0 1000 f"),
            ("data/in/run", "0 755 0:0 1000 run"),
        ])
    );
}

#[tokio::test]
async fn what_is_set_goes_before_what_the_host_has() {
    let dir = host();
    let source = CopyIn::dir(dir.path(), "/d").mode(0o600).owner(7, 8).mtime(at(5));
    assert_eq!(
        entries(vec![source]).await,
        expected([
            ("d/", "5 700 7:8 5 "),
            ("d/empty/", "5 700 7:8 5 "),
            ("d/f", "0 600 7:8 5 f"),
            ("d/link", "2 600 7:8 5 f"),
            ("d/run", "0 600 7:8 5 run"),
        ])
    );
}

#[tokio::test]
async fn all_sources_go_in_one_archive() {
    let dir = host();
    let sources = vec![
        CopyIn::file(dir.path().join("link"), "/etc/app.conf"),
        CopyIn::bytes("hello", "/hello").mtime(at(1)),
        CopyIn::reader(|| Ok(&b"read"[..]), 4, "/var/read").mtime(at(2)).mode(0o4755),
        CopyIn::dir(dir.path().join("empty"), "/srv"),
    ];
    let all = expected([
        ("etc/app.conf", "0 640 0:0 1000 f"),
        ("hello", "0 644 0:0 1 hello"),
        ("var/read", "0 4755 0:0 2 read"),
        ("srv/", "5 700 0:0 1000 "),
    ]);
    assert_eq!(entries(sources.clone()).await, all);
    assert_eq!(entries(sources).await, all, "a source is a value");
}

#[tokio::test]
async fn nothing_gives_an_archive_with_an_end() {
    assert_eq!(packed(Vec::new()).await.unwrap(), vec![0; 1024]);
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(packed(vec![CopyIn::dir(dir.path(), "/")]).await.unwrap(), vec![0; 1024]);
}

#[tokio::test]
async fn a_failure_breaks_the_stream_off_and_is_kept() {
    let panics = || -> io::Result<&[u8]> { panic!("expected by the test") };
    for (source, why) in [
        (CopyIn::file("no-such-file", "/x"), "`no-such-file` does not exist"),
        (
            CopyIn::reader(|| Ok(&b"abc"[..]), 4, "/x"),
            "the reader for `/x` gave only 3 bytes, not 4 as announced",
        ),
        (CopyIn::reader(|| Ok(&b"abc"[..]), 2, "/x"), "the reader for `/x` gave at least 3 bytes, not 2"),
        (
            CopyIn::reader(|| Err::<File, _>(io::Error::other("no")), 2, "/x"),
            "the reader for `/x` could not be opened",
        ),
        (CopyIn::reader(panics, 2, "/x"), "a reader passed to `CopyIn::reader` panicked"),
    ] {
        let (stream, outcome) = pack(vec![CopyIn::bytes("before", "/before"), source]);
        let results: Vec<_> = stream.collect().await;
        let error = results.last().unwrap().as_ref().unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(results.iter().rev().skip(1).all(Result::is_ok));
        let kept = outcome.take_error().unwrap();
        assert!(kept.is_files() && kept.to_string().contains(why), "{kept}");
        assert!(outcome.take_error().is_none());
    }
}

/// An endless reader that counts the bytes read from it.
struct Endless(Arc<AtomicUsize>);

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.fetch_add(buf.len(), Ordering::SeqCst);
        Ok(buf.len())
    }
}

#[tokio::test]
async fn the_sources_are_read_no_faster_than_the_stream_and_not_after_it() {
    let count = Arc::new(AtomicUsize::new(0));
    let reader = count.clone();
    let (mut stream, outcome) =
        pack(vec![CopyIn::reader(move || Ok(Endless(reader.clone())), 20 << 30, "/endless")]);
    for _ in 0..10 {
        assert_eq!(stream.next().await.unwrap().unwrap().len(), CHUNK);
    }
    assert!(count.load(Ordering::SeqCst) <= (10 + WAITING + 2) * CHUNK);
    drop(stream);
    // The reader is dropped with the thread, which has no other way to end.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while Arc::strong_count(&count) > 1 {
        assert!(std::time::Instant::now() < deadline, "the thread goes on");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(outcome.take_error().is_none());
}
