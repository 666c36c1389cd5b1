//! The verification of a server's certificate.

use bytes::Bytes;

/// The certificates that a TLS connection accepts.
#[derive(Clone, Debug)]
pub(crate) enum Authority {
    /// Any certificate, since test servers sign their own.
    Any,
    /// Certificates signed by this authority, in PEM.
    Pem(#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "read where TLS is spoken"))] Bytes),
}
