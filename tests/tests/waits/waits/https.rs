//! The wait for an HTTPS answer, with nginx.

use seatrial::{ContainerRequest, TestContainer, WaitFor};
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

use seatrial_tests::Certificates;

const CONFIG: &str = "events {} http { server { listen 443 ssl; ssl_certificate /tmp/server.pem; \
                      ssl_certificate_key /tmp/server.key; location / { return 200 secret; } } }";

/// Returns the request for an nginx that speaks HTTPS, configured by its environment.
fn request(session: &OwnSession, certificates: &Certificates) -> ContainerRequest {
    let line = r#"printf %s "$CONFIG" > /tmp/nginx.conf; printf %s "$CERTIFICATE" > /tmp/server.pem
        printf %s "$KEY" > /tmp/server.key; exec nginx -c /tmp/nginx.conf -g 'daemon off;'"#;
    ContainerRequest::new("seatrial/nginx:dev")
        .cmd(["sh", "-c", line])
        .env("CONFIG", CONFIG)
        .env("CERTIFICATE", certificates.read("server.pem"))
        .env("KEY", certificates.read("server.key"))
        .session(session)
        .wait_for(WaitFor::http("/").tls().body("secret"))
}

/// Starts an nginx that speaks HTTPS.
async fn nginx(session: &OwnSession, certificates: &Certificates) -> TestContainer {
    request(session, certificates).port(443).start().await.expect("any certificate is taken")
}

/// C24: an HTTPS wait accepts any certificate, or only those of a given authority.
#[tokio::test]
async fn https_accepts_any_certificate_or_those_of_an_authority_only() {
    let session = OwnSession::begin("https").await;
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let container = nginx(&session, &certificates).await;
    let wait = WaitFor::http("/").port(443).status(200);
    container
        .wait(wait.clone().tls_authority(certificates.read("ca.pem")))
        .await
        .expect("it signed the server's");
    let strange = wait.clone().tls_authority(others.read("ca.pem"));
    let error = failed(container.wait_timeout(strange, SHORT).await);
    let text = error.to_string();
    assert!(error.is_timeout() && text.contains("HTTPS") && text.contains("certificate"), "{error}");
    // Without TLS the same server answers that it wants it.
    container.wait(WaitFor::http("/").status(400)).await.expect("a bad request");
}

/// C24: an HTTPS wait works on a port that is published on an IPv6 address.
#[tokio::test]
async fn https_works_on_an_ipv6_address() {
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    let session = OwnSession::begin("https-ipv6").await;
    let request = request(&session, &Certificates::make()).publish_on("::1", 443);
    let container = request.start().await.expect("it answers");
    assert!(container.addr(443).expect("it is published").starts_with("[::1]:"));
}

/// C24: an invalid authority is refused before a container is created.
#[tokio::test]
async fn an_authority_that_is_none_is_refused_before_anything_starts() {
    let session = OwnSession::begin("no-authority").await;
    for pem in ["", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"] {
        let error =
            failed(session.idle().port(443).wait_for(WaitFor::http("/").tls_authority(pem)).start().await);
        assert!(error.is_invalid() && error.to_string().contains("certificate"), "{error}");
    }
}

/// C24: an HTTPS wait does not accept a server without TLS.
#[tokio::test]
async fn a_server_without_tls_is_not_ready_for_https() {
    let session = OwnSession::begin("plain").await;
    let container =
        session.steps("http 8080").port(8080).wait_for(WaitFor::http("/")).start().await.expect("plain");
    let error = failed(container.wait_timeout(WaitFor::http("/").tls(), SHORT).await);
    assert!(error.is_timeout(), "{error}");
}
