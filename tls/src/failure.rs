//! What went wrong between us and an engine, in words that name the file to look at.

use std::error::Error as StdError;
use std::io;

use tokio_rustls::rustls::{AlertDescription as Alert, CertificateError as Why, Error};

use crate::folder::Folder;

/// Says what is wrong and what would be right, if TLS is at the bottom of an error of a connection to an engine whose
/// certificates are in this folder; nothing if something else is.
#[must_use]
pub fn explain(error: &(dyn StdError + 'static), folder: Folder<'_>) -> Option<String> {
    let error = tls_error(error)?;
    let authorities = folder.authorities().display().to_string();
    let certificate = folder.certificate();
    let has_certificate = certificate.exists();
    let certificate = certificate.display();
    Some(match error {
        // A bad signature is that of another authority of the same name.
        Error::InvalidCertificate(Why::UnknownIssuer | Why::BadSignature) => format!(
            "the engine's certificate is not signed by the authority in `{authorities}`; that file has to hold the \
             certificate of who signed it"
        ),
        Error::InvalidCertificate(Why::Expired | Why::ExpiredContext { .. }) => {
            "the engine's certificate has expired; it needs a new one".to_owned()
        }
        Error::InvalidCertificate(error) => format!(
            "the engine's certificate is not to be trusted: {error}; it has to be valid for the host in `DOCKER_HOST`, \
             signed by the authority in `{authorities}`"
        ),
        Error::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate) if !has_certificate => {
            format!(
                "the engine wants to see a certificate, and there is no `{certificate}`; put one there that the \
                 engine's authority signed, and its key into `key.pem`"
            )
        }
        Error::AlertReceived(Alert::CertificateExpired) => {
            format!("the engine says that `{certificate}` has expired; it needs a new one")
        }
        Error::AlertReceived(
            alert @ (Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::UnsupportedCertificate
            | Alert::UnknownCA
            | Alert::AccessDenied),
        ) => format!(
            "the engine does not take `{certificate}` ({alert:?}); it has to be signed by the authority that the \
             engine knows, for the use of clients, and not to have expired"
        ),
        Error::InvalidMessage(_) => {
            "what listens there does not speak TLS; without `DOCKER_CERT_PATH` it is asked in plain"
                .to_owned()
        }
        other => format!("TLS with the engine failed: {other}"),
    })
}

/// The error of TLS below others.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<Error>() {
            return Some(error);
        }
        // What an I/O error wraps is not its source; that one's source is.
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
    fn an_error_of_tls_is_found_below_others_and_names_the_file() {
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
    fn another_error_is_left_alone() {
        let error = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert_eq!(explain(&error, Folder(Path::new("/"))), None);
    }
}
