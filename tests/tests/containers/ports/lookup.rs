//! Lookups of ports: no call to the engine, and three different errors.

use seatrial::Port;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::EngineProxy;

/// C17: published ports are looked up without a request to the engine.
#[tokio::test]
async fn lookups_after_the_start_ask_the_engine_nothing() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "lookup-calls").await;
    let container = session.idle().port(80).port(Port::udp(53)).start().await.expect("it starts");
    proxy.clear();
    for _ in 0..100 {
        let port = container.host_port(80).expect("it is bound");
        assert_eq!(container.addr(80).expect("it is bound"), format!("{}:{port}", container.host()));
        container.addr(Port::udp(53)).expect("it is bound");
        container.addr(81).expect_err("it is not published");
        assert!(!container.ip_addresses().is_empty());
    }
    assert_eq!(proxy.requests().len(), 0);
    container.remove().await.expect("it goes");
}

/// C17: each of the three errors lists the ports that the container has.
#[tokio::test]
async fn three_errors_say_why_a_port_has_no_address() {
    let session = OwnSession::begin("lookup-errors").await;
    let request = session.idle().port(80).port(Port::udp(53)).expose(443);
    let container = request.start().await.expect("it starts");
    let there = [
        format!("80/tcp -> {}", container.addr(80).expect("it is bound")),
        format!("53/udp -> {}", container.addr(Port::udp(53)).expect("it is bound")),
        "443/tcp (not published)".to_owned(),
    ];
    for (port, reason) in [
        (Port::tcp(81), "port 81/tcp is not published; add `.port(81)`"),
        (Port::udp(5353), "port 5353/udp is not published; add `.port(Port::udp(5353))`"),
        (Port::tcp(53), "port 53/tcp does not exist, but 53/udp does"),
        (Port::udp(80), "port 80/udp does not exist, but 80/tcp does"),
        (Port::tcp(443), "port 443/tcp is exposed, but not bound to a port of the host"),
    ] {
        for error in [container.addr(port).expect_err(reason), container.host_port(port).expect_err(reason)] {
            assert!(error.is_port(), "{error:?}");
            let text = error.to_string();
            assert!(text.starts_with(&format!("{container}: ")) && text.contains(reason), "{text}");
            for port in &there {
                assert!(text.contains(port), "no `{port}` in {text}");
            }
        }
    }
}

/// C17: a lookup in a container without published ports is an error that says so.
#[tokio::test]
async fn a_container_without_ports_says_so() {
    let session = OwnSession::begin("lookup-none").await;
    let container = session.idle().start().await.expect("it starts");
    let error = container.addr(80).expect_err("there is none");
    assert!(error.is_port() && error.to_string().contains("there are no ports"), "{error:?}");
}

/// C17: a text is a port wherever a number is: in a request, and in a lookup, as text, socket address and URL.
#[tokio::test]
async fn a_text_is_a_port_and_an_address_has_three_forms() {
    let session = OwnSession::begin("lookup-forms").await;
    let container = session.idle().port("80/tcp").port("53/udp").start().await.expect("it starts");
    let address = container.addr(80).expect("it is bound");
    assert_eq!(container.addr("80").expect("it is bound"), address);
    assert_eq!(container.socket_addr("80/tcp").expect("an address").to_string(), address);
    assert_eq!(container.url_at("http", 80).expect("a URL"), format!("http://{address}"));
    assert_eq!(container.host_port("53/udp").ok(), container.host_port(Port::udp(53)).ok());
    let error = container.url("http").expect_err("there are two ports");
    assert!(error.is_port() && error.to_string().contains("several ports"), "{error:?}");
    let error = container.addr("80/http").expect_err("there is no such protocol");
    assert!(error.is_invalid() && error.to_string().contains("`80/http`"), "{error:?}");
    let redis = session.idle().port("6379").start().await.expect("it starts");
    let address = redis.addr(6379).expect("it is bound");
    assert_eq!(redis.url("redis").expect("a URL"), format!("redis://{address}"));
}

/// C17: a handle's `Debug` form is short: its name, its image, its id and its ports.
#[tokio::test]
async fn the_debug_form_of_a_handle_has_name_image_and_ports() {
    let session = OwnSession::begin("lookup-debug").await;
    let container = session.idle().port(80).start().await.expect("it starts");
    let text = format!("{container:?}");
    let ports = format!("80/tcp -> {}", container.addr(80).expect("it is bound"));
    for part in [container.name(), container.image(), container.id().as_str(), &ports] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    assert!(text.len() < 400, "{text}");
}
