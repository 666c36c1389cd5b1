//! The terms of a TLS connection to a server that a wait polls. Connecting is up to `tls.rs`.

use std::fmt;

use bytes::Bytes;

/// The terms on which a TLS connection is made. By default, any certificate is accepted, since test servers sign their
/// own.
#[derive(Clone, Default)]
pub(crate) struct TlsTerms {
    /// The authority that has to have signed the server's certificate, in PEM.
    pub(crate) authority: Option<Bytes>,
    /// The name that the server's certificate has to be valid for. `None` is the host of the address.
    pub(crate) server_name: Option<String>,
    /// The client's certificate and its key, in PEM.
    pub(crate) identity: Option<(Bytes, Bytes)>,
}

impl fmt::Debug for TlsTerms {
    /// Prints no key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTerms")
            .field("has_authority", &self.authority.is_some())
            .field("server_name", &self.server_name)
            .field("has_client_certificate", &self.identity.is_some())
            .finish()
    }
}
