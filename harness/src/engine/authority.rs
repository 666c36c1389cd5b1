//! The trust in a server's certificate.

use bytes::Bytes;

/// The certificates that a connection with TLS accepts.
#[derive(Clone, Debug)]
pub(crate) enum Authority {
    /// As it is: test servers sign their own.
    Any,
    /// Signed by this authority, in PEM.
    Pem(#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "read where TLS is spoken"))] Bytes),
}
