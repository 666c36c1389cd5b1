//! Image references (C3): parsed by the distribution project's grammar, and printed. It does not contact a registry.
//!
//! ```text
//! reference := [registry "/"] repository [":" tag] ["@" digest] | ["sha256:"] 64 hex digits
//! ```

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::image::grammar::{
    Problem, check_digest, check_registry, check_repository, check_tag, id_digits, split_registry,
};
use crate::words::{Error, Result};

/// The registry of references that name none.
const HUB: &str = "docker.io";
/// The namespace of Docker Hub's official images, which references usually omit.
const LIBRARY: &str = "library/";
/// The maximum length of registry and repository together, in characters.
const MAX_NAME: usize = 255;

/// An image reference: `redis`, `postgres:17`, `registry.example:5000/team/app@sha256:…`.
///
/// It keeps both the text as given and its canonical form. Two references are equal if their canonical forms are:
/// `mongo` equals `docker.io/library/mongo:latest`.
///
/// A full image id, `sha256:` and 64 hex digits or the digits alone, is accepted too. It names an image that the engine
/// has. It belongs to no registry, so it is never pulled.
///
/// ```
/// let image: seatrial::ImageRef = "mongo".parse()?;
/// assert_eq!(image.to_string(), "docker.io/library/mongo:latest");
/// assert_eq!(image.as_given(), "mongo");
/// # Ok::<(), seatrial::Error>(())
/// ```
#[derive(Clone)]
pub struct ImageRef {
    given: String,
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
    /// The image id, `sha256:…`, if the text is one. All other parts are empty then.
    id: Option<String>,
    /// `true` if parsing added the `library/` namespace.
    implied_library: bool,
}

impl ImageRef {
    /// Parses a reference.
    ///
    /// # Errors
    /// Invalid, if the text is not a reference. The message names the malformed part and the expected form.
    pub fn parse(text: impl Into<String>) -> Result<Self> {
        let given = text.into();
        parse(&given).map_err(|problem| {
            Error::invalid(format!("image reference `{}` {problem}", given.escape_debug()))
        })
    }

    /// Returns the text as it was given.
    #[must_use]
    pub fn as_given(&self) -> &str {
        &self.given
    }

    /// Returns the registry's host, with its port if there is one. Default: `docker.io`. Empty for an image id.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// Returns the repository within the registry: `library/redis`, `team/app`. Empty for an image id.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag. It is `latest` if neither tag nor digest was given, and `None` for a digest alone and for an
    /// image id.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, with its algorithm: `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Returns the full image id, with its algorithm, if the reference is one: `sha256:…`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the short form that `docker` shows, without Docker Hub's host and `library/` namespace where they are
    /// implied.
    #[must_use]
    pub fn familiar(&self) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let official = self.repository.strip_prefix(LIBRARY).filter(|name| !name.contains('/'));
        let short = official.unwrap_or(&self.repository);
        // Without its registry, `docker.io/a.b/c` would name another image.
        let name = match self.registry.as_str() {
            HUB if split_registry(short).0.is_none() => short.to_owned(),
            registry => format!("{registry}/{}", self.repository),
        };
        self.with_suffix(name)
    }

    /// Returns the same image at a mirror of Docker Hub, such as the one in `TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX`. An
    /// image of another registry and an image id are returned unchanged.
    ///
    /// As in Testcontainers, an implied `library/` namespace is not added: `redis` with the prefix `mirror.example/hub`
    /// becomes `mirror.example/hub/redis:latest`.
    ///
    /// # Errors
    /// Invalid, if prefix and name together are not a reference.
    pub fn with_registry_prefix(&self, prefix: &str) -> Result<Self> {
        let prefix = prefix.trim().trim_end_matches('/');
        if prefix.is_empty() || self.registry != HUB {
            return Ok(self.clone());
        }
        let name = match self.implied_library {
            true => self.repository.strip_prefix(LIBRARY).unwrap_or(&self.repository),
            false => &self.repository,
        };
        Self::parse(self.with_suffix(format!("{prefix}/{name}")))
    }

    fn with_suffix(&self, mut name: String) -> String {
        if let Some(tag) = &self.tag {
            name.push(':');
            name.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            name.push('@');
            name.push_str(digest);
        }
        name
    }

    fn parts(&self) -> [Option<&str>; 5] {
        [Some(&self.registry), Some(&self.repository), self.tag(), self.digest(), self.id()]
    }
}

