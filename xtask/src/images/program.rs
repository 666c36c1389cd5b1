//! Our own programs in images: static binaries for the engine's architecture.

use std::process::Command;

use anyhow::{Context, Result, bail};
use bollard::Docker;
use serde_json::Value;

use super::folder::{File, Folder};
use crate::{command, console, workspace};

/// A program that an image consists of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    /// The package that builds it.
    package: &'static str,
    /// Its name in the build context.
    name: &'static str,
    /// The profile that it is built with.
    profile: &'static str,
    /// What it is built from beside the image's own folder; folders of the workspace.
    sources: &'static [&'static str],
    /// Whether users get it too, by its version.
    pub(crate) is_released: bool,
}

impl Program {
    /// The program of an image, if it has one.
    pub(crate) fn of_image(image: &str) -> Option<Self> {
        match image {
            "misbehave" => Some(Self {
                package: "seatrial-misbehave",
                name: "misbehave",
                profile: "release",
                sources: &[],
                is_released: false,
            }),
            "reaper" => Some(Self {
                package: "seatrial-reaper",
                name: "ryuk",
                profile: "reaper",
                sources: &["core", "reaper"],
                is_released: true,
            }),
            _ => None,
        }
    }

    /// The digest of its image, given that of the image's folder.
    ///
    /// # Errors
    /// If a source cannot be read.
    pub(crate) fn digest(self, folder: &Folder, digest: &str) -> Result<String> {
        let mut parts = vec![digest.to_owned()];
        for source in self.sources {
            parts.push(Folder::read(&workspace::root().join(source))?.digest([]));
        }
        Ok(folder.digest(parts.iter().map(String::as_str)))
    }

    /// Builds the program and gives it back as a file for the build context.
    ///
    /// # Errors
    /// If the engine's architecture has no target here, or the build fails.
    pub(crate) async fn file(self, docker: &Docker) -> Result<File> {
        let version = docker.version().await.context("failed to ask the engine for its architecture")?;
        let target = target(&version.arch.unwrap_or_default())?;
        console::step(&format!("building {} for {target}", self.package));
        let path = tokio::task::spawn_blocking(move || self.build(target)).await??;
        let content = std::fs::read(&path).with_context(|| format!("failed to read `{path}`"))?;
        Ok(File { path: self.name.into(), executable: true, content })
    }

    /// Runs cargo and gives back the program's path.
    fn build(self, target: &str) -> Result<String> {
        let Self { package, profile, .. } = self;
        let mut cargo = Command::new("cargo");
        cargo.current_dir(workspace::root());
        cargo.args(["build", "--quiet", "--profile", profile, "--package", package, "--target", target]);
        cargo.arg("--message-format=json-render-diagnostics");
        cargo.env("RUSTFLAGS", "-C target-feature=+crt-static -C strip=symbols");
        let messages = command::output(&mut cargo).with_context(|| {
            format!("failed to build {package}; if the target is missing: `rustup target add {target}`")
        })?;
        String::from_utf8_lossy(&messages)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| message["executable"].as_str().map(str::to_owned))
            .with_context(|| format!("cargo built {package} but named no program"))
    }
}

/// The target for an architecture as Docker (`amd64`) or the kernel (`x86_64`) names it.
fn target(architecture: &str) -> Result<&'static str> {
    match architecture {
        "amd64" | "x86_64" => Ok("x86_64-unknown-linux-gnu"),
        "arm64" | "aarch64" => Ok("aarch64-unknown-linux-gnu"),
        other => bail!("the engine runs on `{other}`; the program is built for amd64 and arm64 only"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_architectures_have_targets_or_a_clear_error() {
        assert_eq!(target("amd64").expect("a target"), "x86_64-unknown-linux-gnu");
        assert!(target("s390x").expect_err("none").to_string().contains("`s390x`"));
    }
}
