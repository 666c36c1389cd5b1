//! The chores of the project, one command each.

mod command;
mod console;
mod debian;
mod images;
mod locate;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Seatrial's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, clap::Subcommand)]
enum Chore {
    /// Builds the test images on the engine; what has not changed is not built again.
    Images {
        /// Which ones, with those that they are built from; all if none is named.
        names: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.chore).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(chore: Chore) -> anyhow::Result<()> {
    match chore {
        Chore::Images { names } => {
            let plan = images::Plan::read(&workspace::images(), &names)?;
            let found = locate::locate(None).await.found.ok_or_else(|| anyhow::anyhow!("no engine"))?;
            let docker = locate::connect(&found.url).map_err(anyhow::Error::msg)?;
            images::ensure(&docker, &plan).await
        }
    }
}
