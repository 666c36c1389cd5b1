//! Registries and engines that fail during a pull: errors that may pass are tried again, others are final.

use std::io::Write;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use seatrial::{ContainerRequest, Session, pull::Pull};
use seatrial_test_support::own_session::{OwnSession, own_id};
use seatrial_test_support::registry::{Published, Registry};
use seatrial_tests::{Answer, EngineProxy, Fault, Matcher};

/// The most attempts of a pull.
const TRIES: usize = 5;

/// A registry, an image in it that is quick to pull, and what goes between engine and library.
struct Setup {
    // The order matters: the image goes before its registry, and that before the session.
    image: Published,
    registry: Registry,
    session: OwnSession,
    proxy: EngineProxy,
}

impl Setup {
    async fn new(topic: &str) -> Self {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, topic).await;
        let registry = Registry::start(&session).await;
        let image = registry.publish_noise(topic, 1, 1_000);
        Self { image, registry, session, proxy }
    }

    fn pull(&self) -> Pull {
        Pull::new(self.image.tagged()).session(&self.session)
    }

    fn pulls(&self) -> usize {
        self.proxy.count(|request| request.is("POST", "/images/create"))
    }

    /// Makes way for the next case.
    fn clear(&self) {
        self.registry.faulty.clear_rules();
        self.registry.faulty.clear();
        self.proxy.clear_rules();
        self.proxy.clear();
        self.image.forget();
    }
}

/// C31: a pull survives one failure. Docker itself asks twice for a manifest, unless the connection breaks.
#[tokio::test]
async fn a_pull_that_fails_once_is_tried_again_and_succeeds() {
    let setup = Setup::new("passing").await;
    for (what, matcher, fault) in [
        ("a cut manifest", Matcher::manifests().first(1), Fault::cut()),
        ("half an answer", Matcher::manifests().first(1), Fault::half_head()),
        ("rubbish", Matcher::manifests().first(1), Fault::garbage()),
        ("a registry that hangs up", Matcher::regex("GET", "^/v2/$").first(1), Fault::cut()),
        ("a registry that is busy", Matcher::manifests().first(2), Fault::too_many_requests(1)),
        ("a registry that fails", Matcher::manifests().first(2), Fault::registry_failure()),
    ] {
        setup.clear();
        setup.registry.faulty.on(matcher, fault);
        setup.pull().run().await.expect(what);
        assert_eq!((setup.pulls(), setup.image.is_here()), (2, true), "{what}");
    }
    setup.clear();
    let image = setup.registry.publish_basic("passing-start");
    setup.registry.faulty.on(Matcher::manifests().first(1), Fault::cut());
    let request = ContainerRequest::new(image.tagged()).cmd(["echo", "it runs"]).session(&setup.session);
    assert_eq!(request.run().await.expect("a start tries again too").stdout_text(), "it runs\n");
}

/// C31: a pull that always fails is an error that says what failed, and how often it was tried.
#[tokio::test]
async fn a_pull_that_fails_every_time_is_an_error_after_some_tries() {
    let setup = Setup::new("failing").await;
    let start = Instant::now();
    setup.registry.faulty.on(Matcher::manifests(), Fault::cut());
    let error = setup.pull().run().await.expect_err("it is cut each time");
    let text = error.to_string();
    assert_eq!(setup.pulls(), TRIES, "{text}");
    assert!(text.contains(&format!("image `{}`", setup.image.tagged())) && text.contains("EOF"), "{text}");
    assert!(text.contains(&format!("tried {TRIES} times")), "{text}");
    // This is the time of all attempts: the pauses between them add up to more than 1 s.
    let told = text.split("(after ").nth(1).and_then(|rest| rest.split(" s").next()?.parse::<f64>().ok());
    assert!(told.is_some_and(|told| told >= 1.0 && told <= start.elapsed().as_secs_f64() + 0.1), "{text}");
    assert!(!setup.image.is_here());
}

