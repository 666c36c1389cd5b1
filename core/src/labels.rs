//! The labels of the containers, networks and volumes that Seatrial creates. No other module spells a label.
//!
//! The `org.testcontainers` keys are those of the Testcontainers libraries, so that their tools recognise Seatrial's
//! resources. The `seatrial` keys are Seatrial's own.

use crate::SessionId;

/// Marks a resource of a Testcontainers-compatible library. Value: `true`.
pub const TESTCONTAINERS: &str = "org.testcontainers";
/// The library's language. Value: `rust`.
pub const LANG: &str = "org.testcontainers.lang";
/// The library's version.
pub const VERSION: &str = "org.testcontainers.version";
/// The session's id under the key of the Testcontainers libraries. Empty on a resource that outlives its session.
pub const TESTCONTAINERS_SESSION: &str = "org.testcontainers.session-id";
/// Marks a reaper's container and its image. Value: `true`. No reaper removes a resource with this label.
pub const RYUK: &str = "org.testcontainers.ryuk";
/// The session's id under Seatrial's own key.
pub const SESSION: &str = "seatrial.session";
/// The kind and name that the resource was created with; see [`ownership`](crate::ownership).
pub const CREATED_AS: &str = "seatrial.created-as";
/// The process that created the resource: process id, start time, PID namespace, boot and host name. Empty if unknown.
pub const OWNER: &str = "seatrial.owner";
/// The group of the session's processes that use the same reaper: a reaper's filter asks for it.
pub const REAPER: &str = "seatrial.reaper";
/// The test or caller that the resource was created for.
pub const TEST: &str = "seatrial.test";
/// A random token, different for each creation. It finds the resource even if the engine's answer is lost.
pub const CREATION: &str = "seatrial.creation";
/// The version of Seatrial's extensions to ryuk's protocol that a reaper's image understands.
///
/// [`REAPER_PROTOCOL_VERSION`] stands for a token as the first line, `REAPER_ADDRESS_FILE`, and the other variables
/// that begin with `REAPER_`.
pub const REAPER_PROTOCOL: &str = "seatrial.reaper.protocol";
/// The value of [`REAPER_PROTOCOL`] on the images that this repository builds.
pub const REAPER_PROTOCOL_VERSION: &str = "1";
/// `true` on a resource that outlives its session on purpose, `false` on all others.
pub const KEEP: &str = "seatrial.keep";
/// The digest of the sources of an image that was built from `images/`.
pub const IMAGE_CONTENT: &str = "seatrial.image.content";

/// The key prefixes that a request may not set itself, because cleaning up relies on them.
pub const RESERVED_PREFIXES: [&str; 2] = ["org.testcontainers", "seatrial."];

/// Returns the labels of a session, as (key, value) pairs, for a resource that is removed with the session.
///
/// A container inherits the labels of its image, so each key that decides about a removal is set here, also to `false`:
/// a value from the image never shows.
#[must_use]
pub fn of_session(session: &SessionId) -> Vec<(String, String)> {
    all(session, session.as_str(), "false")
}

/// Returns the labels of a session for a resource that outlives it: the label that reapers filter by is empty.
#[must_use]
pub fn of_kept(session: &SessionId) -> Vec<(String, String)> {
    all(session, "", "true")
}

fn all(session: &SessionId, reaped_with: &str, keep: &str) -> Vec<(String, String)> {
    [
        (TESTCONTAINERS, "true"),
        (LANG, "rust"),
        (VERSION, env!("CARGO_PKG_VERSION")),
        (TESTCONTAINERS_SESSION, reaped_with),
        (SESSION, session.as_str()),
        (KEEP, keep),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

/// Returns `true` if only Seatrial may set a label with this key.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    RESERVED_PREFIXES.iter().any(|prefix| {
        key.strip_prefix(prefix)
            .is_some_and(|rest| prefix.ends_with('.') || rest.is_empty() || rest.starts_with('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_labels_name_the_session_in_both_spellings() {
        let session = SessionId::new("abc").expect("a valid id");
        let labels = of_session(&session);
        for key in [TESTCONTAINERS_SESSION, SESSION] {
            assert!(labels.iter().any(|(k, v)| k == key && v == "abc"), "{key} is missing");
        }
    }

    #[test]
    fn a_kept_resource_has_no_session_that_a_reaper_filters_by() {
        let labels = of_kept(&SessionId::new("abc").expect("a valid id"));
        let value = |wanted: &str| labels.iter().find(|(key, _)| key == wanted).map(|(_, v)| v.as_str());
        assert_eq!(value(TESTCONTAINERS_SESSION), Some(""));
        assert_eq!((value(SESSION), value(KEEP)), (Some("abc"), Some("true")));
    }

    /// Both lists set the same keys, so a label of an image never decides whether its container is removed.
    #[test]
    fn labels_that_an_image_may_have_are_all_overridden() {
        let session = SessionId::new("abc").expect("a valid id");
        let keys = |labels: Vec<(String, String)>| labels.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
        assert_eq!(keys(of_session(&session)), keys(of_kept(&session)));
        assert!(of_session(&session).contains(&(KEEP.to_owned(), "false".to_owned())));
    }

    #[test]
    fn reserved_keys_are_told_from_keys_that_only_look_alike() {
        assert!(is_reserved("org.testcontainers"));
        assert!(is_reserved("org.testcontainers.lang"));
        assert!(is_reserved("seatrial.session"));
        assert!(!is_reserved("org.testcontainersish"));
        assert!(!is_reserved("seatrial"));
        assert!(!is_reserved("com.example"));
    }
}
