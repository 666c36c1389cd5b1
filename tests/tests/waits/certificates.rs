//! Certificates for an HTTPS server, made by `openssl` for one test.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// An authority, and a server's certificate for 127.0.0.1 that it signed.
pub(crate) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes new keys and certificates.
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path();
        std::fs::write(path.join("san"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            .expect("it is written");
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let authority = ["req", "-x509", "-subj", "/CN=a test's authority", "-days", "2"];
        openssl(path, &[&authority[..], &key, &["-keyout", "ca.key", "-out", "ca.pem"]].concat());
        let request = ["req", "-new", "-subj", "/CN=localhost"];
        openssl(path, &[&request[..], &key, &["-keyout", "server.key", "-out", "server.csr"]].concat());
        let sign =
            ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
        openssl(path, &[&sign[..], &["-days", "2", "-extfile", "san", "-out", "server.pem"]].concat());
        Self { folder }
    }

    /// One of the files: `ca.pem`, `server.pem`, `server.key`.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).expect("openssl wrote it")
    }
}

#[track_caller]
fn openssl(folder: &Path, args: &[&str]) {
    let output = Command::new("openssl").args(args).current_dir(folder).output().expect("openssl runs");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}
