//! An engine behind TCP with TLS: a daemon that wants to see certificates, and folders of certificates of all kinds.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use seatrial_tests::{Daemon, Reaper};
use tempfile::TempDir;

use crate::fixture::{Host, label};
use seatrial_tests::Certificates;

/// A daemon that lets in who has a certificate, and its authority.
struct Guarded {
    daemon: Daemon,
    certificates: Certificates,
    docker_host: String,
}

impl Guarded {
    /// Starts one; none, with the reason on stderr, where that can't be done.
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

    /// What a reaper says that ends at its start, with the folder's path left out.
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

/// A copy without some files.
fn without(folder: &TempDir, names: &[&str]) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for name in ["ca.pem", "cert.pem", "key.pem"].iter().filter(|name| !names.contains(name)) {
        fs::copy(folder.path().join(name), copy.path().join(name)).expect("copied");
    }
    copy
}

#[test]
fn an_engine_that_wants_certificates_is_reaped_and_what_is_wrong_with_them_is_told() {
    let Some(guarded) = Guarded::start() else { return };
    let good = guarded.certificates.client(2);
    guarded.reap(good.path(), "1");
    // Without a look at the engine's, nobody needs to know who signed it.
    guarded.reap(without(&good, &["ca.pem"]).path(), "");

    let strangers = Certificates::make().client(2);
    let error = guarded.refused(strangers.path(), "1");
    assert!(error.contains("not signed by the authority in `F/ca.pem`"), "{error}");
    let error = guarded.refused(strangers.path(), "");
    assert!(error.contains("does not take `F/cert.pem`"), "{error}");
    let none = without(&good, &["cert.pem", "key.pem"]);
    let error = guarded.refused(none.path(), "1");
    assert!(error.contains("wants to see a certificate, and there is no `F/cert.pem`"), "{error}");
    let expired = guarded.certificates.client(-1);
    let error = guarded.refused(expired.path(), "1");
    assert!(error.contains("`F/cert.pem`") && error.contains("expired"), "{error}");
}

#[test]
fn files_that_are_missing_or_do_not_belong_together_are_named_before_the_engine_is_asked() {
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
fn a_listener_that_does_not_speak_tls_is_told() {
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
