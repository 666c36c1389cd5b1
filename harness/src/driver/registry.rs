//! Drivers by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DockerDriver, Driver, MockDriver, PoolDriver};
use crate::pool::ContainerPool;
use crate::words::{Error, Kind, Result};

/// A registry of drivers by name: `docker` and `mock` from the beginning, `pool` after
/// [`with_pool`](Self::with_pool), and your own.
#[derive(Clone, Debug)]
#[must_use = "a registry is for `get`"]
pub struct Drivers(BTreeMap<String, Arc<dyn Driver>>);

impl Drivers {
    /// Creates a registry with `docker`, in the process's session, and `mock`, with which all tasks succeed.
    pub fn new() -> Self {
        Self(BTreeMap::new()).register("docker", DockerDriver::new()).register("mock", MockDriver::new())
    }

    /// Adds the driver `pool` for this pool.
    pub fn with_pool(self, pool: &ContainerPool) -> Self {
        self.register("pool", PoolDriver::new(pool.clone()))
    }

    /// Adds a driver; it replaces one of the same name.
    pub fn register(mut self, name: impl Into<String>, driver: impl Driver + 'static) -> Self {
        self.0.insert(name.into(), Arc::new(driver));
        self
    }

    /// Returns the driver of this name.
    ///
    /// # Errors
    /// Not found, with all known names.
    pub fn get(&self, name: &str) -> Result<Arc<dyn Driver>> {
        self.0.get(name).cloned().ok_or_else(|| {
            let known = self.names().collect::<Vec<_>>().join("`, `");
            let error =
                Error::new(Kind::NotFound, format!("there is none of this name; known are `{known}`"));
            let error = error.with_subject(format!("driver `{name}`"));
            if name == "pool" { error.with_hint("add a pool: `Drivers::with_pool`") } else { error }
        })
    }

    /// Returns the names in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl Default for Drivers {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D4.
    #[test]
    fn a_driver_is_found_by_its_name_and_an_unknown_name_lists_the_known_ones() {
        let drivers = Drivers::new().register("ours", MockDriver::new());
        assert_eq!(drivers.names().collect::<Vec<_>>(), ["docker", "mock", "ours"]);
        for name in ["docker", "mock", "ours"] {
            drivers.get(name).expect(name);
        }
        let error = drivers.get("dokcer").expect_err("there is none");
        assert!(error.is_not_found());
        let text = "driver `dokcer`: there is none of this name; known are `docker`, `mock`, `ours`";
        assert_eq!(error.to_string(), text);
        let error = drivers.get("pool").expect_err("it needs one");
        assert!(error.to_string().ends_with("\nhint: add a pool: `Drivers::with_pool`"), "{error}");
    }
}
