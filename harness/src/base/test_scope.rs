//! The test that a thread runs, if it was begun by `#[seatrial::test]`: its name, and the work that waits for its end.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

thread_local! {
    static CURRENT: RefCell<Option<Arc<TestScope>>> = const { RefCell::new(None) };
}

/// A test that runs, or has ended.
pub(crate) struct TestScope {
    name: String,
    /// `true` if a panic is not a failure of this test.
    should_panic: bool,
    /// Written by each drop that waits for the test's end, and by the end.
    state: Mutex<State>,
}

/// Work that is done at the end of a test, with `true` if the test has failed.
type AtEnd = Box<dyn FnOnce(bool) + Send>;

enum State {
    Runs(Vec<AtEnd>),
    Ended,
}

impl TestScope {
    /// Begins a test on this thread.
    pub(crate) fn enter(name: String, should_panic: bool) -> Arc<Self> {
        let scope = Arc::new(Self { name, should_panic, state: Mutex::new(State::Runs(Vec::new())) });
        scope.enter_here();
        scope
    }

    /// Marks this thread as one of the test's.
    pub(crate) fn enter_here(self: &Arc<Self>) {
        CURRENT.set(Some(self.clone()));
    }

    /// Ends the mark of this thread.
    pub(crate) fn leave_here() {
        CURRENT.set(None);
    }

    /// Returns the test that this thread runs.
    pub(crate) fn current() -> Option<Arc<Self>> {
        // A thread that ends may have dropped it already.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Returns the test's path, as libtest prints it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns `true` if a panic is a failure.
    pub(crate) fn fails_by_panic(&self) -> bool {
        !self.should_panic
    }

    /// Has work done at the test's end, or returns it if the test has ended.
    pub(crate) fn at_end<W: FnOnce(bool) + Send + 'static>(&self, work: W) -> Result<(), W> {
        match &mut *self.state() {
            State::Runs(all) => {
                all.push(Box::new(work));
                Ok(())
            }
            State::Ended => Err(work),
        }
    }

    /// Ends the test, and does the work that has waited for it. A second end does nothing.
    pub(crate) fn end(&self, failed: bool) {
        let before = std::mem::replace(&mut *self.state(), State::Ended);
        if let State::Runs(all) = before {
            all.into_iter().for_each(|work| work(failed));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each critical section is a single write.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Returns `true` if this thread panics, which its test is not meant to do.
pub(crate) fn is_failing() -> bool {
    std::thread::panicking() && TestScope::current().is_none_or(|test| test.fails_by_panic())
}

impl fmt::Debug for TestScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "test `{}`", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn work_waits_for_the_end_and_is_returned_after_it() {
        let calls = Arc::new(AtomicUsize::new(0));
        let scope = TestScope::enter("a".into(), false);
        for _ in 0..2 {
            let calls = calls.clone();
            let work = move |failed: bool| {
                assert!(failed);
                calls.fetch_add(1, Ordering::Relaxed);
            };
            assert!(TestScope::current().expect("one runs").at_end(work).is_ok());
        }
        assert_eq!(calls.load(Ordering::Relaxed), 0);
        scope.end(true);
        scope.end(false);
        assert_eq!(calls.load(Ordering::Relaxed), 2);
        assert!(scope.at_end(|_| {}).is_err());
        TestScope::leave_here();
        assert!(TestScope::current().is_none());
    }
}
