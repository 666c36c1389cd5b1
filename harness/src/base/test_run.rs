//! The code behind `#[seatrial::test]`. Public for its expansion alone, without promises.

use std::sync::Arc;

use super::test_scope::TestScope;

/// A test that runs on this thread. Its drop without an end is a failure: a panic.
#[doc(hidden)]
#[derive(Debug)]
pub struct Test(Arc<TestScope>);

/// The value that a test has returned, whatever its type is.
#[doc(hidden)]
#[derive(Debug)]
pub struct Outcome<'a, T>(pub &'a T);

/// The reading of a result. It goes before [`OfAny`], since it needs one reference less.
#[doc(hidden)]
pub trait OfResult {
    fn has_failed(&self) -> bool;
}

/// The reading of any other value.
#[doc(hidden)]
pub trait OfAny {
    fn has_failed(&self) -> bool;
}

impl<T, E> OfResult for Outcome<'_, Result<T, E>> {
    fn has_failed(&self) -> bool {
        self.0.is_err()
    }
}

impl<T> OfAny for &Outcome<'_, T> {
    fn has_failed(&self) -> bool {
        false
    }
}

impl Test {
    /// Begins a test on this thread.
    #[must_use]
    pub fn begin(module: &str, function: &str, should_panic: bool) -> Self {
        // libtest prints paths without the crate's name.
        let name = match module.split_once("::") {
            Some((_, rest)) => format!("{rest}::{function}"),
            None => function.to_owned(),
        };
        Self(TestScope::enter(name, should_panic))
    }

    /// Runs a test without a runtime.
    pub fn run<T>(&self, body: impl FnOnce() -> T) -> T {
        body()
    }

    /// Runs an async test on a runtime of this thread alone.
    ///
    /// # Panics
    /// The system has no descriptors for a runtime.
    pub fn run_async<F: Future>(&self, body: F) -> F::Output {
        self.run_on(&mut tokio::runtime::Builder::new_current_thread(), body)
    }

    /// Runs an async test on a runtime.
    ///
    /// # Panics
    /// The system has no descriptors or threads for a runtime.
    pub fn run_on<F: Future>(&self, builder: &mut tokio::runtime::Builder, body: F) -> F::Output {
        let (scope, name) = (self.0.clone(), self.0.name().to_owned());
        let runtime = builder
            .enable_all()
            .on_thread_start(move || scope.enter_here())
            .build()
            .unwrap_or_else(|error| panic!("the test `{name}` has no runtime: {error}"));
        runtime.block_on(body)
    }

    /// Ends the test.
    pub fn end(self, failed: bool) {
        // A test that should have panicked and did not has failed.
        self.0.end(failed || !self.0.fails_by_panic());
    }
}

impl Drop for Test {
    fn drop(&mut self) {
        self.0.end(self.0.fails_by_panic());
        TestScope::leave_here();
    }
}
