//! The recipes of engines: the Debian suite and packages that each is made of, and the program that it is.

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the way root file systems are made; a new one has all of them made again.
const VERSION: &str = "1";
/// The longest name: a network namespace, a control group and a socket's path are named after it.
const LONGEST: usize = 32;

/// The packages of Docker. It asks `ps` for the processes of a container.
const DOCKER: &[&str] = &["docker.io", "iptables", "procps", "ca-certificates"];
/// The packages of Podman, without those that make its packet filter rules: 4 does so with iptables, 5 with nftables.
const PODMAN: &[&str] =
    &["podman", "crun", "conmon", "netavark", "aardvark-dns", "catatonit", "procps", "ca-certificates"];
/// The packages that Podman needs to be run by a user.
const ROOTLESS_PACKAGES: &[&str] = &["uidmap", "passt", "slirp4netns", "fuse-overlayfs"];

/// The engines that have a recipe: name, suite, packages.
const KNOWN: [(&str, &str, &[&[&str]]); 5] = [
    ("docker-26", "trixie", &[DOCKER]),
    ("docker-28", "sid", &[DOCKER]),
    ("podman-4", "bookworm", &[PODMAN, &["iptables"]]),
    ("podman-5", "trixie", &[PODMAN, &["nftables"]]),
    ("podman-5-rootless", "trixie", &[PODMAN, &["nftables"], ROOTLESS_PACKAGES]),
];

/// The path of the script that starts a rootless Podman, inside.
pub(crate) const ROOTLESS: &str = "/usr/local/sbin/rootless";

/// The program that an engine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Docker's daemon.
    Docker,
    /// Podman's service of Docker's API.
    Podman,
    /// The same, which a user runs who is not root.
    RootlessPodman,
}

/// An engine of a chosen version, and the packages that it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recipe {
    pub(crate) name: String,
    /// The Debian suite, as in `trixie`.
    pub(crate) suite: String,
    /// The packages, without those that they depend on.
    pub(crate) packages: Vec<String>,
    pub(crate) kind: Kind,
}

impl Recipe {
    /// Returns the recipes that are known by their names.
    pub(crate) fn known() -> Vec<Self> {
        let recipe = |(name, suite, packages): (&str, &str, &[&[&str]])| {
            let packages = packages.concat().into_iter().map(str::to_owned).collect();
            Self::new(name, suite, packages).expect("the table's recipes are valid")
        };
        KNOWN.into_iter().map(recipe).collect()
    }

    /// Returns the known recipe of this name.
    ///
    /// # Errors
    /// Fails if none has it; the error lists the names.
    pub(crate) fn named(name: &str) -> Result<Self> {
        let mut known = Self::known();
        let Some(index) = known.iter().position(|recipe| recipe.name == name) else {
            let names: Vec<_> = known.iter().map(|recipe| recipe.name.as_str()).collect();
            bail!(
                "there is no recipe for an engine `{name}`; there are {}; others need `--suite SUITE --packages \
                 PACKAGES`",
                names.join(", ")
            );
        };
        Ok(known.swap_remove(index))
    }

    /// Creates a recipe from a suite's packages, which have to contain `docker.io` or `podman`. A Podman with `uidmap` is
    /// run by a user.
    ///
    /// # Errors
    /// Fails if the name, the suite or a package's name is not valid, or no package is an engine.
    pub(crate) fn new(name: &str, suite: &str, packages: Vec<String>) -> Result<Self> {
        let is_word = |text: &str, more: &str| {
            text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c))
        };
        ensure!(
            is_word(name, "-") && name.len() <= LONGEST,
            "`{name}` is no name for an engine: it should have at most {LONGEST} characters, each a lower-case letter, \
             a digit or `-`, and begin with none of the latter"
        );
        ensure!(is_word(suite, "-"), "`{suite}` is no Debian suite; one is `trixie`");
        for package in &packages {
            ensure!(is_word(package, "+-."), "`{package}` is no name of a Debian package");
        }
        let has = |package: &str| packages.iter().any(|named| named == package);
        let kind = match (has("docker.io"), has("podman")) {
            (true, false) => Kind::Docker,
            (false, true) if has("uidmap") => Kind::RootlessPodman,
            (false, true) => Kind::Podman,
            _ => bail!(
                "the packages of the engine `{name}` should contain `docker.io` or `podman`, one of the two; they are {}",
                packages.join(", ")
            ),
        };
        Ok(Self { name: name.to_owned(), suite: suite.to_owned(), packages, kind })
    }

    /// Returns the name of its root file system in the cache, which is another one for other packages.
    pub(crate) fn key(&self) -> String {
        let mut hash = Sha256::new();
        for part in [VERSION, &self.suite].into_iter().chain(self.packages.iter().map(String::as_str)) {
            hash.update(part);
            hash.update([0]);
        }
        let digest = hash.finalize();
        let digits: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{digits}", self.name)
    }
}

impl Kind {
    /// Returns the command that serves Docker's API at an address, with its socket in the folder `run`.
    pub(crate) fn command(self, run: &str, url: &str) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Docker => &["dockerd", "--host", url],
            Self::Podman => &["podman", "system", "service", "--time=0", url],
            Self::RootlessPodman => &["sh", ROOTLESS, run, url],
        };
        words.iter().map(|&word| word.to_owned()).collect()
    }

    /// Returns the folder in which it keeps images and containers.
    pub(crate) fn data(self) -> &'static str {
        match self {
            Self::Docker => "/var/lib/docker",
            Self::Podman => "/var/lib/containers",
            Self::RootlessPodman => "/home/seatrial/.local/share/containers",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn each_known_name_has_a_recipe_and_an_unknown_one_is_refused_with_the_names() {
        for recipe in Recipe::known() {
            assert_eq!(Recipe::named(&recipe.name).expect("it is known"), recipe);
        }
        let error = Recipe::named("docker-99").expect_err("it is unknown").to_string();
        assert!(error.contains("`docker-99`") && error.contains("docker-26, docker-28, podman-4"), "{error}");
    }

    #[test]
    fn the_packages_say_which_engine_it_is() {
        let kind = |names: &[&str]| Recipe::new("x", "sid", packages(names)).map(|recipe| recipe.kind);
        assert_eq!(kind(&["iptables", "docker.io"]).expect("Docker"), Kind::Docker);
        assert_eq!(kind(&["podman"]).expect("Podman"), Kind::Podman);
        assert_eq!(kind(&["uidmap", "podman"]).expect("Podman"), Kind::RootlessPodman);
        for names in [&["iptables"][..], &["docker.io", "podman"], &[]] {
            assert!(kind(names).is_err(), "{names:?}");
        }
    }

    #[test]
    fn names_that_are_no_words_are_refused() {
        for name in ["", "-x", "a/b", "A", "a b", "..", &"x".repeat(33)] {
            assert!(Recipe::new(name, "sid", packages(&["podman"])).is_err(), "{name:?}");
        }
        for (suite, package) in [("", "podman"), ("--help", "podman"), ("sid", "podman,--x"), ("sid", "-o")] {
            assert!(Recipe::new("x", suite, packages(&["podman", package])).is_err(), "{suite} {package}");
        }
    }

    #[test]
    fn other_packages_have_another_key() {
        let key = |suite, names: &[&str]| Recipe::new("x", suite, packages(names)).expect("valid").key();
        assert_eq!(key("sid", &["podman"]), key("sid", &["podman"]));
        assert_ne!(key("sid", &["podman"]), key("trixie", &["podman"]));
        assert_ne!(key("sid", &["podman"]), key("sid", &["podman", "crun"]));
    }
}
