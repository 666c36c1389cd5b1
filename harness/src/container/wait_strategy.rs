//! A user's wait strategy, and the access that waits have to the handle.

use std::any::Any;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::TestContainer;
use super::command::inside;
use crate::engine::{ContainerInfo, Target};
use crate::wait::{CustomWait, WaitFor, Waited};
use crate::words::{ExecOutput, Port, Result};

/// A wait strategy implemented by the user.
///
/// It runs on the caller's task and not on one of Seatrial's threads, until the request's deadline. It is dropped if
/// the container ends first.
///
/// The future is boxed, so that strategies can be branches of [`WaitFor::all`] and [`WaitFor::any`]:
///
/// ```
/// use std::{error::Error, future::Future, pin::Pin, time::Duration};
///
/// use seatrial::{TestContainer, WaitFor, container::WaitStrategy};
///
/// struct Rows(u64);
///
/// impl WaitStrategy for Rows {
///     fn describe(&self) -> String {
///         format!("{} rows in `ship`", self.0)
///     }
///
///     fn wait<'a>(
///         &'a self,
///         container: &'a TestContainer,
///     ) -> Pin<Box<dyn Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'a>> {
///         Box::pin(async move {
///             loop {
///                 let count = container.exec(["psql", "-Atc", "SELECT count(*) FROM ship"]).await?;
///                 if count.stdout_text().trim() == self.0.to_string() {
///                     return Ok(());
///                 }
///                 tokio::time::sleep(Duration::from_millis(100)).await;
///             }
///         })
///     }
/// }
///
/// let wait = WaitFor::custom(Rows(3));
/// ```
pub trait WaitStrategy: Send + Sync {
    /// Describes the condition in a few words, for the report of a failed wait.
    fn describe(&self) -> String;

    /// Returns once the container is ready, or with an error if it never will be.
    fn wait<'a>(
        &'a self,
        container: &'a TestContainer,
    ) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>>;
}

impl WaitFor {
    /// Waits for a strategy implemented by the user.
    #[must_use]
    pub fn custom(strategy: impl WaitStrategy + 'static) -> Self {
        Self::by(Arc::new(OnHandle(strategy)))
    }
}

/// A user's strategy together with the handle that it gets.
struct OnHandle<S>(S);

impl<S: WaitStrategy> CustomWait for OnHandle<S> {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn wait<'a>(
        &'a self,
        container: &'a dyn Waited,
    ) -> BoxFuture<'a, Result<(), Box<dyn StdError + Send + Sync>>> {
        let handle = container.as_any().downcast_ref::<TestContainer>();
        self.0.wait(handle.expect("only handles are waited for"))
    }
}

impl Waited for TestContainer {
    fn target(&self) -> &Target {
        &self.subject_ref().target
    }

    fn addr(&self, port: Port) -> Result<String> {
        self.addr(port)
    }

    fn only_port(&self) -> Result<Port> {
        self.only_port()
    }

    fn ip_addresses(&self) -> Vec<IpAddr> {
        if self.subject_ref().target.engine.is_local() { self.ip_addresses() } else { Vec::new() }
    }

    fn refresh(&self, info: &ContainerInfo) {
        self.refresh(info);
    }

    fn exec(&self, cmd: Vec<String>, timeout: Duration) -> BoxFuture<'_, Result<ExecOutput>> {
        Box::pin(async move { self.exec(cmd).timeout(timeout).await })
    }

    fn has_file<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<bool>> {
        let subject = self.subject_ref();
        match subject.places.beyond(path) {
            Some(place) => Box::pin(inside::has_path(subject, place, path)),
            None => Box::pin(subject.has_path(path)),
        }
    }

    fn as_any(&self) -> &(dyn Any + Send + Sync) {
        self
    }
}
