//! Cases in a running container (A1–A17).

mod cancelled;
mod crowd;
mod ends;
mod fixture;
mod for_cases;
mod hostile;
mod isolated;
mod lost;
mod places;
mod pool;
mod same;
mod streams;

use fixture::{agent, agents, exited, is_sandboxed, shell, waiting};
