//! A function that is called with every line.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use seatrial::{
    ContainerRequest, Keep, WaitFor,
    logs::{LogLine, LogStream},
};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::{Engine, EngineProxy, Fault, Matcher};

/// The lines that a function was called with.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<LogLine>>>);

impl Heard {
    fn listen_to(&self, request: ContainerRequest) -> ContainerRequest {
        let heard = self.0.clone();
        request.on_log(move |line| heard.lock().expect("no panic").push(line))
    }

    fn lines(&self) -> Vec<LogLine> {
        self.0.lock().expect("no panic").clone()
    }

    fn texts(&self) -> Vec<String> {
        self.lines().iter().map(ToString::to_string).collect()
    }

    async fn until_heard(&self, count: usize) {
        until(&format!("{count} lines are heard"), || self.lines().len() >= count).await;
    }
}

/// C22: a consumer is called once per line, with its stream and time.
#[tokio::test]
async fn a_consumer_gets_each_line_with_its_stream_and_time() {
    let session = OwnSession::begin("consumer").await;
    let (heard, before) = (Heard::default(), SystemTime::now());
    let request = session.steps("print-lines 3 sleep 50ms to stderr print bad sleep forever");
    let container = heard.listen_to(request).start().await.expect("it starts");
    heard.until_heard(4).await;
    let lines = heard.lines();
    assert_eq!(heard.texts(), ["line 1", "line 2", "line 3", "bad"]);
    assert_eq!(
        lines.iter().map(|line| line.stream).collect::<Vec<_>>(),
        [LogStream::Stdout, LogStream::Stdout, LogStream::Stdout, LogStream::Stderr]
    );
    assert!(lines.iter().all(|line| line.time.is_some_and(|time| time > before)));
    assert!(lines[0].time < lines[3].time);
    drop(container);
}

/// C22: a consumer gets the lines of every run of its container, each once.
#[tokio::test]
async fn a_consumer_hears_every_run_of_a_container_once() {
    let session = OwnSession::begin("runs").await;
    let heard = Heard::default();
    let container =
        heard.listen_to(session.steps("stamp run sleep forever")).start().await.expect("it starts");
    heard.until_heard(1).await;
    container.restart().await.expect("it restarts");
    heard.until_heard(2).await;
    container.stop().await.expect("it stops");
    container.start().await.expect("it starts again");
    heard.until_heard(3).await;
    let printed = container.logs().read().await.expect("a log").stdout_text();
    assert_eq!(heard.texts(), printed.lines().collect::<Vec<_>>());
}

/// C22: a consumer gets each line once although its stream broke.
#[tokio::test]
async fn a_consumer_misses_and_repeats_nothing_when_its_connection_breaks() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "mended").await;
    for fault in [Fault::cut_after(30), Fault::cut_after(1000), Fault::cut(), Fault::cut_after(1500)] {
        // The first that none of the faults before it settles.
        proxy.on(Matcher::regex("GET", "/logs$").nth(1), fault);
    }
    let heard = Heard::default();
    let request = session.steps("print-lines 20 tick 10ms 20 to stderr print-lines 20 sleep forever");
    let _container = heard.listen_to(request).start().await.expect("it starts");
    heard.until_heard(60).await;
    let of = |stream| {
        let lines = heard.lines();
        lines.iter().filter(|line| line.stream == stream).map(ToString::to_string).collect::<Vec<_>>()
    };
    let (stdout, stderr) = (of(LogStream::Stdout), of(LogStream::Stderr));
    let numbered: Vec<_> = (1..=20).map(|number| format!("line {number}")).collect();
    assert_eq!((&stdout[..20], stderr), (&numbered[..], numbered.clone()));
    assert!(stdout[20..].iter().enumerate().all(|(i, tick)| tick.starts_with(&format!("tick {} ", i + 1))));
    assert_eq!(stdout.len(), 40);
    assert_eq!(proxy.count(|request| request.is("GET", "/logs")), 5);
}

