//! Our side: Seatrial, as its documentation says to use it. The only file that names its API.

use std::path::Path;

use anyhow::Result;
use seatrial::{ContainerRequest, CopyIn, TestContainer, WaitFor};

use crate::raw::{PORT, READY};

pub(crate) type Container = TestContainer;

/// Starts a container with a published port and waits for the stamped line.
pub(crate) async fn start_published(image: &str, cmd: &[&str]) -> Result<Container> {
    Ok(described(image, cmd).port(PORT).wait_for(WaitFor::log(READY)).start().await?)
}

/// Starts a container without ports and waits for the stamped line.
pub(crate) async fn start_ready(image: &str, cmd: &[&str]) -> Result<Container> {
    Ok(described(image, cmd).wait_for(WaitFor::log(READY)).start().await?)
}

/// Starts a container and waits for nothing.
pub(crate) async fn start(image: &str, cmd: &[&str]) -> Result<Container> {
    Ok(described(image, cmd).wait_for(WaitFor::nothing()).start().await?)
}

/// Starts a container with a file copied in.
pub(crate) async fn start_with_file(
    image: &str,
    cmd: &[&str],
    file: &Path,
    target: &str,
) -> Result<Container> {
    let request = described(image, cmd).copy_in(CopyIn::file(file, target));
    Ok(request.wait_for(WaitFor::nothing()).start().await?)
}

/// Copies a file into a running container.
pub(crate) async fn copy_in(container: &Container, file: &Path, target: &str) -> Result<()> {
    Ok(container.copy_in(CopyIn::file(file, target)).await?)
}

pub(crate) fn id(container: &Container) -> String {
    container.id().to_string()
}

pub(crate) fn host_port(container: &Container) -> Result<u16> {
    Ok(container.host_port(PORT)?)
}

pub(crate) async fn remove(container: Container) -> Result<()> {
    Ok(container.remove().await?)
}

fn described(image: &str, cmd: &[&str]) -> ContainerRequest {
    ContainerRequest::new(image).cmd(cmd.iter().copied())
}
