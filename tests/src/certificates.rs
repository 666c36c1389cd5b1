//! Certificates for servers and their clients, made by `openssl` for one test.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/// An authority, and a server's certificate for 127.0.0.1 that it signed.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes new keys and certificates.
    pub fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        std::fs::write(path.join("san"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            .expect("it is written");
        std::fs::write(path.join("use"), "extendedKeyUsage=clientAuth\n").expect("it is written");
        let authority = ["req", "-x509", "-subj", "/CN=a test's authority", "-days", "2"];
        openssl(path, &[&authority[..], &KEY, &["-keyout", "ca.key", "-out", "ca.pem"]].concat());
        let certificates = Self { folder };
        certificates.sign("server", "san", "2");
        certificates
    }

    /// Returns a folder as an engine's client has it: `ca.pem`, `cert.pem` and `key.pem`, valid for so many days from
    /// now on.
    pub fn client(&self, days: i32) -> TempDir {
        self.sign("client", "use", &days.to_string());
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (from, to) in [("ca.pem", "ca.pem"), ("client.pem", "cert.pem"), ("client.key", "key.pem")] {
            std::fs::copy(self.path(from), folder.path().join(to)).expect("it is copied");
        }
        folder
    }

    /// Returns an address for a daemon that accepts our clients' certificates only, and the daemon's arguments for
    /// that.
    pub fn of_a_daemon(&self) -> (String, Vec<String>) {
        // Free a moment ago, and nobody else is given it so soon.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("one");
        let docker_host = format!("tcp://{free}");
        let files = [("tlscacert", "ca.pem"), ("tlscert", "server.pem"), ("tlskey", "server.key")];
        let files = files.map(|(option, name)| format!("--{option}={}", self.path(name).display()));
        let arguments = [format!("--host={docker_host}"), "--tlsverify".to_owned()];
        (docker_host, arguments.into_iter().chain(files).collect())
    }

    /// Makes `<name>.key` and `<name>.pem`, with the extensions in a file.
    fn sign(&self, name: &str, extensions: &str, days: &str) {
        let (path, file) = (self.folder.path(), |ending: &str| format!("{name}.{ending}"));
        let (key, request, certificate) = (file("key"), file("csr"), file("pem"));
        let ask = ["req", "-new", "-subj", "/CN=localhost", "-keyout", &key, "-out", &request];
        openssl(path, &[&ask[..], &KEY].concat());
        let sign = ["x509", "-req", "-in", &request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        openssl(path, &[&sign[..], &["-days", days, "-extfile", extensions, "-out", &certificate]].concat());
    }

    /// Returns the path of one of the files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns one of the files: `ca.pem`, `server.pem`, `server.key`.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("openssl wrote it")
    }
}

#[track_caller]
fn openssl(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl").args(args).current_dir(folder).output().expect("openssl runs");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