/// C31: an error that can't pass, such as an unknown image, ends the pull at the first attempt.
#[tokio::test]
async fn a_refusal_that_will_not_pass_ends_the_pull_at_once() {
    let setup = Setup::new("final").await;
    for (fault, denied) in [
        (Fault::registry_not_found(), false),
        (Fault::unauthorized_without_challenge(), true),
        (Fault::unauthorized("a test"), true),
        (
            Fault::Answer(Answer::registry_error(
                403,
                "DENIED",
                "requested access to the resource is denied",
            )),
            true,
        ),
    ] {
        setup.clear();
        setup.registry.faulty.on(Matcher::manifests(), fault.clone());
        let error = setup.pull().run().await.expect_err("final");
        assert!(error.is_image() && error.is_denied() == denied, "{fault:?}: {error}");
        assert!(error.to_string().contains(&setup.image.tagged()), "{error}");
        assert_eq!(setup.pulls(), 1, "{error}");
    }
}

/// C31: a pull that can't work ends at the first attempt, and its error has the cause and the cure: a registry without
/// TLS, a platform that the image does not have, an unknown certificate, a full disk.
#[tokio::test]
async fn a_pull_that_cannot_work_ends_at_once_with_its_cure() {
    let setup = Setup::new("hopeless").await;
    let refusal = |message: &str| Fault::Answer(Answer::error(500, message));
    for (message, cure) in [
        ("Get https://h/v2/: http: server gave HTTP response to HTTPS client", "`insecure-registries`"),
        ("Get https://h/v2/: x509: certificate signed by unknown authority", "certs.d/"),
        ("no matching manifest for linux/amd64 in the manifest list entries", "the engine's platform"),
        ("write /var/lib/docker/tmp/x: no space left on device", "docker system df"),
    ] {
        setup.clear();
        setup.proxy.on(Matcher::new("POST", "/images/create"), refusal(message));
        let error = setup.pull().run().await.expect_err(message);
        let text = error.to_string();
        assert!(error.is_image() && text.contains(message) && text.contains(cure), "{text}");
        assert_eq!(setup.pulls(), 1, "{text}");
    }
}

/// C31: a registry without TLS, which the engine asks by HTTPS, ends the pull at the first attempt with the cure.
#[tokio::test]
async fn a_registry_that_answers_https_in_plain_http_is_told_at_once() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "plain-http").await;
    // Docker asks registries on loopback addresses in plain HTTP too, so this one listens on all addresses.
    let listener = TcpListener::bind("0.0.0.0:0").expect("a port");
    let address = SocketAddr::new(outer_address(), listener.local_addr().expect("bound").port());
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // The client may be gone already.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let pull = Pull::new(format!("{address}/plain:1")).session(&session);
    let error = pull.run().await.expect_err("it speaks no TLS");
    let text = error.to_string();
    assert!(error.is_image() && text.contains("HTTP response to HTTPS client"), "{text}");
    assert!(text.contains(&format!("hint: registry `{address}` speaks plain HTTP")), "{text}");
    assert_eq!(proxy.count(|request| request.is("POST", "/images/create")), 1, "{text}");
}

/// Returns an address of this machine that is not a loopback address. Nothing is sent.
fn outer_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("192.0.2.1:9").expect("a route");
    socket.local_addr().expect("connected").ip()
}

/// C31: words in an image's name are not taken for words of the error.
#[tokio::test]
async fn an_image_with_a_telling_name_is_tried_again_as_any_other() {
    let setup = Setup::new("denied-unauthorized-unknown").await;
    setup.registry.faulty.on(Matcher::manifests().first(1), Fault::cut());
    setup.pull().run().await.expect("it passes");
    assert_eq!(setup.pulls(), 2);
}