fn parse(given: &str) -> Result<ImageRef, Problem> {
    if given.is_empty() {
        return Err("is empty; it should be like `redis:7`".to_owned());
    }
    if let Some(digits) = id_digits(given) {
        return Ok(ImageRef {
            given: given.to_owned(),
            registry: String::new(),
            repository: String::new(),
            tag: None,
            digest: None,
            id: Some(format!("sha256:{digits}")),
            implied_library: false,
        });
    }
    if let Some((scheme, _)) = given.split_once("://") {
        return Err(format!("is a URL; leave `{}://` out", scheme.escape_debug()));
    }
    let (rest, digest) = match given.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (given, None),
    };
    let (registry, path) = split_registry(rest);
    let (path, tag) = match path.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (path, None),
    };
    if let Some(registry) = registry {
        check_registry(registry)?;
    }
    check_repository(path)?;
    tag.map(check_tag).transpose()?;
    digest.map(check_digest).transpose()?;
    let registry = match registry {
        // The former name of Docker Hub's registry.
        None | Some("index.docker.io") => HUB,
        Some(registry) => registry,
    };
    let implied_library = registry == HUB && !path.contains('/');
    let repository = if implied_library { format!("{LIBRARY}{path}") } else { path.to_owned() };
    let length = registry.len() + 1 + repository.len();
    if length > MAX_NAME {
        return Err(format!("has a name of {length} characters; at most {MAX_NAME} are allowed"));
    }
    let tag = tag.or(if digest.is_none() { Some("latest") } else { None });
    Ok(ImageRef {
        given: given.to_owned(),
        registry: registry.to_owned(),
        repository,
        tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
        id: None,
        implied_library,
    })
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => f.write_str(id),
            None => f.write_str(&self.with_suffix(format!("{}/{}", self.registry, self.repository))),
        }
    }
}

impl fmt::Debug for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ImageRef({self})")
    }
}

impl PartialEq for ImageRef {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for ImageRef {}

impl Hash for ImageRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

impl FromStr for ImageRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<&str> for ImageRef {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl TryFrom<String> for ImageRef {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHA256: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// The expected parts of a reference: registry, repository, tag, and whether it has the digest.
    type Parts<'a> = (&'a str, &'a str, Option<&'a str>, bool);

    #[track_caller]
    fn check(text: &str, parts: Parts<'_>, familiar: &str) {
        let image = ImageRef::parse(text).expect(text);
        let digest = image.digest().inspect(|digest| assert_eq!(*digest, SHA256)).is_some();
        assert_eq!((image.registry(), image.repository(), image.tag(), digest), parts, "{text}");
        assert_eq!(image.familiar(), familiar);
        assert_eq!(image.as_given(), text);
        let canonical = image.to_string();
        let again = ImageRef::parse(canonical.as_str()).expect("canonical");
        assert_eq!((again.to_string(), &again), (canonical, &image));
    }

    #[test]
    fn references_are_parsed_as_the_grammar_has_it() {
        check("mongo", ("docker.io", "library/mongo", Some("latest"), false), "mongo:latest");
        check("mongo:7", ("docker.io", "library/mongo", Some("7"), false), "mongo:7");
        check("library/mongo", ("docker.io", "library/mongo", Some("latest"), false), "mongo:latest");
        check("docker.io/mongo", ("docker.io", "library/mongo", Some("latest"), false), "mongo:latest");
        check("index.docker.io/a/b", ("docker.io", "a/b", Some("latest"), false), "a/b:latest");
        check("localhost:5000/x:1", ("localhost:5000", "x", Some("1"), false), "localhost:5000/x:1");
        check("localhost/x", ("localhost", "x", Some("latest"), false), "localhost/x:latest");
        check("localhost", ("docker.io", "library/localhost", Some("latest"), false), "localhost:latest");
        check("a/b/c", ("docker.io", "a/b/c", Some("latest"), false), "a/b/c:latest");
        check("reg.io/a/b/c:v1", ("reg.io", "a/b/c", Some("v1"), false), "reg.io/a/b/c:v1");
        check("[::1]:5000/x", ("[::1]:5000", "x", Some("latest"), false), "[::1]:5000/x:latest");
        check(
            "Reg.IO/a__b-c--d.e",
            ("Reg.IO", "a__b-c--d.e", Some("latest"), false),
            "Reg.IO/a__b-c--d.e:latest",
        );
        check("docker.io/a.b/c", ("docker.io", "a.b/c", Some("latest"), false), "docker.io/a.b/c:latest");
        check("library/a/b", ("docker.io", "library/a/b", Some("latest"), false), "library/a/b:latest");
        check("a:_B.c-D", ("docker.io", "library/a", Some("_B.c-D"), false), "a:_B.c-D");
    }

