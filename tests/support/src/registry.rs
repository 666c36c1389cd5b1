//! A registry in a container, with a proxy in front of it that can misbehave, and images that are in it and not here.

use seatrial::{ContainerRequest, TestContainer, WaitFor};
use seatrial_tests::{FaultyRegistry, Matcher};

use crate::image;
use crate::own_session::{BASIC, OwnSession, own_id};

/// The user of a registry that requires a login. The image has this user.
pub const USER: &str = "seatrial";
/// Their password, which nothing may print.
pub const PASSWORD: &str = "trial";

/// A registry; what was published in it goes with it, here too.
pub struct Registry {
    /// The proxy in front of it.
    pub faulty: FaultyRegistry,
    /// In base64, as the engine wants it for a push.
    credentials: String,
    _container: TestContainer,
}

/// An image that is in a registry, and not here when this is made; dropping it removes it here.
pub struct Published {
    /// Without a tag.
    pub repository: String,
    /// The digest of its manifest.
    pub digest: String,
    /// The engine's id, which is its configuration's digest.
    id: String,
    credentials: String,
}

impl Registry {
    /// Starts a registry that needs no login.
    pub async fn start(session: &OwnSession) -> Self {
        let request = ContainerRequest::new("seatrial/registry:dev").wait_for(WaitFor::http("/v2/"));
        Self::of(session, request, "{}").await
    }

    /// Starts a registry that requires a login.
    pub async fn with_login(session: &OwnSession) -> Self {
        let request = ContainerRequest::new("seatrial/registry:dev")
            .env("REGISTRY_AUTH", "htpasswd")
            .env("REGISTRY_AUTH_HTPASSWD_REALM", "seatrial")
            .env("REGISTRY_AUTH_HTPASSWD_PATH", "/etc/docker/registry/htpasswd")
            .wait_for(WaitFor::http("/v2/").status(401));
        Self::of(session, request, &format!(r#"{{"username":"{USER}","password":"{PASSWORD}"}}"#)).await
    }

    async fn of(session: &OwnSession, request: ContainerRequest, credentials: &str) -> Self {
        let request = request.port(5000).stop_signal("KILL").session(session);
        let container = request.start().await.expect("a registry");
        let faulty = FaultyRegistry::start(&container.addr(5000).expect("it is published"));
        Self { faulty, credentials: base64(credentials), _container: container }
    }

    /// Publishes a busybox, whose layers are here already: quick, and it can be run.
    pub fn publish_basic(&self, name: &str) -> Published {
        self.publish(name, |repository| image::tag(BASIC, repository, "1"))
    }

    /// Publishes an image with layers that nobody has, of so many bytes each; it can't be run.
    pub fn publish_noise(&self, name: &str, layers: usize, bytes: usize) -> Published {
        self.publish(name, |repository| image::load(&format!("{repository}:1"), layers, bytes))
    }

    fn publish(&self, name: &str, make: impl FnOnce(&str)) -> Published {
        let repository = format!("{}/{}", self.faulty.host(), own_id(name));
        let credentials = self.credentials.clone();
        let mut published = Published { repository, digest: String::new(), id: String::new(), credentials };
        published.replace(make);
        self.faulty.clear();
        published
    }
}

impl Published {
    /// Returns the name with its tag.
    pub fn tagged(&self) -> String {
        format!("{}:1", self.repository)
    }

    /// Returns the name with its digest and no tag.
    pub fn digested(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }

    /// Requests for its configuration, which is a blob as its layers are.
    pub fn config(&self) -> Matcher {
        Matcher::regex("GET", &format!("/blobs/{}$", self.id))
    }

    /// Publishes something else under the same name, and removes it here.
    pub fn replace_by_noise(&mut self) {
        self.replace(|repository| image::load(&format!("{repository}:1"), 1, 1_000));
    }

    fn replace(&mut self, make: impl FnOnce(&str)) {
        make(&self.repository);
        self.digest = image::push(&self.repository, "1", &self.credentials);
        self.id = image::id_of(&self.tagged()).expect("it was made here");
        self.forget();
    }

    /// Removes it here.
    pub fn forget(&self) {
        image::remove_repository(&self.repository);
    }

    /// Returns `true` if the engine has the image.
    pub fn is_here(&self) -> bool {
        image::id_of(&self.tagged()).is_some()
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Encodes a text as base64 with the alphabet that is safe in URLs.
#[must_use]
pub fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE.encode(text)
}
