//! A drop in every place where one can happen, in a process that lives on.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use seatrial::{Result, Session, TestContainer};
use seatrial_test_support::own_session::{OwnSession, look, look_at};
use seatrial_tests::Engine;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

/// C9: a drop at the end of a function removes the container and its anonymous volumes.
#[tokio::test]
async fn a_drop_at_a_return_removes_the_container_and_its_anonymous_volumes() {
    async fn scope(session: &OwnSession) -> (String, String) {
        let request = session.idle().anonymous_volume("/anonymous");
        let container = request.start().await.expect("a container");
        let volume = look_at(&container)["Mounts"][0]["Name"].as_str().expect("a volume").to_owned();
        (container.id().to_string(), volume)
    }
    let session = OwnSession::begin("drop-return").await;
    let (container, volume) = scope(&session).await;
    assert_goes(&container);
    let answer = Engine::from_env().request("GET", &format!("/volumes/{volume}"), None);
    assert_eq!(answer.expect("the engine answers").status, 404);
}

/// C9: a drop at an early return by `?` removes the container.
#[tokio::test]
async fn a_drop_at_a_question_mark_removes_the_container() {
    async fn fails(session: &OwnSession, id: &mut String) -> Result<()> {
        let container = session.idle().start().await?;
        *id = container.id().to_string();
        container.host_port(80)?;
        unreachable!("port 80 is not published");
    }
    let session = OwnSession::begin("drop-question").await;
    let mut id = String::new();
    fails(&session, &mut id).await.expect_err("there is no such port");
    assert_goes(&id);
}

/// C9: a drop while the thread unwinds removes the container.
#[tokio::test]
async fn a_drop_in_a_panic_removes_the_container() {
    let session = OwnSession::begin("drop-panic").await;
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    let panic = catch_unwind(AssertUnwindSafe(move || {
        let _held = container;
        std::panic::resume_unwind(Box::new("on purpose"));
    }));
    panic.expect_err("it panicked");
    assert_goes(&id);
}

/// C9: a drop in a panicking task removes the container.
#[tokio::test]
async fn a_drop_in_a_task_that_panics_removes_the_container() {
    let session = OwnSession::begin("drop-task").await;
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    let task = tokio::spawn(async move {
        let _held = container;
        tokio::task::yield_now().await;
        std::panic::resume_unwind(Box::new("on purpose"));
    });
    task.await.expect_err("it panicked");
    assert_goes(&id);
}

/// C9: a drop in a current-thread runtime removes the container.
#[test]
fn a_drop_in_a_current_thread_runtime_removes_the_container() {
    dropped_in(&Builder::new_current_thread().enable_all().build().expect("a runtime"));
}

/// C9: a drop in a multi-thread runtime removes the container.
#[test]
fn a_drop_in_a_multi_thread_runtime_removes_the_container() {
    dropped_in(&Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime"));
}

fn dropped_in(runtime: &Runtime) {
    runtime.block_on(async {
        let session = OwnSession::begin("drop-runtime").await;
        let container = session.idle().start().await.expect("a container");
        let id = container.id().to_string();
        tokio::spawn(async move { drop(container) }).await.expect("no panic");
        assert_goes(&id);
    });
}

/// C9: a drop in a task of a `LocalSet` removes the container.
#[tokio::test]
async fn a_drop_in_a_local_set_removes_the_container() {
    let session = OwnSession::begin("drop-local").await;
    let local = LocalSet::new();
    let id = local
        .run_until(async {
            let container = Rc::new(session.idle().start().await.expect("a container"));
            let id = container.id().to_string();
            tokio::task::spawn_local(async move { drop(container) }).await.expect("no panic");
            id
        })
        .await;
    assert_goes(&id);
}

/// C9: a container that is dropped together with its runtime is removed.
#[test]
fn a_drop_with_its_runtime_removes_the_container() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let session = runtime.block_on(OwnSession::begin("drop-shutdown"));
    let container = start(&runtime, &session);
    let id = container.id().to_string();
    runtime.spawn(async move {
        let _held = container;
        std::future::pending::<()>().await;
    });
    drop(runtime);
    assert_goes(&id);
}

/// C9: a drop in a plain thread removes the container.
#[test]
fn a_drop_in_a_thread_without_a_runtime_removes_the_container() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let session = runtime.block_on(OwnSession::begin("drop-thread"));
    let container = start(&runtime, &session);
    drop(runtime);
    let id = container.id().to_string();
    thread::spawn(move || drop(container)).join().expect("no panic");
    assert_goes(&id);
}

/// C9: a drop in a thread-local's destructor removes the container, before or after the runtime's own thread-locals are
/// gone.
#[test]
fn a_drop_in_a_thread_local_s_destructor_removes_the_container() {
    thread_local!(static HELD: RefCell<Option<TestContainer>> = const { RefCell::new(None) });
    let setup = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let session = setup.block_on(OwnSession::begin("drop-local-key"));
    for held_first in [true, false] {
        let request = session.idle();
        let thread = thread::spawn(move || {
            if held_first {
                HELD.with(|held| assert!(held.borrow().is_none()));
            }
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let container = runtime.block_on(request.start()).expect("a container");
            let id = container.id().to_string();
            HELD.set(Some(container));
            id
        });
        assert_goes(&thread.join().expect("no panic"));
    }
}

/// C9: more containers than may be removed at once are dropped, and all are removed.
#[tokio::test]
async fn many_containers_dropped_at_once_are_removed() {
    let session = OwnSession::begin("drop-many").await;
    let request = session.idle();
    drop(try_join_all((0..12).map(|_| request.start())).await.expect("containers"));
    Session::clone(&session).close().await.expect("all are removed");
    assert_eq!(session.containers(), Vec::<String>::new());
}

fn start(runtime: &Runtime, session: &OwnSession) -> TestContainer {
    runtime.block_on(session.idle().start()).expect("a container")
}

/// Waits until the engine has the container no more; this process lives, so it is not its end that does it.
#[track_caller]
fn assert_goes(container: &str) {
    let start = Instant::now();
    while look(container).is_some() {
        assert!(start.elapsed() < Duration::from_secs(20), "container {container} is still there");
        thread::sleep(Duration::from_millis(20));
    }
}
