//! A guest engine's names and paths, and the record of it that later commands read.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::recipe::Recipe;

/// The folder with a folder per engine for its data. All workspaces of the machine share the engines.
const DATA: &str = "/var/lib/seatrial";
/// The folder with a folder per engine for its socket. Its path is short, since a socket's may have 107 bytes at most.
const SOCKETS: &str = "/run/seatrial";
const RECORD: &str = "engine.json";

/// An engine in a root file system of its own: its names and paths on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guest {
    pub(crate) recipe: Recipe,
}

impl Guest {
    /// Reads an engine's record, if there is one.
    ///
    /// # Errors
    /// Fails if it cannot be read or parsed.
    pub(crate) fn read(name: &str) -> Result<Option<Self>> {
        let path = Path::new(DATA).join(name).join(RECORD);
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)?;
        let guest = serde_json::from_str(&text)
            .with_context(|| format!("failed to read the engine's record `{}`", path.display()))?;
        Ok(Some(guest))
    }

    /// Reads the records of all engines, in the order of their names.
    ///
    /// # Errors
    /// Fails if a record cannot be read or parsed.
    pub(crate) fn all() -> Result<Vec<Self>> {
        let entries = std::fs::read_dir(DATA).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.filter_map(|entry| entry.file_name().to_str().map(str::to_owned)).collect();
        names.sort();
        names.iter().filter_map(|name| Self::read(name).transpose()).collect()
    }

    /// Creates the folders and writes the record.
    ///
    /// # Errors
    /// Fails if a folder or the file cannot be created.
    pub(crate) fn write(&self) -> Result<()> {
        for folder in [self.home(), self.run()] {
            std::fs::create_dir_all(&folder)
                .with_context(|| format!("failed to create the folder `{}`", folder.display()))?;
        }
        let path = self.home().join(RECORD);
        std::fs::write(&path, serde_json::to_string_pretty(self)?)
            .with_context(|| format!("failed to write `{}`", path.display()))
    }

    /// Returns the folder of its data, its log and this record.
    pub(crate) fn home(&self) -> PathBuf {
        Path::new(DATA).join(&self.recipe.name)
    }

    /// Returns the folder of its socket, which has the same path inside and outside.
    pub(crate) fn run(&self) -> PathBuf {
        Path::new(SOCKETS).join(&self.recipe.name)
    }

    /// Returns its address, in the form of `DOCKER_HOST`.
    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.run().join("docker.sock").display())
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.home().join("log")
    }

    /// Returns the name of its network namespace and of its control groups.
    pub(crate) fn space(&self) -> String {
        format!("seatrial-{}", self.recipe.name)
    }

    /// Returns a line for people: its name, its address, and the command that runs others in its network namespace.
    pub(crate) fn line(&self) -> String {
        format!("{}\t{}\tnsenter --net={} --", self.recipe.name, self.url(), self.network().display())
    }

    /// Returns the file that stands for its network namespace.
    fn network(&self) -> PathBuf {
        Path::new("/run/netns").join(self.space())
    }

    /// Returns a command that runs another one in the engine's network namespace, where its published ports are.
    pub(crate) fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.arg(format!("--net={}", self.network().display())).arg("--").arg(command.get_program());
        inside.args(command.get_args());
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_inside_has_the_arguments_folder_and_variables_of_the_one_outside() {
        let guest = Guest { recipe: Recipe::named("podman-5").expect("it is known") };
        let mut outside = Command::new("program");
        outside.args(["-a", "b"]).current_dir("/folder").env("SET", "1").env_remove("REMOVED");
        let inside = guest.inside(&outside);
        let words: Vec<_> = inside.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        assert_eq!(words, ["--net=/run/netns/seatrial-podman-5", "--", "program", "-a", "b"]);
        assert_eq!(inside.get_current_dir(), Some(Path::new("/folder")));
        assert_eq!(inside.get_envs().collect::<Vec<_>>(), outside.get_envs().collect::<Vec<_>>());
    }
}
