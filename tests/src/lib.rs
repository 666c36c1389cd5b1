//! Support code of the tests against a real engine: what stands between the library and an engine or a registry,
//! and what looks at what is left when a test is over.
//!
//! Nothing here uses the library under test. Every server runs on a thread with a runtime of its own, so that the
//! test's runtime may block or die, and stops when it is dropped.

mod answer;
mod browser;
mod certificates;
mod child;
mod daemon;
mod engine;
mod fault;
mod framing;
mod gate;
mod head;
mod leftovers;
mod matcher;
mod poll;
mod process;
mod proxy;
mod reaper;
mod registry;
mod relay;
mod request;
mod scripted;
mod server;
mod signals;
mod temp_files;
mod traffic;
mod valve;
mod wire;

pub use answer::Answer;
pub use browser::Browser;
pub use certificates::Certificates;
pub use child::{Child, is_scenario, say, test_name};
pub use daemon::Daemon;
pub use engine::{Engine, EngineAnswer};
pub use fault::{Fault, Then};
pub use gate::Gate;
pub use leftovers::{Leftovers, assert_nothing_left};
pub use matcher::Matcher;
pub use poll::cancel_at_every_poll;
pub use process::ProcessSnapshot;
pub use proxy::EngineProxy;
pub use reaper::{Reaper, ReaperClient, ReaperEnd};
pub use registry::FaultyRegistry;
pub use request::Request;
pub use scripted::ScriptedEngine;
pub use signals::with_default_signals;
pub use temp_files::TempFiles;
pub use traffic::Traffic;
