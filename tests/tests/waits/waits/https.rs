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

/// C24: an HTTPS wait expects the server's name that it is given, and the error has the presented names beside the expected
/// ones.
#[tokio::test]
async fn https_expects_the_given_name_and_tells_what_was_presented() {
    let session = OwnSession::begin("https-name").await;
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let container = nginx(&session, &certificates).await;
    let wait = || WaitFor::http("/").status(200);
    let trusted = || wait().tls_authority(certificates.read("ca.pem"));
    for right in ["localhost", "127.0.0.1"] {
        container.wait(trusted().server_name(right)).await.expect(right);
    }
    // Any certificate is taken for any name.
    container.wait(wait().server_name("other.example")).await.expect("nothing is checked");
    let presented = "presented the certificate `localhost`, valid for 127.0.0.1, localhost, signed by `a test's authority`";
    for (wait, expected) in [
        (
            trusted().server_name("other.example"),
            "expected one for `other.example`, signed by `a test's authority`",
        ),
        (trusted().server_name("192.0.2.1"), "expected one for `192.0.2.1`"),
        (trusted().server_name("local"), "expected one for `local`"),
        (
            wait().tls_authority(others.read("ca.pem")).server_name("localhost"),
            "expected one for `localhost`",
        ),
    ] {
        let error = failed(container.wait_timeout(wait, SHORT).await);
        let text = error.to_string();
        assert!(error.is_timeout() && text.contains(presented) && text.contains(expected), "{text}");
    }
}

/// C24: an HTTPS wait presents the client's certificate to a server that demands one.
#[tokio::test]
async fn https_presents_the_client_s_certificate() {
    let session = OwnSession::begin("https-client").await;
    let (certificates, others) = (Certificates::make(), Certificates::make());
    let demanding =
        CONFIG.replace("location /", "ssl_verify_client on; ssl_client_certificate /tmp/ca.pem; location /");
    let (own, strange) = (certificates.client(2), others.client(2));
    let read = |folder: &tempfile::TempDir, name: &str| {
        std::fs::read(folder.path().join(name)).expect("openssl wrote it")
    };
    let wait = || WaitFor::http("/").port(443).status(200).tls_authority(certificates.read("ca.pem"));
    let line = r#"printf %s "$CONFIG" > /tmp/nginx.conf; printf %s "$CERTIFICATE" > /tmp/server.pem
        printf %s "$AUTHORITY" > /tmp/ca.pem
        printf %s "$KEY" > /tmp/server.key; exec nginx -c /tmp/nginx.conf -g 'daemon off;'"#;
    let container = request(&session, &certificates)
        .cmd(["sh", "-c", line])
        .env("CONFIG", demanding)
        .env("AUTHORITY", certificates.read("ca.pem"))
        .port(443)
        .wait_for(wait().client_certificate(read(&own, "cert.pem"), read(&own, "key.pem")))
        .start()
        .await
        .expect("the server knows the certificate");
    for refused in [wait(), wait().client_certificate(read(&strange, "cert.pem"), read(&strange, "key.pem"))]
    {
        let error = failed(container.wait_timeout(refused, SHORT).await);
        assert!(error.is_timeout() && error.to_string().contains("400"), "{error}");
    }
    // Malformed certificates, keys and names are refused before anything is asked, and no key is printed.
    let (certificate, key) = (read(&own, "cert.pem"), read(&own, "key.pem"));
    for (wait, expected) in [
        (wait().client_certificate("nonsense", key.clone()), "the client's certificate is missing"),
        (wait().client_certificate(certificate.clone(), "hunter2"), "the client's key is invalid"),
        (wait().client_certificate(certificate, read(&strange, "key.pem")), "can't be used with its key"),
        (wait().server_name("a b"), "`a b` is neither a host name nor an IP address"),
        (wait().server_name(""), "neither a host name nor an IP address"),
    ] {
        let error = failed(session.idle().port(443).wait_for(wait).start().await);
        let text = format!("{error:?}");
        assert!(error.is_invalid() && text.contains(expected) && !text.contains("hunter2"), "{text}");
    }
}
