//! Setters for mounts: binds, volumes, tmpfs, images, and copies of test files.

use std::path::PathBuf;

use bollard::models::{Mount, MountType};

use super::ContainerRequest;
use crate::archive::Links;

/// Files of the host that are copied to a temporary directory, which is then mounted.
#[derive(Clone, Debug)]
pub(in crate::container) struct FilesMount {
    pub(in crate::container) sources: Vec<PathBuf>,
    pub(in crate::container) target: String,
    pub(in crate::container) writable: bool,
}

impl ContainerRequest {
    /// Mounts a directory or file of the engine's machine, writable.
    pub fn bind(self, host: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::BIND, Some(host.into()), container.into(), false)
    }

    /// Mounts a directory or file of the engine's machine, read-only.
    pub fn bind_read_only(self, host: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::BIND, Some(host.into()), container.into(), true)
    }

    /// Mounts a named volume, writable. The engine creates a missing one, which is never removed automatically; one
    /// from [`Volume::create`](crate::Volume::create) is.
    pub fn volume(self, name: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::VOLUME, Some(name.into()), container.into(), false)
    }

    /// Mounts a named volume like [`volume`](Self::volume), but read-only.
    pub fn volume_read_only(self, name: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::VOLUME, Some(name.into()), container.into(), true)
    }

    /// Mounts an anonymous volume, which is removed with the container. Default: those of the image.
    pub fn anonymous_volume(self, container: impl Into<String>) -> Self {
        self.mount(MountType::VOLUME, None, container.into(), false)
    }

    /// Mounts another image's files, read-only. The engine has to support image mounts (Docker 28 and later).
    pub fn image_mount(self, image: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::IMAGE, Some(image.into()), container.into(), true)
    }

    /// Mounts a tmpfs, with options such as `size=64m`. Empty options select the engine's defaults.
    pub fn tmpfs(mut self, container: impl Into<String>, options: impl Into<String>) -> Self {
        self.host.tmpfs.get_or_insert_default().insert(container.into(), options.into());
        self
    }

    /// Makes the root file system read-only. Default: writable.
    ///
    /// The container then gets an empty volume at `/.seatrial`, into which the program that kills commands can be
    /// copied.
    pub fn read_only_root(mut self) -> Self {
        self.host.readonly_rootfs = Some(true);
        self
    }

    /// Copies files and directories of this machine to a temporary directory and mounts that, read-only.
    ///
    /// Each source keeps its base name; two sources with the same one are refused. The copies are deleted after the
    /// container is gone, never before. The engine has to be on this machine.
    pub fn mount_files<T: Into<PathBuf>>(
        self,
        sources: impl IntoIterator<Item = T>,
        container: impl Into<String>,
    ) -> Self {
        self.files_mount(sources.into_iter().map(Into::into).collect(), container.into(), false)
    }

    /// Copies the file or directory that a link inside of a mounted directory leads to, in place of the link. Applies to
    /// all files of [`mount_files`](Self::mount_files) and [`mount_files_writable`](Self::mount_files_writable). Default:
    /// links stay links.
    ///
    /// For trees of links to files elsewhere, such as Bazel's runfiles. A link that leads nowhere, or to a directory that
    /// contains it, is an error.
    pub fn follow_links(mut self) -> Self {
        self.links = Links::Follow;
        self
    }

    /// Mounts copies like [`mount_files`](Self::mount_files), but writable. Changes by the container are deleted with
    /// them.
    pub fn mount_files_writable<T: Into<PathBuf>>(
        self,
        sources: impl IntoIterator<Item = T>,
        container: impl Into<String>,
    ) -> Self {
        self.files_mount(sources.into_iter().map(Into::into).collect(), container.into(), true)
    }

    fn files_mount(mut self, sources: Vec<PathBuf>, target: String, writable: bool) -> Self {
        self.files.push(FilesMount { sources, target, writable });
        self
    }

    fn mount(mut self, typ: MountType, source: Option<String>, target: String, read_only: bool) -> Self {
        let mount = Mount {
            typ: Some(typ),
            source,
            target: Some(target),
            read_only: Some(read_only),
            ..Default::default()
        };
        self.host.mounts.get_or_insert_default().push(mount);
        self
    }
}
