//! The folder with the certificates for an engine, by the names that Docker's programs give them.

use std::io;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::RootCertStore;

/// A folder as `DOCKER_CERT_PATH` names one. Nothing is read before a [`Client`](crate::Client) is made of it.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a>(pub &'a Path);

impl Folder<'_> {
    /// The certificates of those who may sign the engine's.
    pub(crate) fn authorities(self) -> PathBuf {
        self.0.join("ca.pem")
    }

    /// Our certificate, with those between it and the authority.
    pub(crate) fn certificate(self) -> PathBuf {
        self.0.join("cert.pem")
    }

    /// The key of our certificate.
    pub(crate) fn key(self) -> PathBuf {
        self.0.join("key.pem")
    }

    pub(crate) fn read_authorities(self) -> io::Result<RootCertStore> {
        let path = self.authorities();
        let right = "it has to hold the certificate of the authority that signed the engine's";
        let pem = read(&path, right)?;
        roots(&pem).map_err(|error| bad(&path, error, right))
    }

    /// Our certificate and its key; nothing if neither is there, since not every engine asks for one.
    pub(crate) fn read_identity(
        self,
    ) -> io::Result<Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>> {
        let (certificate, key) = (self.certificate(), self.key());
        if !certificate.exists() && !key.exists() {
            return Ok(None);
        }
        let right = "it has to hold our certificate, beside its key in `key.pem`";
        let chain =
            CertificateDer::pem_slice_iter(&read(&certificate, right)?).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| bad(&certificate, error, right))?;
        if chain.is_empty() {
            return Err(bad(&certificate, NONE, right));
        }
        let right = "it has to hold the key of `cert.pem`, not encrypted";
        let key_read = PrivateKeyDer::from_pem_slice(&read(&key, right)?);
        Ok(Some((chain, key_read.map_err(|error| bad(&key, error, right))?)))
    }
}

const NONE: &str = "there is no certificate in it";

/// The authorities in a PEM text.
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
    let text = format!("`{}` is of no use: {error}; {right}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Client;

    /// What is said of a folder with these files.
    #[track_caller]
    fn refused(files: &[(&str, &str)], verify: bool) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let error = Client::to_engine(Folder(folder.path()), verify).expect_err("of no use").to_string();
        error.replace(&folder.path().display().to_string(), "F")
    }

    #[test]
    fn what_is_missing_or_nonsense_is_named_with_what_would_be_right() {
        let text = "no PEM at all";
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (files, verify, expected) in [
            (vec![], true, "`F/ca.pem` can't be read: No such file"),
            (vec![("ca.pem", text)], true, "`F/ca.pem` is of no use: there is no certificate in it"),
            (vec![("ca.pem", broken)], true, "`F/ca.pem` is of no use: base64"),
            (vec![("ca.pem", empty)], true, "`F/ca.pem` is of no use: invalid peer certificate: BadEncoding"),
            (vec![("key.pem", text)], false, "`F/cert.pem` can't be read: No such file"),
            (vec![("cert.pem", text)], false, "`F/cert.pem` is of no use: there is no certificate in it"),
            (vec![("cert.pem", empty)], false, "`F/key.pem` can't be read: No such file"),
            (vec![("cert.pem", empty), ("key.pem", text)], false, "`F/key.pem` is of no use: no items found"),
        ] {
            let error = refused(&files, verify);
            assert!(error.starts_with(expected) && error.contains("; it has to hold "), "{error}");
        }
    }

    #[test]
    fn without_a_look_at_certificates_nothing_has_to_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        Client::to_engine(Folder(folder.path()), false).expect("enough");
    }
}
