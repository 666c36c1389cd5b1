//! Seatrial, used as its documentation recommends. This is the only file that names its API.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use seatrial::{Case, ContainerPool, ContainerRequest, CopyIn, TestContainer, WaitFor, command::CaseVia, container::RunEnd, monitor::Monitor};

use crate::raw::{PORT, READY};
use crate::scenarios::pool::OnePool;

pub(crate) type Container = TestContainer;
pub(crate) type Request = ContainerRequest;
pub(crate) type Pool = ContainerPool;

/// Starts a pool whose containers have no wait strategy.
pub(crate) async fn pool(image: &str, cmd: &[&str], size: usize) -> Result<Pool> {
    Ok(ContainerPool::builder(described(image, cmd)).size(size).build().await?)
}

impl OnePool for Pool {
    async fn once(&self) -> Result<()> {
        drop(self.get().await?);
        Ok(())
    }
}

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

/// Starts a container without a network, and waits for nothing.
pub(crate) async fn start_without_network(image: &str, cmd: &[&str]) -> Result<Container> {
    Ok(described(image, cmd).network_mode("none").start().await?)
}

/// Subscribes to the states and the resource usage of a container.
pub(crate) fn monitor(container: &Container) -> Monitor {
    container.monitor()
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

/// Runs a command to its end and returns its exit code.
pub(crate) async fn exec(container: &Container, cmd: &[&str]) -> Result<i64> {
    Ok(container.exec(cmd.iter().copied()).await?.exit_code)
}

/// Runs a command that exceeds its time limit.
pub(crate) async fn exec_out_of_time(container: &Container, cmd: &[&str], time: Duration) -> Result<()> {
    match container.exec(cmd.iter().copied()).timeout(time).await {
        Err(error) if error.is_timeout() && !container.is_poisoned() => Ok(()),
        Err(error) => Err(error.into()),
        Ok(output) => bail!("the command ended before its time limit: {output:?}"),
    }
}

/// Returns a request for a container whose main process is the agent.
pub(crate) fn for_cases(image: &str) -> Request {
    ContainerRequest::new(image).for_cases()
}

/// Starts the container of a request.
pub(crate) async fn start_described(request: &Request) -> Result<Container> {
    Ok(request.start().await?)
}

pub(crate) use seatrial::Cases;

/// Returns the handle for cases in a container.
pub(crate) async fn cases(container: &Container) -> Result<Cases> {
    let cases = container.cases().await?;
    match cases.via() {
        CaseVia::Agent => Ok(cases),
        other => bail!("cases run by {other}, not by the agent"),
    }
}

/// Runs a case that succeeds.
pub(crate) async fn run_case(cases: &Cases, cmd: &[&str]) -> Result<()> {
    let output = cases.run(Case::new(cmd.iter().copied())).await?;
    if output.end.is_success() { Ok(()) } else { bail!("the case {}", output.end) }
}

/// Runs a command in a new container, and removes the container.
pub(crate) async fn run_fresh(image: &str, cmd: &[&str]) -> Result<()> {
    let output = described(image, cmd).run().await?;
    match output.end {
        RunEnd::Exited(0) => Ok(()),
        other => bail!("the command did not succeed: {other:?}"),
    }
}

/// Copies a file out of a container.
pub(crate) async fn copy_out(container: &Container, path: &str, target: &Path) -> Result<()> {
    container.copy_file_out(path, target).await?;
    Ok(())
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

pub(crate) fn described(image: &str, cmd: &[&str]) -> ContainerRequest {
    ContainerRequest::new(image).cmd(cmd.iter().copied())
}
