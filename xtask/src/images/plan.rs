//! Decides which images are built, and in which order. Reads folders and needs no engine.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::folder::Folder;
use super::program::Program;

/// An image to be built.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) folder: Folder,
    /// The digest of everything that it is made of.
    pub(crate) digest: String,
}

impl Image {
    /// Returns the image's name without tag.
    pub(crate) fn repository(&self) -> String {
        format!("seatrial/{}", self.folder.name)
    }

    /// Returns the image's name with tag.
    pub(crate) fn tag(&self) -> String {
        format!("{}:dev", self.repository())
    }

    /// Returns all its names with tag: a released program's image has one with the version too.
    pub(crate) fn tags(&self) -> Vec<String> {
        let mut tags = vec![self.tag()];
        if Program::of_image(&self.folder.name).is_some_and(|program| program.is_released) {
            tags.push(format!("{}:{}", self.repository(), env!("CARGO_PKG_VERSION")));
        }
        tags
    }
}

/// The images to be built, in waves: the images of a wave need only those of earlier waves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) waves: Vec<Vec<Image>>,
}

impl Plan {
    /// Plans the named images, or all if none is named, and those that they are built from.
    ///
    /// # Errors
    /// Fails if there is no image of a name, a folder cannot be read, or images are built from each other in a circle.
    pub(crate) fn read(directory: &Path, names: &[String]) -> Result<Self> {
        let mut folders = BTreeMap::new();
        for entry in std::fs::read_dir(directory)
            .with_context(|| format!("failed to list the images in `{}`", directory.display()))?
        {
            let folder = entry?.path();
            if folder.join("Dockerfile").is_file() {
                let folder = Folder::read(&folder)?;
                folders.insert(folder.name.clone(), folder);
            }
        }
        let mut plan = Self::order(&folders, names)?;
        for image in plan.waves.iter_mut().flatten() {
            if let Some(program) = Program::of_image(&image.folder.name) {
                image.digest = program.digest(&image.folder, &image.digest)?;
            }
        }
        Ok(plan)
    }

    fn order(folders: &BTreeMap<String, Folder>, names: &[String]) -> Result<Self> {
        let mut left = select(folders, names)?;
        let mut digests: BTreeMap<String, String> = BTreeMap::new();
        let mut plan = Self::default();
        while !left.is_empty() {
            let ready = |folder: &Folder| folder.bases().iter().all(|base| digests.contains_key(base));
            let (wave, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|folder| ready(folder));
            if wave.is_empty() {
                let names: Vec<_> = rest.iter().map(|folder| folder.name.as_str()).collect();
                bail!(
                    "the images {} are built from each other in a circle; change one of their `FROM` lines",
                    names.join(", ")
                );
            }
            let wave: Vec<Image> = wave
                .into_iter()
                .map(|folder| {
                    let bases = folder.bases();
                    let digest =
                        folder.digest(bases.iter().filter_map(|base| digests.get(base)).map(String::as_str));
                    Image { folder: folder.clone(), digest }
                })
                .collect();
            digests.extend(wave.iter().map(|image| (image.folder.name.clone(), image.digest.clone())));
            plan.waves.push(wave);
            left = rest;
        }
        Ok(plan)
    }
}

/// Returns the folders of the named images, or of all, and of those that they are built from.
fn select<'a>(folders: &'a BTreeMap<String, Folder>, names: &[String]) -> Result<Vec<&'a Folder>> {
    let mut wanted = if names.is_empty() { folders.keys().cloned().collect() } else { names.to_vec() };
    let mut selected: BTreeMap<&str, &Folder> = BTreeMap::new();
    while let Some(name) = wanted.pop() {
        let Some((name, folder)) = folders.get_key_value(&name) else {
            let known: Vec<_> = folders.keys().map(String::as_str).collect();
            bail!("there is no image `{name}`; there are {}", known.join(", "));
        };
        if selected.insert(name, folder).is_none() {
            wanted.extend(folder.bases());
        }
    }
    Ok(selected.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::super::folder::File;
    use super::*;

    fn folders(list: &[(&str, &str)]) -> BTreeMap<String, Folder> {
        list.iter()
            .map(|&(name, dockerfile)| {
                let file = File { path: "Dockerfile".into(), executable: false, content: dockerfile.into() };
                (name.to_owned(), Folder { name: name.into(), files: vec![file] })
            })
            .collect()
    }

    fn names(plan: &Plan) -> Vec<Vec<String>> {
        plan.waves.iter().map(|wave| wave.iter().map(Image::tag).collect()).collect()
    }

    #[test]
    fn an_image_comes_after_its_base_and_adds_it_to_the_plan() {
        let folders = folders(&[
            ("a", "FROM seatrial/base:dev"),
            ("b", "FROM scratch"),
            ("base", "FROM debian:bookworm-slim"),
        ]);
        let all = Plan::order(&folders, &[]).expect("a plan");
        assert_eq!(names(&all), [vec!["seatrial/b:dev", "seatrial/base:dev"], vec!["seatrial/a:dev"]]);
        let one = Plan::order(&folders, &["a".into()]).expect("a plan");
        assert_eq!(names(&one), [["seatrial/base:dev"], ["seatrial/a:dev"]]);
    }

    #[test]
    fn a_changed_base_changes_the_digest_of_what_is_built_from_it() {
        let digest = |base| {
            let folders = folders(&[("a", "FROM seatrial/base:dev"), ("base", base)]);
            Plan::order(&folders, &[]).expect("a plan").waves[1][0].digest.clone()
        };
        assert_ne!(digest("FROM debian:bookworm-slim"), digest("FROM debian:trixie-slim"));
    }

    #[test]
    fn unknown_names_and_circles_are_refused() {
        let folders = folders(&[("a", "FROM seatrial/b:dev"), ("b", "FROM seatrial/a:dev")]);
        let error = Plan::order(&folders, &["c".into()]).expect_err("no such image").to_string();
        assert_eq!(error, "there is no image `c`; there are a, b");
        let error = Plan::order(&folders, &[]).expect_err("a circle").to_string();
        assert!(error.contains("in a circle"), "{error}");
    }
}
