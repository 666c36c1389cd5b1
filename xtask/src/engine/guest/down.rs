//! `engine down NAME`: ends everything of a guest engine and removes its data. The cache keeps its root file system.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::record::Guest;
use super::{files, groups, network};
use crate::console;
use crate::engine::mounts;

/// Ends the engine of this name, with all that runs in it, and removes its data.
///
/// # Errors
/// Fails if there is no such engine, or something of it remains.
pub(crate) fn down(name: &str) -> Result<()> {
    let start = Instant::now();
    let _lock = files::lock()?;
    let Some(guest) = Guest::read(name)? else {
        let names: Vec<_> = Guest::all()?.into_iter().map(|guest| guest.recipe.name).collect();
        match names.as_slice() {
            [] => bail!("there is no engine {name}; none was started by name"),
            names => bail!("there is no engine {name}; there are {}", names.join(", ")),
        }
    };
    remove(&guest)?;
    console::step(&format!("the engine {name} was removed in {}", console::since(start)));
    Ok(())
}

/// Ends and removes all of an engine, whatever state it is in.
///
/// # Errors
/// Fails if processes or files remain.
pub(super) fn remove(guest: &Guest) -> Result<()> {
    // Its mounts go with the processes, whose namespace they are in.
    groups::remove(&guest.space())?;
    network::remove(&guest.space())?;
    // The record is in `home`, which is removed last, so that an interrupted removal can be continued.
    for folder in [guest.run(), guest.home()] {
        if folder.exists() {
            mounts::unmount_below(&folder)?;
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("failed to remove `{}`; remove it by hand", folder.display()))?;
        }
        if let Some(parent) = folder.parent() {
            // It stays while there are other engines.
            let _ = std::fs::remove_dir(parent);
        }
    }
    Ok(())
}
