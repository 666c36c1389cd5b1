//! `test --engine`: runs tests on engines of chosen versions, each in its network namespace, and prints a matrix.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::excused;
use super::matrix::Matrix;
use crate::engine::guest::{self, Guest, Recipe};
use crate::engine::{self, Engine};
use crate::leftovers::Before;
use crate::{browser, command, console, images, python, runsc, tools, workspace};

/// The word for all engines that have a recipe.
const ALL: &str = "all";
/// The engines that continuous integration has a quick look at: the newest of each kind.
const OF_CI: [&str; 2] = ["docker-28", "podman-5"];
/// The images that the quick look needs.
const OF_SMOKE: [&str; 3] = ["basic", "misbehave", "reaper"];

/// Runs tests on the named engines, one after another. Engines that do not run are started before and removed after.
///
/// # Errors
/// Fails if an engine cannot be started, a test fails, or resources are left; the other engines are tested before.
pub(crate) async fn test(names: &[String], args: &[String]) -> Result<()> {
    run(&named(names), args, &[]).await
}

/// Runs the quick look on these engines.
///
/// # Errors
/// As for [`test()`].
pub(crate) async fn smoke(names: &[String]) -> Result<()> {
    let args = ["-p", "seatrial-tests", "--test", "session", "--profile", "ci", "smoke::"];
    run(names, &args.map(str::to_owned), &OF_SMOKE.map(str::to_owned)).await
}

/// Makes the root file systems for [`smoke`] that the cache does not have, and returns the names of the engines that can
/// be started. Prints why others cannot: without root on Debian, or without a mirror, the change is not to blame.
pub(crate) async fn prepare_smoke() -> Vec<String> {
    let mut prepared = Vec::new();
    for name in OF_CI {
        let made = match Recipe::named(name) {
            Ok(recipe) => guest::prepare(recipe).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(()) => prepared.push(name.to_owned()),
            Err(error) => console::warn(&format!("nothing is tested on {name}: {error:#}")),
        }
    }
    prepared
}

/// Returns the names of the engines, all known ones in place of the word for that.
fn named(names: &[String]) -> Vec<String> {
    if names.iter().any(|name| name == ALL) {
        Recipe::known().into_iter().map(|recipe| recipe.name).collect()
    } else {
        names.to_vec()
    }
}

async fn run(names: &[String], args: &[String], images: &[String]) -> Result<()> {
    tools::ensure("cargo-nextest")?;
    let plan = images::Plan::read(&workspace::images(), images)?;
    let from = engine::up(None, false).await?;
    images::ensure(&from.docker, &plan).await?;
    if images.is_empty() {
        python::ensure();
        browser::ensure();
        runsc::ensure();
    }
    // There is no way out of the engines' network namespaces, and nothing is built in them.
    let args =
        if args.is_empty() { ["-p", "seatrial-tests"].map(str::to_owned).to_vec() } else { args.to_vec() };
    let mut build = nextest(&[]);
    build.arg("--no-run").args(&args);
    tokio::task::spawn_blocking(move || command::run(&mut build)).await??;
    let (mut matrix, mut failures) = (Matrix::default(), Vec::new());
    for name in names {
        let was_there = Guest::read(name)?;
        let recipe = was_there.clone().map_or_else(|| Recipe::named(name), |guest| Ok(guest.recipe))?;
        let (guest, engine) = guest::up(recipe, false).await?;
        let result = match images::transfer(&from.docker, &engine.docker, &plan, images).await {
            Ok(()) => one(&guest, &engine, &args, &mut matrix).await,
            Err(error) => Err(error),
        };
        if was_there.is_none() {
            guest::down(name)?;
        }
        if let Err(error) = result {
            console::warn(&format!("{name}: {error:#}"));
            failures.push(name.as_str());
        }
    }
    print!("{matrix}");
    if failures.is_empty() { Ok(()) } else { bail!("tests failed on {}", failures.join(", ")) }
}

/// Runs the tests on one engine and adds their results to the matrix.
async fn one(guest: &Guest, engine: &Engine, args: &[String], matrix: &mut Matrix) -> Result<()> {
    let name = guest.recipe.name.clone();
    let excused = excused::on(&name)?;
    let before = Before::look(&engine.docker).await?;
    let mut tests = nextest(&["--offline", "--no-fail-fast", "--message-format", "libtest-json"]);
    tests.args(args).env("NEXTEST_EXPERIMENTAL_LIBTEST_JSON", "1");
    if !excused.is_empty() && !args.iter().any(|arg| arg.starts_with("-E")) {
        tests.arg("-E").arg(excused::filter(&excused));
    }
    engine.pass_on(&mut tests);
    let mut inside = guest.inside(&tests);
    console::step(&format!("running the tests on {name}"));
    let run = move || inside.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = tokio::task::spawn_blocking(run).await?.context("failed to start `nsenter`")?;
    matrix.add(&name, &String::from_utf8_lossy(&output.stdout), excused.len());
    let left = before.check(&engine.docker).await;
    match (output.status.success(), left) {
        (true, left) => left,
        (false, Ok(())) => bail!("the tests ended with {}", output.status),
        (false, Err(left)) => bail!("the tests ended with {}, and then {left:#}", output.status),
    }
}

fn nextest(args: &[&str]) -> Command {
    let mut cargo = crate::cargo::cargo(&["nextest", "run"]);
    cargo.args(args);
    cargo
}
