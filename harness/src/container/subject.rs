//! The state that a container's handle shares with the tasks that work on the container.

use std::ops::Deref;
use std::sync::Arc;

use super::Commands;
use super::places::Places;
use crate::engine::Target;
use crate::life::Course;

/// A container's identity, with the state that its handle, its commands and its tasks share; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) target: Target,
    pub(crate) commands: Arc<Commands>,
    /// The plan for the container: whether it is being stopped or restarted.
    pub(crate) course: Arc<Course>,
    /// The places that the engine's archive does not reach.
    pub(crate) places: Arc<Places>,
}

impl Deref for Subject {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.target
    }
}
