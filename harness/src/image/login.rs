//! Registry credentials, as passed by the user.

use serde_json::{Value, json};

use super::credentials::{Secret, key_of};
use crate::config::Hidden;

/// Credentials for a registry. They are never printed, not even by `Debug`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Credentials(Secret);

impl Credentials {
    /// Creates credentials of a user name and a password.
    pub fn password(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self(Secret::Password { username: username.into(), password: Hidden::new(password) })
    }

    /// Creates credentials of an identity token, as a login in a browser yields one.
    pub fn identity_token(token: impl Into<String>) -> Self {
        Self(Secret::IdentityToken(Hidden::new(token)))
    }

    /// Creates credentials of a bearer token for the registry itself.
    pub fn registry_token(token: impl Into<String>) -> Self {
        Self(Secret::RegistryToken(Hidden::new(token)))
    }

    /// Returns the JSON object that the engine expects in its header.
    pub(crate) fn for_engine(&self, registry: &str) -> Value {
        let registry = key_of(registry);
        match &self.0 {
            Secret::Password { username, password } => {
                json!({"username": username, "password": password.reveal(), "serveraddress": registry})
            }
            Secret::IdentityToken(token) => {
                json!({"identitytoken": token.reveal(), "serveraddress": registry})
            }
            Secret::RegistryToken(token) => {
                json!({"registrytoken": token.reveal(), "serveraddress": registry})
            }
        }
    }
}

impl From<Secret> for Credentials {
    fn from(secret: Secret) -> Self {
        Self(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_printed_nowhere() {
        let credentials = Credentials::password("me", "hunter2");
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
