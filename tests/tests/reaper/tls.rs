//! An engine behind TCP with TLS: a daemon that requires client certificates, and good and bad folders of certificates.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use seatrial_tests::{Daemon, Reaper};
use tempfile::TempDir;

use crate::fixture::{Host, label};
use seatrial_tests::Certificates;

/// A daemon that requires client certificates, and its authority.
struct Guarded {
    daemon: Daemon,
    certificates: Certificates,
    docker_host: String,
}

impl Guarded {
    /// Starts a daemon. Returns `None`, and prints the reason to stderr, where no daemon can be started.
    fn start() -> Option<Self> {
        let certificates = Certificates::make();
        let (docker_host, arguments) = certificates.of_a_daemon();
        let daemon = Daemon::start_with(arguments)?;
        Some(Self { daemon, certificates, docker_host })
    }

    fn reap(&self, folder: &Path, verify: &str) {
        let host = Host(self.daemon.engine());
        let label = label();
        host.network(&label);
        host.volume(&label);
        host.image(&label);
        let folder = folder.to_str().expect("unicode");
        let mut reaper = Reaper::start(&[
            ("DOCKER_HOST", &self.docker_host),
            ("DOCKER_CERT_PATH", folder),
            ("DOCKER_TLS_VERIFY", verify),
        ]);
        reaper.connect().filter(&format!("label={label}"));
        reaper.line("client disconnected");
        let end = reaper.end();
        assert_eq!(end.code, Some(0), "{}", end.stderr);
        end.line("removed containers=0 networks=1 volumes=1 images=1");
        assert_eq!(host.left(&label), [0; 4]);
    }

    /// Returns the error of a reaper that ends at its start, with `F` for the folder's path.
    #[track_caller]
    fn refused(&self, folder: &Path, verify: &str) -> String {
        refused(&self.docker_host, folder, verify)
    }
}

#[track_caller]
fn refused(docker_host: &str, folder: &Path, verify: &str) -> String {
    let path = folder.to_str().expect("unicode");
    let variables = [("DOCKER_HOST", docker_host), ("DOCKER_CERT_PATH", path), ("DOCKER_TLS_VERIFY", verify)];
    let end = Reaper::run(&variables);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    assert!(!end.lines.iter().any(|line| line.contains("Started")), "{:?}", end.lines);
    end.stderr.replace(path, "F")
}

/// Returns a copy of a folder without some files.
fn without(folder: &TempDir, names: &[&str]) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for name in ["ca.pem", "cert.pem", "key.pem"].iter().filter(|name| !names.contains(name)) {
        fs::copy(folder.path().join(name), copy.path().join(name)).expect("copied");
    }
    copy
}

#[test]
fn a_reaper_cleans_up_an_engine_with_tls_and_explains_bad_certificates() {
    let Some(guarded) = Guarded::start() else { return };
    let good = guarded.certificates.client(2);
    guarded.reap(good.path(), "1");
    // Without verification, the authority of the engine's certificate need not be known.
    guarded.reap(without(&good, &["ca.pem"]).path(), "");

    let strangers = Certificates::make().client(2);
    let error = guarded.refused(strangers.path(), "1");
    assert!(error.contains("not signed by the authority in `F/ca.pem`"), "{error}");
    let error = guarded.refused(strangers.path(), "");
    assert!(error.contains("refuses `F/cert.pem`"), "{error}");
    let none = without(&good, &["cert.pem", "key.pem"]);
    let error = guarded.refused(none.path(), "1");
    assert!(error.contains("requires a client certificate, and there is no `F/cert.pem`"), "{error}");
    let expired = guarded.certificates.client(-1);
    let error = guarded.refused(expired.path(), "1");
    assert!(error.contains("`F/cert.pem`") && error.contains("expired"), "{error}");
}

#[test]
fn missing_and_mismatched_files_are_named_before_the_engine_is_asked() {
    let nobody = "tcp://127.0.0.1:1";
    let (good, other) = (Certificates::make().client(2), Certificates::make().client(2));
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        let error = refused(nobody, without(&good, &[name]).path(), "1");
        assert!(
            error.contains("DOCKER_CERT_PATH") && error.contains(&format!("`F/{name}` can't be read")),
            "{error}"
        );
    }
    fs::copy(other.path().join("key.pem"), good.path().join("key.pem")).expect("copied");
    let error = refused(nobody, good.path(), "1");
    assert!(error.contains("`F/cert.pem` with `F/key.pem`"), "{error}");
    let error = refused(nobody, Path::new("/nowhere/at/all"), "1");
    assert!(error.contains("F/ca.pem"), "{error}");
}

#[test]
fn a_listener_without_tls_is_an_error_that_says_so() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let docker_host = format!("tcp://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let _ = client.read(&mut [0; 1_024]);
            let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let folder = Certificates::make().client(2);
    let error = refused(&docker_host, folder.path(), "1");
    assert!(error.contains("does not speak TLS"), "{error}");
}
