//! Explanations of TLS errors with an engine, which name the file to look at.

use std::error::Error as StdError;
use std::io;

use tokio_rustls::rustls::{AlertDescription as Alert, CertificateError as Why, Error};

use crate::folder::Folder;

/// Explains the error of a connection to an engine: what is wrong, and what would be right. Returns `None` if the cause
/// is not TLS. `folder` is the folder with the client's certificates.
#[must_use]
pub fn explain(error: &(dyn StdError + 'static), folder: Folder<'_>) -> Option<String> {
    let error = tls_error(error)?;
    let authorities = folder.authorities().display().to_string();
    let certificate = folder.certificate();
    let has_certificate = certificate.exists();
    let certificate = certificate.display();
    Some(match error {
        // A bad signature means that another authority has the same name.
        Error::InvalidCertificate(Why::UnknownIssuer | Why::BadSignature) => format!(
            "the engine's certificate is not signed by the authority in `{authorities}`; that file has to hold the \
             certificate of the authority that signed it"
        ),
        Error::InvalidCertificate(Why::Expired | Why::ExpiredContext { .. }) => {
            "the engine's certificate has expired; the engine needs a new one".to_owned()
        }
        Error::InvalidCertificate(error) => format!(
            "the engine's certificate is invalid: {error}; it has to be valid for the host in `DOCKER_HOST`, and signed \
             by the authority in `{authorities}`"
        ),
        Error::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate) if !has_certificate => {
            format!(
                "the engine requires a client certificate, and there is no `{certificate}`; put a certificate there that \
                 the engine's authority signed, and its key into `key.pem`"
            )
        }
        Error::AlertReceived(Alert::CertificateExpired) => {
            format!("the engine refuses `{certificate}`, because it has expired; put a new certificate there")
        }
        Error::AlertReceived(
            alert @ (Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied),
        ) => format!(
            "the engine refuses `{certificate}` ({alert:?}); it has to be a client's certificate that has not expired, \
             signed by the authority that the engine trusts"
        ),
        Error::InvalidMessage(_) => {
            "the server does not speak TLS; unset `DOCKER_CERT_PATH` to connect without TLS".to_owned()
        }
        other => format!("TLS with the engine failed: {other}"),
    })
}

/// Returns the TLS error among an error and its sources.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(error);
        }
        // An I/O error's `source` skips the error that it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_tls_error_is_found_below_others_and_its_explanation_names_the_file() {
        let explain = |error: Error| {
            let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, error));
            explain(&wrapped, Folder(Path::new("/certificates"))).expect("it is one of TLS")
        };
        let unknown = explain(Error::InvalidCertificate(Why::UnknownIssuer));
        assert!(unknown.contains("`/certificates/ca.pem`"), "{unknown}");
        for alert in [Alert::CertificateRequired, Alert::BadCertificate] {
            let none = explain(Error::AlertReceived(alert));
            assert!(none.contains("there is no `/certificates/cert.pem`"), "{none}");
        }
        let other = explain(Error::General("odd".into()));
        assert!(other.ends_with("odd"), "{other}");
    }

    #[test]
    fn another_error_is_not_explained() {
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(explain(&error, Folder(Path::new("/"))), None);
    }
}
