//! Registries that require a login (C31, C32).

use std::fs;
use std::os::unix::fs::PermissionsExt;

use seatrial::{
    ContainerRequest,
    pull::{Credentials, Pull},
};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::registry::{PASSWORD, Published, Registry, USER, base64};
use seatrial_tests::EngineProxy;
use serde_json::json;

use super::scenario::pull_in_child;

/// One that no engine and no registry has in its messages by chance.
const WRONG: &str = "hunter2-is-not-it";

/// Returns a `config.json` for the registry of an image.
fn docker_config(image: &Published, password: &str) -> String {
    let host = image.repository.split('/').next().expect("a registry");
    json!({ "auths": { host: { "auth": base64(&format!("{USER}:{password}")) } } }).to_string()
}

/// C31, C32: credentials that a request carries are those that the registry sees.
#[tokio::test]
async fn credentials_of_a_request_are_the_ones_that_are_shown() {
    let session = OwnSession::begin("login").await;
    let registry = Registry::with_login(&session).await;
    let image = registry.publish_basic("login");
    let credentials = Credentials::password(USER, PASSWORD);
    Pull::new(image.tagged()).credentials(credentials.clone()).session(&session).run().await.expect("let in");
    assert!(image.is_here());
    image.forget();
    let request = ContainerRequest::new(image.tagged()).credentials(credentials).cmd(["echo", "in"]);
    assert_eq!(request.session(&session).run().await.expect("let in").stdout_text(), "in\n");
}

/// C31, C32: missing or wrong credentials end the pull at the first try; the error names the registry and prints no
/// password.
#[tokio::test]
async fn a_pull_with_wrong_credentials_is_denied_at_once() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "denied").await;
    let registry = Registry::with_login(&session).await;
    let image = registry.publish_basic("denied");
    let pull = || Pull::new(image.tagged()).session(&session);
    let request = ContainerRequest::new(image.tagged()).cmd(["true"]).session(&session);
    let wrong = Credentials::password(USER, WRONG);
    proxy.clear();
    for (tries, error) in [
        pull().run().await.expect_err("nobody"),
        pull().credentials(wrong.clone()).run().await.expect_err("a wrong password"),
        pull().credentials(Credentials::password("stranger", PASSWORD)).run().await.expect_err("a stranger"),
        request.clone().start().await.expect_err("nobody"),
        request.credentials(wrong).start().await.expect_err("a wrong password"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("{error:?}");
        assert!(error.is_denied() && error.is_image(), "{tries}: {text}");
        assert!(text.contains(&image.tagged()) && text.contains("docker login 127.0.0.1:"), "{text}");
        assert!(!text.contains(WRONG), "{text}");
    }
    assert_eq!(proxy.count(|request| request.is("POST", "/images/create")), 5, "each once");
    assert!(!image.is_here());
}

/// C32: credentials come from `DOCKER_AUTH_CONFIG`, and from `config.json` in the folder that `DOCKER_CONFIG` names.
#[tokio::test]
async fn credentials_are_found_where_docker_has_them() {
    let session = OwnSession::begin("docker-config").await;
    let registry = Registry::with_login(&session).await;
    let image = registry.publish_basic("docker-config");
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.json"), docker_config(&image, PASSWORD)).expect("written");
    let folder = folder.path().to_str().expect("unicode");
    let (right, wrong) = (docker_config(&image, PASSWORD), docker_config(&image, WRONG));
    for env in [
        &[("DOCKER_AUTH_CONFIG", right.as_str())][..],
        &[("DOCKER_CONFIG", folder)],
        &[("DOCKER_AUTH_CONFIG", &right), ("DOCKER_CONFIG", "/nonexistent")],
    ] {
        image.forget();
        let told = pull_in_child(&image.tagged(), env);
        assert_eq!((told.outcome.as_str(), image.is_here()), ("pulled", true), "{env:?}: {}", told.all);
        assert!(!told.all.contains(&base64(&format!("{USER}:{PASSWORD}"))), "{}", told.all);
    }
    image.forget();
    // The variable goes before the file.
    let told = pull_in_child(&image.tagged(), &[("DOCKER_AUTH_CONFIG", &wrong), ("DOCKER_CONFIG", folder)]);
    assert!(told.outcome.contains("docker login") && !image.is_here(), "{}", told.outcome);
    assert!(told.all.contains("span ") || told.all.contains("event "), "nothing was logged: {}", told.all);
    for secret in [WRONG, &base64(&format!("{USER}:{WRONG}"))] {
        assert!(!told.all.contains(secret), "{}", told.all);
    }
}

/// C32: a credential helper that fails or can't be run costs a public image a warning with the helper's message. A
/// registry's refusal has the message in its error.
#[tokio::test]
async fn a_credential_helper_that_fails_is_no_obstacle_to_a_public_image() {
    let session = OwnSession::begin("helper").await;
    let (open, closed) = (Registry::start(&session).await, Registry::with_login(&session).await);
    let (public, private) = (open.publish_basic("helper-public"), closed.publish_basic("helper-private"));
    let folder = tempfile::tempdir().expect("a folder");
    let helper = |name: &str, script: &str, mode: u32| {
        let file = folder.path().join(format!("docker-credential-{name}"));
        fs::write(&file, script).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("set");
    };
    helper("locked", "#!/bin/sh\necho the keychain is locked >&2\nexit 1\n", 0o755);
    helper("mute", "#!/bin/sh\necho no keychain here\nexit 1\n", 0o755);
    helper("foreign", "#!/no/such/interpreter\n", 0o755);
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("a path"));
    for (name, words) in [
        ("locked", "the keychain is locked"),
        ("mute", "no keychain here"),
        ("foreign", "it is not on the `PATH`"),
        ("missing", "it is not on the `PATH`"),
    ] {
        let registry_of = |image: &Published| image.repository.split('/').next().expect("one").to_owned();
        for config in [
            json!({ "credsStore": name }),
            json!({ "credHelpers": { registry_of(&public): name, registry_of(&private): name } }),
        ] {
            let config = config.to_string();
            let env = [("DOCKER_AUTH_CONFIG", config.as_str()), ("PATH", &path)];
            public.forget();
            let told = pull_in_child(&public.tagged(), &env);
            assert_eq!((told.outcome.as_str(), public.is_here()), ("pulled", true), "{}", told.all);
            assert!(told.all.contains(words), "no warning: {}", told.all);
            let told = pull_in_child(&private.tagged(), &env);
            assert!(
                told.outcome.contains(words) && told.outcome.contains("docker login"),
                "{}",
                told.outcome
            );
        }
    }
}
