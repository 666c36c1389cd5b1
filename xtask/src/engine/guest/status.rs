//! The guest engines' part of `engine status`.

use anyhow::Result;
use bollard::models::SystemVersion;

use super::recipe::Recipe;
use super::record::Guest;
use super::{files, groups, up};

/// Prints a line for each engine that was started by name or has a recipe.
///
/// # Errors
/// Fails if a record cannot be read.
pub(crate) async fn show() -> Result<()> {
    let mut recipes: Vec<Recipe> = Guest::all()?.into_iter().map(|guest| guest.recipe).collect();
    let known = Recipe::known().into_iter();
    let more: Vec<_> = known.filter(|known| recipes.iter().all(|recipe| recipe.name != known.name)).collect();
    recipes.extend(more);
    recipes.sort_by(|one, other| one.name.cmp(&other.name));
    for recipe in recipes {
        println!("{:18} {}", recipe.name, state(&recipe).await?);
    }
    Ok(())
}

async fn state(recipe: &Recipe) -> Result<String> {
    let Some(guest) = Guest::read(&recipe.name)? else {
        let files = if files::path(recipe).is_dir() { "made" } else { "not made" };
        return Ok(format!("not started, root file system {files} ({})", recipe.suite));
    };
    let answer = match up::connect(&guest).await {
        Ok(engine) => engine.docker.version().await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    Ok(match answer {
        Ok(version) => {
            format!("{}, {}, network namespace {}", version_of(&version), guest.url(), guest.space())
        }
        Err(_) => format!(
            "does not answer, {} processes; log `{}`; `cargo xtask engine down {}` removes it",
            groups::processes(&guest.space()).len(),
            guest.log().display(),
            recipe.name
        ),
    })
}

/// Returns an engine's name and version as it says them, and its newest API version.
fn version_of(version: &SystemVersion) -> String {
    let engine = version.components.iter().flatten().next();
    let name = engine.map_or("engine", |component| component.name.as_str());
    let number = version.version.as_deref().unwrap_or("of an unknown version");
    let api = version.api_version.as_deref().unwrap_or("unknown");
    format!("{name} {number}, API {api}")
}
