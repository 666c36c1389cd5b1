//! The attribute `#[seatrial::test]`. Its documentation is on the attribute itself, as `seatrial` shows it.

mod error;
mod expansion;
mod function;
mod options;

use proc_macro::TokenStream;

use expansion::expand;

/// Makes a function a test, async or not, that names its containers and tells the library if it fails.
///
/// ```
/// # use seatrial::Result;
/// #[seatrial::test]
/// async fn counts_ships() -> Result<()> {
///     // Containers, pools, networks.
///     Ok(())
/// }
/// ```
///
/// - **Runtime.** An async function gets a tokio runtime of one thread. `#[seatrial::test(flavor = "multi_thread")]`
///   gives it one of several, and `worker_threads = 2` says how many; the test's crate then needs `tokio` with the feature
///   `rt-multi-thread`. A function without async runs as it is.
/// - **Failures.** A test fails if it panics or returns an `Err`. With `SEATRIAL_KEEP=on-failure`, or
///   [`keep`](https://docs.rs/seatrial) on a request, the containers of a test that failed stay, in both cases. A plain
///   `#[tokio::test]` can tell the library of panics only: a container is dropped before its test returns the error. For the
///   same reason, containers with that setting that are dropped are removed when the test ends, and not before.
/// - **Name.** Containers are named after the test, on whichever thread they are made.
///
/// Other attributes go on to the test: `#[ignore]`, `#[should_panic]` (a panic is then no failure), `#[cfg(…)]`,
/// `#[serial]` of `serial_test`, and `#[rstest]` with its arguments, which goes above this one.
///
/// # Compile errors
///
/// These compile:
///
/// ```
/// #[seatrial::test(flavor = "multi_thread", worker_threads = 2)]
/// async fn x() {}
///
/// #[seatrial::test]
/// fn y() {}
/// ```
///
/// These do not:
///
/// An option that does not exist:
///
/// ```compile_fail
/// #[seatrial::test(threads = 2)]
/// async fn x() {}
/// ```
///
/// A runtime for a function that is not async:
///
/// ```compile_fail
/// #[seatrial::test(flavor = "current_thread")]
/// fn x() {}
/// ```
///
/// Worker threads for a runtime of one thread:
///
/// ```compile_fail
/// #[seatrial::test(worker_threads = 2)]
/// async fn x() {}
/// ```
///
/// Arguments, without `#[rstest]` above:
///
/// ```compile_fail
/// #[seatrial::test]
/// async fn x(ships: u32) {}
/// ```
#[proc_macro_attribute]
pub fn test(options: TokenStream, function: TokenStream) -> TokenStream {
    expand(options, function).unwrap_or_else(|error| error.into_tokens())
}
