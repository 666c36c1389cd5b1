//! The labels that everything created by Seatrial carries; no other module spells one.
//!
//! The `org.testcontainers` keys are those of the Testcontainers libraries, so that their tools recognise what is
//! ours; the `seatrial` keys say more.

use crate::SessionId;

/// Marks a resource as made by a Testcontainers-compatible library. Value: `true`.
pub const TESTCONTAINERS: &str = "org.testcontainers";
/// The library's language. Value: `rust`.
pub const LANG: &str = "org.testcontainers.lang";
/// The library's version.
pub const VERSION: &str = "org.testcontainers.version";
/// The session in the ecosystem's spelling; reapers filter by it.
pub const TESTCONTAINERS_SESSION: &str = "org.testcontainers.session-id";
/// `true` on a reaper itself, and on its image: no reaper ever removes what carries it.
pub const RYUK: &str = "org.testcontainers.ryuk";
/// The session in our spelling; removal insists on it.
pub const SESSION: &str = "seatrial.session";
/// The process that created the resource: `<pid>@<host name>`.
pub const OWNER: &str = "seatrial.owner";
/// The test or caller that the resource was created for.
pub const TEST: &str = "seatrial.test";
/// Tells one creation from all others, so that what it made is found even if the engine's answer is lost.
pub const CREATION: &str = "seatrial.creation";
/// On a reaper's image: which version of what goes beyond ryuk's protocol it understands. [`REAPER_PROTOCOL_VERSION`]
/// is a token as the first line, `REAPER_ADDRESS_FILE`, and the other variables of ours.
pub const REAPER_PROTOCOL: &str = "seatrial.reaper.protocol";
/// The value of [`REAPER_PROTOCOL`] on the images that are built from this.
pub const REAPER_PROTOCOL_VERSION: &str = "1";
/// `true` on a resource that was kept on purpose.
pub const KEEP: &str = "seatrial.keep";
/// On an image built from `images/`: the digest of what it was built from.
pub const IMAGE_CONTENT: &str = "seatrial.image.content";

/// Key prefixes that a request may not set by hand, since cleaning up relies on them.
pub const RESERVED_PREFIXES: [&str; 2] = ["org.testcontainers", "seatrial."];

/// The labels of a session, as (key, value) pairs: on every container, network, volume and image that it creates.
#[must_use]
pub fn of_session(session: &SessionId) -> Vec<(String, String)> {
    [
        (TESTCONTAINERS, "true"),
        (LANG, "rust"),
        (VERSION, env!("CARGO_PKG_VERSION")),
        (TESTCONTAINERS_SESSION, session.as_str()),
        (SESSION, session.as_str()),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec()
}

/// The labels of a session for what is to outlive it: without the one that reapers filter by.
#[must_use]
pub fn of_kept(session: &SessionId) -> Vec<(String, String)> {
    let mut labels = of_session(session);
    labels.retain(|(key, _)| key != TESTCONTAINERS_SESSION);
    labels.push((KEEP.to_owned(), "true".to_owned()));
    labels
}

/// Whether a label key is one that only Seatrial may set.
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
    fn what_is_kept_has_no_label_that_a_reaper_filters_by() {
        let labels = of_kept(&SessionId::new("abc").expect("a valid id"));
        let value = |wanted: &str| labels.iter().find(|(key, _)| key == wanted).map(|(_, v)| v.as_str());
        assert_eq!(value(TESTCONTAINERS_SESSION), None);
        assert_eq!((value(SESSION), value(KEEP)), (Some("abc"), Some("true")));
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
