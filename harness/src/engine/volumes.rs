//! Calls for named volumes.

use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::RemoveVolumeOptions;

use super::client::Engine;
use super::path::encoded;
use crate::base::Run;
use crate::words::Result;

impl Engine {
    /// Creates a volume. Dropping the future does not cancel the call: the caller has to own the result.
    pub(crate) async fn create_volume(&self, request: VolumeCreateRequest) -> Result<String> {
        let name = request.name.clone().unwrap_or_default();
        let what = self.what("create", format!("volume `{name}`"));
        let docker = self.docker();
        self.call_in_turn(what, async move { Ok(docker.create_volume(request).await?.name) }).await
    }

    pub(crate) fn remove_volume(&self, name: &str) -> Run<Result<()>> {
        let what = self.what("remove", format!("volume `{name}`"));
        let (docker, name) = (self.docker(), encoded(name));
        self.call_in_turn(
            what,
            async move { Ok(docker.remove_volume(&name, None::<RemoveVolumeOptions>).await?) },
        )
    }
}
