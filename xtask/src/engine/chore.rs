//! The commands of `cargo xtask engine`.

use anyhow::{Result, bail};
use clap::Subcommand;

use super::guest::{self, Recipe};
use super::{Runtime, down, status, up};

#[derive(Debug, Subcommand)]
pub(crate) enum Chore {
    /// Prints the engine that answers; starts a private one if none does (needs root on Debian or Ubuntu).
    ///
    /// With names, starts engines of chosen versions instead: docker-26, docker-28, podman-4, podman-5,
    /// podman-5-rootless, or one of any name that is made of a Debian suite's packages. Each has a root file system, a mount and a network namespace of
    /// its own. Prints for each its address and the command that runs others in its network namespace.
    Up {
        /// The engines of chosen versions to start.
        names: Vec<String>,
        /// Makes an engine of this Debian suite's packages, as in `--suite trixie --packages podman,crun,netavark`.
        #[arg(long, requires = "packages", conflicts_with_all = ["private", "runtime"])]
        suite: Option<String>,
        /// Names the packages of such an engine, with `docker.io` or `podman` among them.
        #[arg(long, requires = "suite", value_delimiter = ',')]
        packages: Vec<String>,
        /// Makes the root file systems again: their packages may have newer versions.
        #[arg(long, requires = "names")]
        fresh: bool,
        /// Starts a private engine even if another one answers.
        #[arg(long, conflicts_with = "names")]
        private: bool,
        /// Starts a private engine that has this container runtime.
        #[arg(long, value_enum, conflicts_with = "names")]
        runtime: Option<Runtime>,
    },
    /// Stops the private engine and removes its data; with names, those engines instead. Others are not touched.
    Down {
        /// The engines of chosen versions to remove.
        names: Vec<String>,
    },
    /// Shows the engines of chosen versions, the engine that the other commands use, and why the candidates before it
    /// were rejected.
    Status,
}

/// Runs a command.
///
/// # Errors
/// Returns the command's error.
pub(crate) async fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Up { names, suite, packages, fresh, private, runtime } => {
            if names.is_empty() && suite.is_none() {
                println!("{}", up(runtime, private).await?.endpoint.url);
                return Ok(());
            }
            for recipe in recipes(&names, suite.as_deref(), packages)? {
                let (guest, _) = guest::up(recipe, fresh).await?;
                println!("{}", guest.line());
            }
            Ok(())
        }
        Chore::Down { names } if names.is_empty() => down().await,
        Chore::Down { names } => names.iter().try_for_each(|name| guest::down(name)),
        Chore::Status => status().await,
    }
}

/// Returns the recipes of the named engines, or the one that is made of a suite's packages.
fn recipes(names: &[String], suite: Option<&str>, packages: Vec<String>) -> Result<Vec<Recipe>> {
    let Some(suite) = suite else {
        return names.iter().map(|name| Recipe::named(name)).collect();
    };
    match names {
        [name] => Ok(vec![Recipe::new(name, suite, packages)?]),
        _ => bail!(
            "`--suite` and `--packages` make one engine; name it, as in `engine up NAME --suite {suite} …`"
        ),
    }
}
