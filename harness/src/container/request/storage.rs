//! Setters for file systems: binds, volumes, memory, images, and test files that are mounted.

use std::path::PathBuf;

use bollard::models::{Mount, MountType};

use super::ContainerRequest;

/// Host files that are copied to a temporary directory, which is mounted.
#[derive(Clone, Debug)]
pub(in crate::container) struct FilesMount {
    pub(in crate::container) sources: Vec<PathBuf>,
    pub(in crate::container) target: String,
    pub(in crate::container) writable: bool,
}

impl ContainerRequest {
    /// Mounts a directory or file of the engine's machine, to read and write. Default: nothing.
    pub fn bind(self, host: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::BIND, Some(host.into()), container.into(), false)
    }

    /// Mounts a directory or file of the engine's machine, to read. Default: nothing.
    pub fn bind_read_only(self, host: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::BIND, Some(host.into()), container.into(), true)
    }

    /// Mounts a named volume. One that is not there is made by the engine and outlives the session: make it with
    /// [`Volume::create`](crate::Volume::create) to have it removed. Default: nothing.
    pub fn volume(self, name: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::VOLUME, Some(name.into()), container.into(), false)
    }

    /// As [`volume`](Self::volume), to read. Default: nothing.
    pub fn volume_read_only(self, name: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::VOLUME, Some(name.into()), container.into(), true)
    }

    /// Mounts a volume without a name, which goes with the container. Default: those of the image.
    pub fn anonymous_volume(self, container: impl Into<String>) -> Self {
        self.mount(MountType::VOLUME, None, container.into(), false)
    }

    /// Mounts another image's files, to read, where the engine has image mounts (Docker 28 and later). Default: nothing.
    pub fn image_mount(self, image: impl Into<String>, container: impl Into<String>) -> Self {
        self.mount(MountType::IMAGE, Some(image.into()), container.into(), true)
    }

    /// Mounts memory as a file system, with options such as `size=64m`; empty for the engine's. Default: nothing.
    pub fn tmpfs(mut self, container: impl Into<String>, options: impl Into<String>) -> Self {
        self.host.tmpfs.get_or_insert_default().insert(container.into(), options.into());
        self
    }

    /// Makes the root file system read-only. Default: writable.
    ///
    /// An empty volume at `/.seatrial` is then for ending commands, since nothing can be copied to anywhere else.
    pub fn read_only_root(mut self) -> Self {
        self.host.readonly_rootfs = Some(true);
        self
    }

    /// Copies files and directories of this machine to a temporary place and mounts that at a directory, to read.
    ///
    /// Each source keeps its base name; two sources with one base name are refused. The copy is removed after the
    /// container is gone, never before. The engine must be on this machine. Default: nothing.
    pub fn mount_files<T: Into<PathBuf>>(
        self,
        sources: impl IntoIterator<Item = T>,
        container: impl Into<String>,
    ) -> Self {
        self.files_mount(sources.into_iter().map(Into::into).collect(), container.into(), false)
    }

    /// As [`mount_files`](Self::mount_files), to read and write; what the container writes goes with the copy.
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
