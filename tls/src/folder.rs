//! The folder with the certificates for an engine, under the file names that Docker's programs use.

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::RootCertStore;

/// The path of a folder as in `DOCKER_CERT_PATH`. Its files are read when a [`Client`](crate::Client) is made.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a>(pub &'a Path);

impl Folder<'_> {
    /// Returns the path of the authorities' certificates.
    pub(crate) fn authorities(self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Returns the path of the client's certificate, which intermediate certificates may follow in the same file.
    pub(crate) fn certificate(self) -> PathBuf {
        self.0.join("cert.pem")
    }

    /// Returns the path of the client certificate's key.
    pub(crate) fn key(self) -> PathBuf {
        self.0.join("key.pem")
    }

    pub(crate) fn read_authorities(self) -> io::Result<RootCertStore> {
        let path = self.authorities();
        let right = "it has to hold the certificate of the authority that signed the engine's";
        let pem = read(&path, right)?;
        roots(&pem).map_err(|error| bad(&path, error, right))
    }

    /// Reads the client's certificate and its key. Returns `None` if both files are missing: not every engine requires
    /// a certificate.
    pub(crate) fn read_identity(
        self,
    ) -> io::Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
        let (certificate, key) = (self.certificate(), self.key());
        if !certificate.exists() && !key.exists() {
            return Ok(None);
        }
        let right = "it has to hold the client's certificate, with its key in `key.pem`";
        let chain =
            CertificateDer::pem_slice_iter(&read(&certificate, right)?).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| bad(&certificate, error, right))?;
        if chain.is_empty() {
            return Err(bad(&certificate, NONE, right));
        }
        let right = "it has to hold the key of `cert.pem`, unencrypted";
        let key_read = PrivateKeyDer::from_pem_slice(&read(&key, right)?);
        Ok(Some((chain, key_read.map_err(|error| bad(&key, error, right))?)))
    }
}

const NONE: &str = "it contains no certificate";

/// Reads the authorities in a PEM text.
pub(crate) fn roots(pem: &[u8]) -> io::Result<RootCertStore> {
    let invalid = |text: String| io::Error::new(io::ErrorKind::InvalidData, text);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots
            .add(certificate.map_err(|error| invalid(error.to_string()))?)
            .map_err(|error| invalid(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(invalid(NONE.to_owned()));
    }
    Ok(roots)
}

fn read(path: &Path, right: &str) -> io::Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        io::Error::new(error.kind(), format!("`{}` can't be read: {error}; {right}", path.display()))
    })
}

fn bad(path: &Path, error: impl std::fmt::Display, right: &str) -> io::Error {
    let text = format!("`{}` is invalid: {error}; {right}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Client;

    /// Returns the error for a folder with these files.
    #[track_caller]
    fn refused(files: &[(&str, &str)], verify: bool) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let error = Client::to_engine(Folder(folder.path()), verify).expect_err("refused").to_string();
        error.replace(&folder.path().display().to_string(), "F")
    }

    #[test]
    fn a_missing_or_invalid_file_is_named_with_what_would_be_right() {
        let text = "no PEM at all";
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (files, verify, expected) in [
            (vec![], true, "`F/ca.pem` can't be read: No such file"),
            (vec![("ca.pem", text)], true, "`F/ca.pem` is invalid: it contains no certificate"),
            (vec![("ca.pem", broken)], true, "`F/ca.pem` is invalid: base64"),
            (vec![("ca.pem", empty)], true, "`F/ca.pem` is invalid: invalid peer certificate: BadEncoding"),
            (vec![("key.pem", text)], false, "`F/cert.pem` can't be read: No such file"),
            (vec![("cert.pem", text)], false, "`F/cert.pem` is invalid: it contains no certificate"),
            (vec![("cert.pem", empty)], false, "`F/key.pem` can't be read: No such file"),
            (vec![("cert.pem", empty), ("key.pem", text)], false, "`F/key.pem` is invalid: no items found"),
        ] {
            let error = refused(&files, verify);
            assert!(error.starts_with(expected) && error.contains("; it has to hold "), "{error}");
        }
    }

    #[test]
    fn without_verification_no_file_is_needed() {
        let folder = tempfile::tempdir().expect("a folder");
        Client::to_engine(Folder(folder.path()), false).expect("enough");
    }
}