/// C22: consumers of a request and of its clones get their own container's lines.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_consumer_of_a_request_and_of_its_clones_hears_its_own_container() {
    let session = OwnSession::begin("several").await;
    let (first, second) = (Heard::default(), Heard::default());
    let request = first.listen_to(session.steps("print hello sleep forever"));
    let both = second.listen_to(request.clone());
    let (_one, _two) = tokio::try_join!(request.start(), both.start()).expect("they start");
    first.until_heard(2).await;
    second.until_heard(1).await;
    assert_eq!((first.texts(), second.texts()), (vec!["hello".into(); 2], vec!["hello".into()]));
}

/// C22: a consumer hears every line that its container printed before its removal, which is what a drop begins.
#[tokio::test]
async fn a_consumer_hears_every_line_before_a_drop() {
    let session = OwnSession::begin("dropped").await;
    let heard = Heard::default();
    let request = session.shell("seq 2000; sleep 600").wait_for(WaitFor::regex("^2000$"));
    drop(heard.listen_to(request).start().await.expect("it starts"));
    heard.until_heard(2000).await;
    assert_eq!(heard.texts(), numbers(2000));
}

/// C22: a consumer has heard every line when `remove` returns.
#[tokio::test]
async fn a_consumer_has_heard_every_line_when_remove_returns() {
    let session = OwnSession::begin("removed").await;
    for (line, wait) in [
        ("seq 20000", WaitFor::from(WaitFor::exit())),
        ("seq 20000; sleep 600", WaitFor::regex("^20000$").into()),
    ] {
        let heard = Heard::default();
        let container = heard.listen_to(session.shell(line).wait_for(wait)).start().await.expect("it starts");
        container.remove().await.expect("it is removed");
        assert!(heard.texts() == numbers(20_000), "{line}: {} lines are heard", heard.lines().len());
    }
}

/// C22: a consumer has heard every line when `run` returns, also of a container that is kept or whose time is up.
#[tokio::test]
async fn a_consumer_has_heard_every_line_when_run_returns() {
    let session = OwnSession::begin("run-heard").await;
    let limit = Duration::from_secs(3);
    for request in [
        session.shell("seq 20000"),
        session.shell("seq 20000; sleep 600").startup_timeout(limit),
        session.shell("seq 20000").keep(Keep::Always),
    ] {
        let heard = Heard::default();
        heard.listen_to(request).run().await.expect("the engine runs it");
        assert!(heard.texts() == numbers(20_000), "{} lines are heard", heard.lines().len());
    }
    for container in session.containers() {
        remove_by_hand(&container);
    }
}

/// C22: a drop does not wait for a consumer, and a stuck consumer does not prevent the removal.
#[tokio::test]
async fn a_stuck_consumer_blocks_neither_a_drop_nor_the_removal() {
    let session = OwnSession::begin("stuck").await;
    let (let_go, gate) = std::sync::mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let request = session.shell("seq 20000; sleep 600").wait_for(WaitFor::regex("^20000$"));
    let request = request.on_log(move |_| {
        let _ = gate.lock().expect("no panic").recv();
    });
    let container = request.start().await.expect("it starts");
    let began = std::time::Instant::now();
    drop(container);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let is_gone = || session.containers().is_empty();
    until("the container is removed although its consumer is stuck", is_gone).await;
    drop(let_go);
}

/// C22: a consumer of a container that is kept hears its lines until it ends.
#[tokio::test]
async fn a_consumer_of_a_kept_container_hears_it_to_its_end() {
    let session = OwnSession::begin("kept").await;
    let heard = Heard::default();
    let line = "trap 'seq 2 100; exit' USR1; echo 1; while :; do sleep 0.1; done";
    let id = heard.listen_to(session.shell(line)).start().await.expect("it starts").keep();
    heard.until_heard(1).await;
    let signal = format!("/containers/{id}/kill?signal=USR1");
    Engine::from_env().request("POST", &signal, None).expect("the engine answers");
    heard.until_heard(100).await;
    remove_by_hand(id.as_str());
    assert_eq!(heard.texts(), numbers(100));
}

fn numbers(last: usize) -> Vec<String> {
    (1..=last).map(|number| number.to_string()).collect()
}
