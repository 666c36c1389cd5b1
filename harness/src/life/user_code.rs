//! Calls user functions on a thread for blocking code, since they must not run on the background thread.

use std::any::Any;

use crate::base::background;
use crate::words::{Error, Kind, Result};

/// Calls a function and waits for its result. A panic is returned as an error.
pub(crate) async fn call<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let called = background().run(async move { tokio::task::spawn_blocking(function).await });
    called.await.map_err(|error| {
        let text = error.try_into_panic().map(|panic| text_of(&*panic)).unwrap_or_default();
        Error::new(Kind::Conflict, format!("it panicked: {text}"))
    })
}

/// Returns the message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_function_runs_elsewhere_and_its_panic_is_an_error() {
        let name = call(|| std::thread::current().name().map(str::to_owned)).await.expect("it returns");
        assert_ne!(name.as_deref(), Some("seatrial"));
        for (outcome, text) in [
            (call(|| panic!("plain")).await, "it panicked: plain"),
            (call(|| panic!("{}", 1 + 1)).await, "it panicked: 2"),
        ] {
            let error = outcome.map(|(): ()| ()).expect_err("it panics");
            assert_eq!(error.to_string(), text);
        }
    }
}
