//! The wait for a port.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use seatrial::{Port, TestContainer, WaitFor};
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

/// Returns what a listener sends to a client at the published address; an empty text if it does not listen.
fn greeting(container: &TestContainer, port: u16) -> String {
    let mut said = String::new();
    let stream = TcpStream::connect(container.addr(port).expect("published"));
    stream.and_then(|mut stream| stream.read_to_string(&mut said)).ok();
    said
}

/// C24: a port wait is not met by the engine's userland proxy, which accepts at the published address from the start.
#[tokio::test]
async fn a_port_that_only_the_engine_s_proxy_accepts_on_is_not_ready() {
    let session = OwnSession::begin("proxy").await;
    let request = session.idle().port(7000).wait_for(WaitFor::port(7000)).startup_timeout(SHORT * 4);
    let error = failed(request.start().await);
    assert!(error.is_not_ready(), "{error}");
}

/// C24: a port wait is over when a server accepts connections.
#[tokio::test]
async fn a_port_is_ready_once_something_listens() {
    let session = OwnSession::begin("late").await;
    let began = Instant::now();
    let container = session
        .steps("sleep 1s listen 7000 hello")
        .port(7000)
        .wait_for(WaitFor::port(7000))
        .start()
        .await
        .expect("it listens after a while");
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    assert_eq!(greeting(&container, 7000), "hello\n");
}

/// C24: a port wait accepts a server that sends nothing.
#[tokio::test]
async fn a_port_whose_connections_are_kept_without_a_word_is_ready() {
    let session = OwnSession::begin("silent").await;
    let request = session.steps("accept 7000").port(7000).wait_for(WaitFor::port(7000));
    let _container = request.start().await.expect("it accepts");
}

/// C24: a port wait is about its own port only.
#[tokio::test]
async fn the_port_of_one_service_says_nothing_of_another_one() {
    let session = OwnSession::begin("other").await;
    let container = session
        .steps("accept 7000 trap USR1 0")
        .port(7000)
        .port(7001)
        .wait_for(WaitFor::port(7000))
        .start()
        .await
        .expect("the first listens");
    failed(container.wait_timeout(WaitFor::port(7001), SHORT).await);
}

/// C24: a port wait on an unpublished port connects to the container's address.
#[tokio::test]
async fn a_port_that_is_not_published_is_asked_at_the_container_s_own_address() {
    let session = OwnSession::begin("own-address").await;
    let request = session.steps("sleep 300ms accept 7000").wait_for(WaitFor::port(7000));
    let container = request.start().await.expect("it listens");
    assert!(container.addr(7000).is_err(), "it is not published");
}

/// C24: a port wait on a port that can't be reached fails at once.
#[tokio::test]
async fn a_port_that_can_never_be_reached_is_an_error_at_once() {
    let session = OwnSession::begin("nowhere").await;
    let request = session.steps("accept 7000").network_mode("none").wait_for(WaitFor::port(7000));
    let began = Instant::now();
    let error = failed(request.start().await);
    assert!(error.is_not_ready() && !error.is_timeout(), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30) && error.to_string().contains("7000/tcp"), "{error}");
}

/// C24: a port wait follows the port, which the engine publishes anew for each run.
#[tokio::test]
async fn a_port_is_found_again_when_the_engine_restarts_the_container() {
    let session = OwnSession::begin("moves").await;
    // The first run ends at once for one container, and after a while for the other.
    for pause in ["0", "0.5"] {
        let line =
            format!("[ -e /ran ] || {{ touch /ran; sleep {pause}; exit 1; }}; exec httpd -f -p 7000 -h /etc");
        let request =
            session.shell(&line).restart_policy(seatrial::container::RestartPolicy::OnFailure(3)).port(7000);
        let both = WaitFor::all([WaitFor::port(7000).into(), WaitFor::http("/passwd").body("root").into()]);
        let container = request.wait_for(both).start().await.expect("the second run listens");
        TcpStream::connect(container.addr(7000).expect("published")).expect("it is the second run's address");
    }
}

/// C24: a port wait on a UDP port is refused before a container is created.
#[tokio::test]
async fn a_udp_port_is_refused_before_anything_starts() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "udp").await;
    let request =
        session.steps("udp-echo 7000").port(Port::udp(7000)).wait_for(WaitFor::port(Port::udp(7000)));
    let error = failed(request.start().await);
    assert!(error.is_invalid() && error.to_string().contains("7000/udp"), "{error}");
    assert_eq!(proxy.count(|request| request.is("POST", "/containers/create")), 0);
}
