//! Calls for networks.

use bollard::models::{EndpointSettings, NetworkConnectRequest, NetworkCreateRequest};
use bollard::query_parameters::ListNetworksOptions;

use super::client::Engine;
use super::path::encoded;
use crate::base::Run;
use crate::words::Result;

impl Engine {
    /// Creates a network and returns its id. Dropping the future does not cancel the call: the caller has to own the
    /// result.
    pub(crate) async fn create_network(&self, request: NetworkCreateRequest) -> Result<String> {
        let operation = self.operation("create", format!("network `{}`", request.name));
        let docker = self.docker();
        self.call_in_turn(operation, async move { Ok(docker.create_network(request).await?.id) }).await
    }

    pub(crate) fn remove_network(&self, id: &str, name: &str) -> Run<Result<()>> {
        let operation = self.operation("remove", format!("network `{name}`"));
        let (docker, id) = (self.docker(), encoded(id));
        self.call_in_turn(operation, async move { Ok(docker.remove_network(&id).await?) })
    }

    /// Returns the names of all networks, sorted. Used in messages.
    pub(crate) async fn network_names(&self) -> Result<Vec<String>> {
        let operation = self.operation("list", "networks");
        let docker = self.docker();
        let networks = self
            .call(operation, async move { Ok(docker.list_networks(None::<ListNetworksOptions>).await?) })
            .await?;
        let mut names: Vec<_> = networks.into_iter().filter_map(|network| network.name).collect();
        names.sort();
        Ok(names)
    }

    /// Connects a container to another network.
    pub(crate) async fn connect_network(
        &self,
        network: &str,
        container: &str,
        settings: EndpointSettings,
    ) -> Result<()> {
        let operation = self.operation("connect the container", format!("network `{network}`"));
        let (docker, network) = (self.docker(), encoded(network));
        let request =
            NetworkConnectRequest { container: container.to_owned(), endpoint_config: Some(settings) };
        self.call(operation, async move { Ok(docker.connect_network(&network, request).await?) }).await
    }

    /// Returns the names of the installed runtimes, sorted. Used in messages.
    pub(crate) async fn runtimes(&self) -> Result<Vec<String>> {
        let info = self.system_info("list its runtimes").await?;
        let mut names: Vec<String> =
            info["Runtimes"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        names.sort();
        Ok(names)
    }
}
