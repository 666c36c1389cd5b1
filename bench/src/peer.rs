//! The `testcontainers` crate, used as its documentation recommends.

use std::path::Path;

use anyhow::{Context, Result};
use testcontainers::core::{ExecCommand, IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};

use crate::raw::{PORT, READY};

pub(crate) type Container = ContainerAsync<GenericImage>;

/// Starts a container with a published port and waits for the stamped line.
pub(crate) async fn start_published(image: &str, cmd: &[&str]) -> Result<Container> {
    let request = described(image)?.with_exposed_port(PORT.tcp()).with_wait_for(ready()).with_cmd(owned(cmd));
    Ok(request.start().await?)
}

/// Starts a container without ports and waits for the stamped line.
pub(crate) async fn start_ready(image: &str, cmd: &[&str]) -> Result<Container> {
    Ok(described(image)?.with_wait_for(ready()).with_cmd(owned(cmd)).start().await?)
}

/// Starts a container and waits for nothing.
pub(crate) async fn start(image: &str, cmd: &[&str]) -> Result<Container> {
    Ok(described(image)?.with_cmd(owned(cmd)).start().await?)
}

/// Starts a container with a file copied in.
pub(crate) async fn start_with_file(
    image: &str,
    cmd: &[&str],
    file: &Path,
    target: &str,
) -> Result<Container> {
    Ok(described(image)?.with_copy_to(target, file).with_cmd(owned(cmd)).start().await?)
}

pub(crate) async fn host_port(container: &Container) -> Result<u16> {
    Ok(container.get_host_port_ipv4(PORT).await?)
}

/// Runs a command to its end and returns its exit code.
pub(crate) async fn exec(container: &Container, cmd: &[&str]) -> Result<i64> {
    let mut running = container.exec(ExecCommand::new(owned(cmd))).await?;
    running.stdout_to_vec().await?;
    running.exit_code().await?.context("it has ended")
}

pub(crate) async fn remove(container: Container) -> Result<()> {
    Ok(container.rm().await?)
}

fn described(image: &str) -> Result<GenericImage> {
    let (name, tag) = image.rsplit_once(':').context("the image has a tag")?;
    Ok(GenericImage::new(name, tag))
}

fn ready() -> WaitFor {
    WaitFor::message_on_stdout(READY)
}

fn owned(cmd: &[&str]) -> Vec<String> {
    cmd.iter().map(|part| (*part).to_owned()).collect()
}