    #[test]
    fn a_digest_stands_alone_or_beside_a_tag() {
        let text = format!("my.registry:5000/img@{SHA256}");
        check(&text, ("my.registry:5000", "img", None, true), &text);
        let text = format!("redis:7@{SHA256}");
        check(&text, ("docker.io", "library/redis", Some("7"), true), &text);
    }

    #[test]
    fn a_full_image_id_belongs_to_no_registry_and_no_mirror() {
        let digits = &SHA256["sha256:".len()..];
        for text in [SHA256, digits] {
            let image = ImageRef::parse(text).expect(text).with_registry_prefix("m.io").expect("unchanged");
            assert_eq!((image.as_given(), image.id(), image.registry()), (text, Some(SHA256), ""));
            assert_eq!((image.to_string(), image.familiar()), (SHA256.to_owned(), SHA256.to_owned()));
            assert_eq!(image, ImageRef::parse(SHA256).expect("an id"));
        }
        // Fewer digits, other letters or a registry make it a name, as for Docker.
        for text in [&digits[1..], &format!("localhost/{digits}"), &format!("{digits}:1")] {
            assert_eq!(ImageRef::parse(text).expect(text).id(), None, "{text}");
        }
    }

    #[test]
    fn a_malformed_reference_is_refused_with_the_text_and_the_reason() {
        let error = ImageRef::parse("Redis:7").expect_err("upper case");
        assert!(error.is_invalid());
        assert_eq!(
            error.to_string(),
            "image reference `Redis:7` has upper case in its repository, which should be lower case: `redis`"
        );
        for (text, reason) in [
            ("", "is empty"),
            ("team/App", "upper case"),
            ("Team/app", "upper case"),
            (&format!("{}/{}", "a".repeat(200), "b".repeat(60)), "has a name of 271 characters"),
            ("a@b", "has the digest `b`"),
            ("http://a/b", "is a URL; leave `http://` out"),
        ] {
            let error = ImageRef::parse(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_mirror_s_prefix_is_for_docker_hub_s_images() {
        for (text, prefix, expected) in [
            ("redis", "m.io", "m.io/redis:latest"),
            ("redis:7", "m.io/hub/", "m.io/hub/redis:7"),
            ("library/redis", "m.io", "m.io/library/redis:latest"),
            ("docker.io/redis", "m.io", "m.io/redis:latest"),
            ("team/app", "localhost:5000", "localhost:5000/team/app:latest"),
            ("redis", "mirrors", "docker.io/mirrors/redis:latest"),
            ("quay.io/a", "m.io", "quay.io/a:latest"),
            ("redis", "", "docker.io/library/redis:latest"),
        ] {
            let image = ImageRef::parse(text).expect(text).with_registry_prefix(prefix).expect(prefix);
            assert_eq!(image.to_string(), expected, "{text} at {prefix:?}");
        }
        let error =
            ImageRef::parse("redis").expect("valid").with_registry_prefix("M").expect_err("upper case");
        assert!(error.to_string().contains("`M/redis:latest`"), "{error}");
    }

    /// Generates texts that match the grammar.
    fn texts() -> impl Strategy<Value = String> {
        let host =
            r"(localhost|([a-zA-Z0-9]([a-zA-Z0-9-]{0,5}[a-zA-Z0-9])?\.){1,3}[a-z]{2,3})(:[0-9]{1,5})?/";
        let plain = r"[a-z0-9]{1,5}((_|__|-{1,3})[a-z0-9]{1,5}){0,2}";
        let component = r"[a-z0-9]{1,5}((\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}";
        let suffix = r"(:[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,20})?(@sha256:[0-9a-f]{64})?";
        proptest::string::string_regex(&format!("({host}{component}|{plain})(/{component}){{0,2}}{suffix}"))
            .expect("a regex")
    }

    proptest! {
        #[test]
        fn a_printed_reference_is_parsed_again(text in texts()) {
            let image = ImageRef::parse(text).expect("of the grammar");
            prop_assert_eq!(&ImageRef::parse(image.to_string()).expect("canonical"), &image);
            prop_assert_eq!(&ImageRef::parse(image.familiar()).expect("familiar"), &image);
            prop_assert_eq!(&ImageRef::parse(image.as_given()).expect("given"), &image);
        }

        #[test]
        fn no_text_panics_and_what_is_accepted_comes_back(text in "[a-zA-Z0-9:/@._\\[\\]ü-]{0,40}") {
            if let Ok(image) = ImageRef::parse(text) {
                prop_assert_eq!(ImageRef::parse(image.to_string()).expect("canonical"), image);
            }
        }
    }
}
