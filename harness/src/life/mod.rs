//! A container's life: changes of its state, its end, and the plan for restarts.

mod course;
mod gone;
mod profile;
mod restart;
mod sensor;
mod supervisor;
mod track;
mod until;
mod user_code;
mod watch;

pub(crate) use course::{Course, Intent, Plan};
pub(crate) use gone::Presence;
pub(crate) use profile::Profiler;
pub use profile::{ProfileHook, ProfileTarget};
pub(crate) use restart::Restarts;
pub use restart::{AfterExit, LastRun};
pub(crate) use sensor::Sensor;
pub(crate) use supervisor::{Renewal, Supervisor};
pub use until::WaitCondition;
pub(crate) use until::{wait as wait_until, wait_timeout as wait_until_timeout};
pub use watch::StateWatch;
pub(crate) use watch::follow as follow_states;
