//! The root file systems of guest engines, made from Debian's packages and kept in the user's cache.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use super::recipe::Recipe;
use super::record::Guest;
use crate::engine::mounts;
use crate::{command, console, debian};

/// The end of the name of a root file system that is being made.
const UNFINISHED: &str = ".unfinished";

/// Returns the root file system of a recipe. Makes it unless the cache has it.
///
/// # Errors
/// Fails if it cannot be made; the error has the output of `mmdebstrap`.
pub(crate) fn ensure(recipe: &Recipe) -> Result<PathBuf> {
    let folder = path(recipe);
    if folder.is_dir() {
        return Ok(folder);
    }
    let parent = cache();
    std::fs::create_dir_all(&parent)
        .with_context(|| format!("failed to create the folder `{}`", parent.display()))?;
    let unfinished = parent.join(recipe.key() + UNFINISHED);
    remove(&unfinished)?;
    let start = Instant::now();
    console::step(&format!(
        "making the root file system of {} from {}: {}",
        recipe.name,
        recipe.suite,
        recipe.packages.join(", ")
    ));
    let mut mmdebstrap = Command::new("mmdebstrap");
    mmdebstrap.args(["--quiet", "--variant=minbase"]).arg(format!("--include={}", recipe.packages.join(",")));
    mmdebstrap.args(debian::LEFT_OUT.map(|option| format!("--dpkgopt={option}")));
    // A mirror may be a snapshot of an old day.
    mmdebstrap.args(
        ["Acquire::Check-Valid-Until \"false\"", "Acquire::Languages \"none\""]
            .map(|option| format!("--aptopt={option}")),
    );
    mmdebstrap.arg(&recipe.suite).arg(&unfinished);
    command::quiet(&mut mmdebstrap)
        .with_context(|| format!("failed to make the root file system of {}", recipe.name))?;
    std::fs::rename(&unfinished, &folder)
        .with_context(|| format!("failed to rename `{}`", unfinished.display()))?;
    if Guest::read(&recipe.name)?.is_none() {
        others(recipe).iter().try_for_each(|old| remove(old))?;
    }
    console::detail(&format!("made in {}: `{}`", console::since(start), folder.display()));
    Ok(folder)
}

/// Returns the root file systems of engines of the same name with other packages. No engine uses them if none of this
/// name runs.
fn others(recipe: &Recipe) -> Vec<PathBuf> {
    let key = recipe.key();
    let is_other = |found: &str| {
        let digits = found.strip_prefix(&recipe.name).and_then(|rest| rest.strip_prefix('-'));
        let is_key = |digits: &str| digits.len() == 8 && digits.chars().all(|c| c.is_ascii_hexdigit());
        digits.is_some_and(is_key) && found != key
    };
    let entries = std::fs::read_dir(cache()).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().is_some_and(is_other))
        .map(|entry| entry.path())
        .collect()
}

/// Removes a recipe's root file system from the cache. A missing one is no error.
///
/// # Errors
/// Fails if it cannot be removed.
pub(crate) fn forget(recipe: &Recipe) -> Result<()> {
    remove(&path(recipe))
}

/// Returns the path of a recipe's root file system, which may not exist.
pub(crate) fn path(recipe: &Recipe) -> PathBuf {
    cache().join(recipe.key())
}

/// Waits until no other command makes or starts an engine, and has others wait until the result is dropped.
///
/// # Errors
/// Fails if the file of the lock cannot be created.
pub(crate) fn lock() -> Result<File> {
    let parent = cache();
    std::fs::create_dir_all(&parent)
        .with_context(|| format!("failed to create the folder `{}`", parent.display()))?;
    let path = parent.join("lock");
    let file = File::create(&path).with_context(|| format!("failed to create `{}`", path.display()))?;
    file.lock().with_context(|| format!("failed to lock `{}`", path.display()))?;
    Ok(file)
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    // An interrupted `mmdebstrap` may leave the kernel's file systems mounted.
    mounts::unmount_below(folder)?;
    std::fs::remove_dir_all(folder).with_context(|| format!("failed to remove `{}`", folder.display()))
}

/// Returns the cache's folder: in `XDG_CACHE_HOME`, else in `~/.cache`, else in `/var/cache`.
fn cache() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")));
    cache.unwrap_or_else(|| "/var/cache".into()).join("seatrial/engines")
}
