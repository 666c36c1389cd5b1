//! Every public future completes in any executor: in one of ten lines without a runtime, and in a tokio runtime without
//! timers and I/O. The walks name each function that they await, and a test compares them with the library's source.

mod commands;
mod containers;
mod pools;
mod sessions;

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

/// Awaits a future in an executor that has neither timers nor I/O.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Awaits a future in a tokio runtime that has neither timers nor I/O.
fn block_on_without_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Walks in both executors.
macro_rules! in_any_executor {
    ($walk:ident) => {
        mod $walk {
            /// C9: an executor of ten lines will do.
            #[test]
            fn in_a_plain_executor() {
                crate::any_runtime::block_on(super::$walk());
            }

            /// C9: a runtime without timers will do.
            #[test]
            fn in_a_runtime_without_timers() {
                crate::any_runtime::block_on_without_time(super::$walk());
            }
        }
    };
}
use in_any_executor;

/// Awaits a future of the function that the text names, as `FILE NAME`.
macro_rules! step {
    ($name:literal, $future:expr) => {
        $future.await.expect($name)
    };
}
use step;

/// Awaits a future of the function that the text names, whatever its result.
macro_rules! tried {
    ($name:literal, $future:expr) => {{
        const _: &str = $name;
        $future.await
    }};
}
use tried;

/// C9: the walks await every public async function of the library. A new one fails this until it has a step.
#[test]
fn every_public_async_function_is_walked() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/src");
    let mut public = BTreeSet::new();
    for file in files(&source) {
        let shown = file.strip_prefix(&source).expect("it is below").to_str().expect("UTF-8").to_owned();
        for line in std::fs::read_to_string(&file).expect("source").lines() {
            if let Some(rest) = line.trim_start().strip_prefix("pub async fn ") {
                let name = rest.split(['(', '<']).next().expect("a name");
                public.insert(format!("{shown} {name}"));
            }
        }
    }
    let walks = [
        include_str!("commands.rs"),
        include_str!("containers.rs"),
        include_str!("pools.rs"),
        include_str!("sessions.rs"),
    ];
    let is_walked = |name: &&String| walks.iter().any(|walk| walk.contains(&format!("\"{name}\"")));
    let missing: Vec<_> = public.iter().filter(|name| !is_walked(name)).collect();
    assert!(public.len() > 70, "{public:?}");
    assert!(missing.is_empty(), "without a step: {missing:#?}");
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}
