//! Tasks that run to their end, and the drivers that run them.
//!
//! A [`Task`] is data. A [`Driver`] prepares it, which may fail and be tried again without the task having failed, and
//! returns a [`Prepared`]. Running that returns a [`Completion`], a future of the [`RunResult`] with its [`Status`]. A
//! task's failure is a result, the engine's failure an error. Drivers are chosen by name from a registry, [`Drivers`].
//!
//! ```no_run
//! use seatrial::driver::{Driver, Drivers, Status, Task};
//!
//! # async fn example() -> seatrial::Result<()> {
//! let driver = Drivers::new().get("docker")?;
//! let task = Task::new("sum", "seatrial/basic:dev").command(["sh", "-c", "exit $((1 + 2))"]);
//! let prepared = driver.prepare(task).await?;
//! let result = prepared.run().await?.await?;
//! assert_eq!((result.status, result.exit_code), (Status::Error, Some(3)));
//! prepared.close().await
//! # }
//! ```

mod contract;
mod docker;
mod life;
mod mock;
mod outlet;
mod output;
mod pool;
mod registry;
mod result;
mod stats;
mod status;
mod task;
mod watched;

pub use contract::{Completion, Driver, Prepared};
pub use docker::DockerDriver;
pub use mock::{MockDriver, MockOutcome};
pub use pool::PoolDriver;
pub use registry::Drivers;
pub use result::RunResult;
pub use status::{Ending, Status, Stop};
pub use task::{Mount, StatsSink, Task, Writer};
