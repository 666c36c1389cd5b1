//! Ownership: tells a resource that Seatrial created from one that only carries the same labels. It asks no engine.
//!
//! Labels spread. `docker commit` writes a container's labels into the image, an image built `FROM` that one has them
//! too, a container that somebody runs from either inherits them, and people copy labels by hand. So the labels of a
//! session alone do not make a resource Seatrial's. A resource is Seatrial's own if
//!
//! 1. its label [`CREATED_AS`] states its own kind and its own name, and
//! 2. for a container: its image does not carry the same [`CREATION`] token.
//!
//! The first condition excludes every copy under another name. The second excludes a container that somebody runs from
//! a committed image under the name of the container that was committed. Seatrial creates no images, so an image is
//! never its own. Both conditions err on the safe side: a container that somebody renamed is left alone.

use std::fmt;

use crate::labels::{CREATED_AS, CREATION, SESSION};

/// The kinds of resources that Seatrial creates on an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A container.
    Container,
    /// A network.
    Network,
    /// A named volume.
    Volume,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
        })
    }
}

/// Returns the label, as (key, value), that marks a resource of this kind and name as created by Seatrial.
#[must_use]
pub fn mark(kind: Kind, name: &str) -> (String, String) {
    (CREATED_AS.to_owned(), format!("{kind}/{name}"))
}

/// The result of [`judge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership<'a> {
    /// Seatrial created the resource.
    Own,
    /// Seatrial created the container, unless its image carries the label [`CREATION`] with this value.
    OwnUnlessImageHas {
        /// The container's creation token.
        creation: &'a str,
    },
    /// Somebody else created the resource.
    Foreign,
}

/// Decides from a resource's names and labels whether Seatrial created it.
///
/// `names` are all names that the engine lists for it, with or without Docker's leading `/`. `label` returns a label's
/// value.
#[must_use]
pub fn judge<'a, 'n>(
    kind: Kind,
    names: impl IntoIterator<Item = &'n str>,
    label: impl Fn(&str) -> Option<&'a str>,
) -> Ownership<'a> {
    let stated = label(CREATED_AS).and_then(|value| value.split_once('/'));
    let (Some(_), Some((stated_kind, stated_name))) = (label(SESSION), stated) else {
        return Ownership::Foreign;
    };
    let has_name = names.into_iter().any(|name| name.strip_prefix('/').unwrap_or(name) == stated_name);
    if stated_kind != kind.to_string() || !has_name {
        return Ownership::Foreign;
    }
    match (kind, label(CREATION)) {
        (Kind::Container, Some(creation)) => Ownership::OwnUnlessImageHas { creation },
        (Kind::Container | Kind::Network | Kind::Volume, _) => Ownership::Own,
    }
}

impl Ownership<'_> {
    /// Returns `true` if Seatrial created the resource. `image_creation` is the value of [`CREATION`] on the image of a
    /// container, if there is one; it is ignored for other kinds.
    #[must_use]
    pub fn is_own(self, image_creation: Option<&str>) -> bool {
        match self {
            Self::Own => true,
            Self::OwnUnlessImageHas { creation } => image_creation != Some(creation),
            Self::Foreign => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels of the container `db`, as Seatrial creates it.
    const LABELS: [(&str, &str); 3] = [(SESSION, "s"), (CREATION, "token"), (CREATED_AS, "container/db")];

    fn judged<'a>(kind: Kind, name: &str, labels: &'a [(&str, &'a str)]) -> Ownership<'a> {
        judge(kind, [name], |key| labels.iter().find(|(k, _)| *k == key).map(|(_, value)| *value))
    }

    #[test]
    fn a_created_resource_is_own() {
        assert!(judged(Kind::Container, "/db", &LABELS).is_own(None));
        assert!(judged(Kind::Container, "db", &LABELS).is_own(Some("another token")));
        for kind in [Kind::Network, Kind::Volume] {
            let (key, value) = mark(kind, "a/b");
            let labels = [(SESSION, "s"), (key.as_str(), value.as_str())];
            assert!(judged(kind, "a/b", &labels).is_own(None), "{kind}");
        }
    }

    #[test]
    fn a_container_with_inherited_or_copied_labels_is_foreign() {
        assert_eq!(judged(Kind::Container, "/happy_wiles", &LABELS), Ownership::Foreign);
        assert!(!judged(Kind::Container, "/db", &LABELS).is_own(Some("token")), "run from its own commit");
    }

    #[test]
    fn a_resource_of_another_kind_with_the_same_labels_is_foreign() {
        assert_eq!(judged(Kind::Volume, "db", &LABELS), Ownership::Foreign);
        assert_eq!(judged(Kind::Network, "db", &LABELS), Ownership::Foreign);
    }

    #[test]
    fn a_resource_without_the_mark_or_the_session_is_foreign() {
        assert_eq!(judged(Kind::Container, "/db", &LABELS[..2]), Ownership::Foreign);
        assert_eq!(judged(Kind::Container, "/db", &LABELS[1..]), Ownership::Foreign);
        assert_eq!(judged(Kind::Container, "/", &[(SESSION, "s"), (CREATED_AS, "")]), Ownership::Foreign);
    }

    #[test]
    fn any_of_several_names_is_enough() {
        let label = |key: &str| LABELS.iter().find(|(k, _)| *k == key).map(|(_, value)| *value);
        assert!(judge(Kind::Container, ["/other/alias", "/db"], label).is_own(None));
        assert_eq!(judge(Kind::Container, [], label), Ownership::Foreign);
    }
}
