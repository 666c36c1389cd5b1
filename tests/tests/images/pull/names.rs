//! Names of images: rewritten ones (C34), and invalid ones (C3, C31).

use seatrial::{
    ContainerRequest,
    pull::{Pull, PullPolicy},
};
use seatrial_test_support::image::id_of;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::registry::Registry;
use seatrial_tests::{EngineProxy, Request};

use super::scenario::{pull_in_child, run_in_child};

/// C31, C34: images of Docker Hub, and no others, are pulled from the mirror that a variable names.
#[tokio::test]
async fn an_image_of_docker_hub_is_had_from_the_mirror() {
    let session = OwnSession::begin("mirror").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("mirror");
    let (mirror, name) = image.repository.split_once('/').expect("a registry and a name");
    let env = [("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", mirror)];
    let told = run_in_child(&format!("{name}:1"), &env);
    assert_eq!((told.outcome.as_str(), image.is_here()), ("it runs", true), "{}", told.all);
    image.forget();
    let told = pull_in_child(&format!("docker.io/{name}:1"), &env);
    assert_eq!((told.outcome.as_str(), image.is_here()), ("pulled", true), "{}", told.all);
    image.forget();
    // An image of another registry is not pulled from the mirror.
    registry.faulty.clear();
    let told =
        pull_in_child(&image.tagged(), &[("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", "127.0.0.1:1/none")]);
    assert_eq!((told.outcome.as_str(), image.is_here()), ("pulled", true), "{}", told.all);
    assert!(registry.faulty.count(|request| request.is("HEAD", "/manifests/1")) == 1);
}

/// C31: an unknown image, tag or digest is a final error that names it.
#[tokio::test]
async fn an_image_that_the_registry_does_not_have_is_an_error_that_names_it() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "unknown").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("unknown");
    proxy.clear();
    let unknown = [
        format!("{}/no/such/image:1", registry.faulty.host()),
        format!("{}:no-such-tag", image.repository),
        format!("{}@sha256:{}", image.repository, "0".repeat(64)),
    ];
    for (tried, name) in unknown.iter().enumerate() {
        for error in [
            Pull::new(name).session(&session).run().await.expect_err("unknown"),
            ContainerRequest::new(name).session(&session).start().await.expect_err("unknown"),
        ] {
            let text = error.to_string();
            assert!(error.is_image() && !error.is_denied(), "{text}");
            assert!(
                text.contains(&format!("image `{name}`")) && text.contains(registry.faulty.host().as_str()),
                "{text}"
            );
            assert!(text.contains("hint: check the name"), "{text}");
        }
        assert_eq!(proxy.count(|request| request.is("POST", "/images/create")), 2 * (tried + 1), "each once");
    }
    let created = |request: &Request| request.is("POST", "/containers/create") && request.status == Some(201);
    assert_eq!(proxy.count(created), 0);
}

/// C3, C31: a full image id is taken as `docker run` takes it: with and without `sha256:`, whatever the pull policy and
/// the mirror; it is never pulled, and an unknown one is an error.
#[tokio::test]
async fn an_image_id_starts_a_container_and_is_never_pulled() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "image-id").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("image-id");
    Pull::new(image.tagged()).session(&session).run().await.expect("it can be had");
    let id = id_of(&image.tagged()).expect("it is here");
    let digits = id.trim_start_matches("sha256:");
    proxy.clear();
    for name in [id.as_str(), digits] {
        for policy in [PullPolicy::Missing, PullPolicy::Always, PullPolicy::Never] {
            let request = ContainerRequest::new(name).cmd(["echo", "it runs"]).pull(policy).session(&session);
            assert_eq!(request.run().await.expect(name).stdout_text(), "it runs\n");
            Pull::new(name).policy(policy).session(&session).run().await.expect("it is here");
        }
        let told = run_in_child(name, &[("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", "127.0.0.1:1/none")]);
        assert_eq!(told.outcome, "it runs", "{}", told.all);
    }
    for name in ["0".repeat(64), format!("sha256:{}", "0".repeat(64))] {
        for error in [
            Pull::new(&name).session(&session).run().await.expect_err("unknown"),
            ContainerRequest::new(&name).session(&session).start().await.expect_err("unknown"),
        ] {
            let text = error.to_string();
            assert!(error.is_image() && text.contains(&format!("image `{name}`")), "{text}");
            assert!(text.contains("an image id can't be pulled"), "{text}");
        }
    }
    assert_eq!(proxy.count(|request| request.is("POST", "/images/create")), 0);
}

/// C3, C31: an invalid reference is refused without a request to the engine.
#[tokio::test]
async fn a_bad_reference_is_refused_before_the_engine_is_asked() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "bad-name").await;
    proxy.clear();
    for (name, reason) in
        [("", "is empty"), ("Upper/Case", "`Upper/Case`"), ("a b", "`a b`"), ("x@sha256:1", "`x@sha256:1`")]
    {
        for error in [
            Pull::new(name).session(&session).run().await.expect_err("bad"),
            ContainerRequest::new(name).session(&session).start().await.expect_err("bad"),
        ] {
            assert!(error.is_invalid() && error.to_string().contains(reason), "{error}");
        }
    }
    assert_eq!(proxy.requests().len(), 0, "{:?}", proxy.requests());
}