/// C31: an error that comes after the engine's status of 200 is an error.
#[tokio::test]
async fn an_error_inside_the_stream_is_an_error() {
    let setup = Setup::new("in-stream").await;
    let stream = |error: &str| {
        let lines = format!(
            "{{\"status\":\"Pulling from x\",\"id\":\"1\"}}\r\n\
             {{\"errorDetail\":{{\"message\":\"{error}\"}},\"error\":\"{error}\"}}\r\n"
        );
        Fault::Answer(Answer::new(200).header("Content-Type", "application/json").body(lines))
    };
    let create = || Matcher::new("POST", "/images/create");
    for (error, tries) in [("manifest unknown", 1), ("no space left on device", 1), ("i/o timeout", TRIES)] {
        setup.clear();
        setup.proxy.on(create(), stream(error));
        let told = setup.pull().run().await.expect_err(error);
        assert!(told.is_image() && told.to_string().contains(error), "{told}");
        assert!(told.to_string().contains(&setup.image.tagged()), "{told}");
        assert_eq!(setup.pulls(), tries, "{told}");
    }
    setup.clear();
    setup.proxy.on(create().nth(1), stream("unexpected EOF"));
    setup.proxy.on(create().nth(1), Fault::cut_after(10));
    setup.pull().run().await.expect("it passes");
    assert_eq!((setup.pulls(), setup.image.is_here()), (3, true));
}

/// C31: Docker itself asks again for the rest of a blob that was cut, after 5 s.
#[tokio::test]
async fn a_layer_that_is_cut_in_the_middle_is_completed() {
    let setup = Setup::new("cut-layer").await;
    let image = setup.registry.publish_noise("cut-layer", 1, 100_000);
    setup.registry.faulty.on(image.config(), Fault::Pass);
    setup.registry.faulty.on(Matcher::blobs().nth(1), Fault::cut_after(50_000));
    Pull::new(image.tagged()).session(&setup.session).run().await.expect("it passes");
    assert!(image.is_here());
    let asked = setup.registry.faulty.count(|request| request.is("GET", "/blobs/"));
    assert_eq!(asked, 3, "{:?}", setup.registry.faulty.requests());
}

/// E1, C31: a pull may take longer than a request, as long as it makes progress.
#[tokio::test]
async fn a_slow_registry_is_waited_for() {
    let setup = Setup::new("slow").await;
    let image = setup.registry.publish_noise("slow", 1, 400_000);
    let builder = Session::builder().id(own_id("slow")).docker_host(setup.proxy.docker_host());
    let patience = Duration::from_millis(1_500);
    let hasty = OwnSession::of(builder.request_timeout(patience)).await;
    setup.registry.faulty.on(image.config(), Fault::Pass);
    setup.registry.faulty.on(Matcher::blobs(), Fault::throttle(130_000));
    let start = Instant::now();
    Pull::new(image.tagged()).session(&hasty).run().await.expect("it goes on");
    assert!(start.elapsed() > patience, "it was not slow");
    assert_eq!(setup.pulls(), 1);
}

/// E1, C31: a pull that makes no progress for too long is ended and tried again.
#[tokio::test]
async fn a_registry_that_falls_silent_is_given_up_and_tried_again() {
    let setup = Setup::new("silent").await;
    let builder = Session::builder().id(own_id("silent")).docker_host(setup.proxy.docker_host());
    let hasty = OwnSession::of(builder.request_timeout(Duration::from_millis(1_500))).await;
    setup.registry.faulty.on(Matcher::manifests().first(1), Fault::hang());
    Pull::new(setup.image.tagged()).session(&hasty).run().await.expect("it passes");
    assert_eq!((setup.pulls(), setup.image.is_here()), (2, true));
}

/// C31: a registry that can't be reached is tried several times, since it may be starting.
#[tokio::test]
async fn a_registry_that_is_not_there_is_an_error_after_some_tries() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "nowhere").await;
    let error =
        Pull::new("127.0.0.1:1/nowhere:1").session(&session).run().await.expect_err("nobody is there");
    let text = error.to_string();
    assert!(text.contains("image `127.0.0.1:1/nowhere:1`") && text.contains("connection refused"), "{text}");
    assert_eq!(proxy.count(|request| request.is("POST", "/images/create")), TRIES);
}
