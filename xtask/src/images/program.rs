//! Seatrial's programs in images: static binaries for the engine's architecture.

use anyhow::{Context, Result, bail};
use bollard::Docker;

use super::folder::{File, Folder};
use crate::cargo::build_program;
use crate::{console, workspace};

/// A program that an image consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    /// The package that builds it.
    package: &'static str,
    /// Its name in the build context.
    name: &'static str,
    /// The profile that it is built with.
    profile: &'static str,
    /// More arguments for cargo.
    arguments: &'static [&'static str],
    /// The folders of the workspace that it is built from, beside the image's own.
    sources: &'static [&'static str],
    /// `true` if the image is published; it gets a tag with the version too.
    pub(crate) is_released: bool,
}

impl Program {
    /// Returns the program of an image, if it has one.
    pub(crate) fn of_image(image: &str) -> Option<Self> {
        match image {
            "misbehave" => Some(Self {
                package: "seatrial-misbehave",
                name: "misbehave",
                profile: "release",
                arguments: &[],
                sources: &[],
                is_released: false,
            }),
            "reaper" => Some(Self {
                package: "seatrial-reaper",
                name: "ryuk",
                profile: "reaper",
                // Without TLS: the sidecar uses the engine's socket, TLS is a third of the size, and it needs a C
                // compiler for the target.
                arguments: &["--no-default-features"],
                sources: &["core", "reaper"],
                is_released: true,
            }),
            _ => None,
        }
    }

    /// Returns the digest of its image: that of the image's folder, and of the program's sources.
    ///
    /// # Errors
    /// Fails if a source cannot be read.
    pub(crate) fn digest(self, folder: &Folder, digest: &str) -> Result<String> {
        let mut parts = vec![digest.to_owned()];
        for source in self.sources {
            parts.push(Folder::read(&workspace::root().join(source))?.digest([]));
        }
        Ok(folder.digest(parts.iter().map(String::as_str)))
    }

    /// Builds the program for the engine's architecture and returns it as a file for the build context.
    ///
    /// # Errors
    /// Fails if there is no target for the engine's architecture, or the build fails.
    pub(crate) async fn file(self, docker: &Docker) -> Result<File> {
        let version = docker.version().await.context("failed to ask the engine for its architecture")?;
        let architecture = version.arch.unwrap_or_default();
        let target = Target::of(&architecture, std::env::consts::OS, std::env::consts::ARCH)?;
        console::step(&format!("building {} for {}", self.package, target.triple));
        let path = tokio::task::spawn_blocking(move || self.build(&target)).await??;
        let content = std::fs::read(&path).with_context(|| format!("failed to read `{path}`"))?;
        Ok(File { path: self.name.into(), executable: true, content })
    }

    /// Builds the program and returns its path.
    fn build(self, target: &Target) -> Result<String> {
        let Self { package, profile, arguments, .. } = self;
        let triple = &target.triple;
        let build = ["build", "--quiet", "--profile", profile, "--package", package, "--target", triple];
        build_program(&[&build, arguments].concat(), &[("RUSTFLAGS", target.flags)]).with_context(|| {
            format!("failed to build {package}; if the target is missing: `rustup target add {triple}`")
        })
    }
}

/// A target triple, and the compiler's flags for it.
#[derive(Debug)]
struct Target {
    triple: String,
    flags: &'static str,
}

impl Target {
    /// Returns the target for an architecture in Docker's (`amd64`) or the kernel's (`x86_64`) terms, as built on this
    /// system.
    fn of(architecture: &str, our_system: &str, our_architecture: &str) -> Result<Self> {
        let architecture = match architecture {
            "amd64" | "x86_64" => "x86_64",
            "arm64" | "aarch64" => "aarch64",
            other => bail!(
                "the engine's architecture is `{other}`; programs can be built for amd64 and arm64 only"
            ),
        };
        if (our_system, our_architecture) == ("linux", architecture) {
            return Ok(Self {
                triple: format!("{architecture}-unknown-linux-gnu"),
                flags: "-C target-feature=+crt-static -C strip=symbols",
            });
        }
        // Musl and the linker come with Rust, so no C toolchain for the other architecture is needed.
        Ok(Self {
            triple: format!("{architecture}-unknown-linux-musl"),
            flags: "-C target-feature=+crt-static -C strip=symbols -C linker=rust-lld -C link-self-contained=yes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architectures_have_targets_or_a_clear_error() {
        let triple = |architecture| Target::of(architecture, "linux", "x86_64").expect("a target").triple;
        assert_eq!(triple("amd64"), "x86_64-unknown-linux-gnu");
        assert_eq!(triple("arm64"), "aarch64-unknown-linux-musl");
        let elsewhere = Target::of("arm64", "macos", "aarch64").expect("a target");
        assert_eq!(elsewhere.triple, "aarch64-unknown-linux-musl");
        let error = Target::of("s390x", "linux", "x86_64").expect_err("none").to_string();
        assert!(error.contains("`s390x`"), "{error}");
    }

    #[test]
    fn the_reapers_image_carries_the_labels_that_the_library_looks_for() {
        use seatrial_core::labels::{REAPER_PROTOCOL, REAPER_PROTOCOL_VERSION, RYUK};

        let folder = Folder::read(&workspace::images().join("reaper")).expect("the image's folder");
        let dockerfile = folder.dockerfile().expect("a Dockerfile");
        for label in [format!("{RYUK}=true"), format!("{REAPER_PROTOCOL}={REAPER_PROTOCOL_VERSION}")] {
            assert!(dockerfile.lines().any(|line| line == format!("LABEL {label}")), "{label}");
        }
    }
}
