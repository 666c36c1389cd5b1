//! The facts that a request declares about its container, against which its waits are checked before a start.

use crate::words::{Error, Port, Result};

/// The ports and the health check that a request declares.
#[derive(Debug)]
pub(crate) struct Declared {
    /// The ports to publish. `None` if only the engine or the image knows them.
    pub(crate) published: Option<Vec<Port>>,
    /// `true` if the request disables the health check. Otherwise the image may have one.
    pub(crate) has_disabled_health_check: bool,
}

impl Declared {
    /// Checks that an HTTP wait has a port to send its requests to.
    pub(super) fn check_http(&self, port: Option<Port>) -> Result<()> {
        let Some(published) = &self.published else { return Ok(()) };
        match (port, published.as_slice()) {
            (Some(port), _) if published.contains(&port) => Ok(()),
            (Some(port), _) => Err(Error::invalid(format!(
                "the HTTP wait needs port {port}, which is not published; add `.port({})` to the request",
                port.number()
            ))),
            (None, [_]) => Ok(()),
            (None, []) => Err(Error::invalid(
                "the HTTP wait needs a port, and no port is published; add `.port(…)` to the request",
            )),
            (None, _) => Err(Error::invalid(
                "the HTTP wait needs a port, and several ports are published; name one with the wait's `.port(…)`",
            )),
        }
    }

    /// Checks that a health wait may have a health check.
    pub(super) fn check_health(&self) -> Result<()> {
        if self.has_disabled_health_check {
            return Err(Error::invalid(
                "the health wait can't be met, since the container has no health check: the request disables it; \
                 give it one with `health_check`, or wait for something else",
            ));
        }
        Ok(())
    }
}
