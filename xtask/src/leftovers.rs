//! Looks for what tests left on the engine. Removes nothing: what is left is evidence.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bollard::Docker;
use bollard::query_parameters::{ListContainersOptions, ListNetworksOptions, ListVolumesOptions};
use seatrial_core::labels;

use crate::console;

/// How long leftovers may take to go: a dead session's reaper waits up to 10 s and then has to do its work.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often to look; the engine has no event for "all gone".
const POLL: Duration = Duration::from_millis(500);

/// What was on the engine before the tests.
#[derive(Debug)]
pub(crate) struct Before(BTreeSet<String>);

impl Before {
    /// Takes note of what there is.
    ///
    /// # Errors
    /// If the engine does not say.
    pub(crate) async fn look(docker: &Docker) -> Result<Self> {
        look(docker).await.map(Self)
    }

    /// Waits until nothing is there that was not there before.
    ///
    /// # Errors
    /// If something stays; the error lists it.
    pub(crate) async fn check(&self, docker: &Docker) -> Result<()> {
        let start = Instant::now();
        loop {
            let now = look(docker).await?;
            let left: Vec<_> = now.difference(&self.0).cloned().collect();
            if left.is_empty() {
                console::step("nothing is left on the engine");
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                bail!(
                    "{} left on the engine by the tests, {} after their end:\n  {}\nhint: \
                     `docker inspect` one for its `{}` label, which names the test; remove them by their ids",
                    left.len(),
                    console::since(start),
                    left.join("\n  "),
                    labels::TEST,
                );
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// Everything with a session's label, one line each.
async fn look(docker: &Docker) -> Result<BTreeSet<String>> {
    let filters = Some(HashMap::from([("label".to_owned(), vec![labels::SESSION.to_owned()])]));
    let mut found = BTreeSet::new();
    let options = ListContainersOptions { all: true, filters: filters.clone(), ..Default::default() };
    for container in docker.list_containers(Some(options)).await.context("failed to list containers")? {
        let name = container.names.unwrap_or_default().join(" ");
        let (id, image) = (container.id.unwrap_or_default(), container.image.unwrap_or_default());
        found.insert(format!("container {id} {name} ({image})"));
    }
    let options = ListNetworksOptions { filters: filters.clone() };
    for network in docker.list_networks(Some(options)).await.context("failed to list networks")? {
        found.insert(format!(
            "network {} {}",
            network.id.unwrap_or_default(),
            network.name.unwrap_or_default()
        ));
    }
    let options = ListVolumesOptions { filters };
    let volumes = docker.list_volumes(Some(options)).await.context("failed to list volumes")?;
    found.extend(
        volumes.volumes.unwrap_or_default().into_iter().map(|volume| format!("volume {}", volume.name)),
    );
    Ok(found)
}
