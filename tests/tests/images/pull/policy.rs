//! Pull policies: missing, always, never; by tag and by digest.

use seatrial::{
    ContainerRequest,
    pull::{Pull, PullPolicy},
};
use seatrial_test_support::image::{self, id_of};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::registry::Registry;
use seatrial_tests::EngineProxy;

fn pulls(proxy: &EngineProxy) -> usize {
    proxy.count(|request| request.is("POST", "/images/create"))
}

/// C31: the policy `missing` pulls an image that the engine lacks, and only then.
#[tokio::test]
async fn an_image_that_is_missing_is_pulled_once_and_not_again_when_it_is_there() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "pull-missing").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("missing");
    let request = ContainerRequest::new(image.tagged()).cmd(["echo", "it runs"]).session(&session);
    proxy.clear();
    for _ in 0..2 {
        let output = request.clone().pull(PullPolicy::Missing).run().await.expect("it can be had");
        assert_eq!(output.stdout_text(), "it runs\n");
        assert_eq!(pulls(&proxy), 1);
    }
    Pull::new(image.tagged()).policy(PullPolicy::Missing).session(&session).run().await.expect("it is here");
    assert_eq!(pulls(&proxy), 1);
    image.forget();
    Pull::new(image.tagged())
        .policy(PullPolicy::Missing)
        .session(&session)
        .run()
        .await
        .expect("it can be had");
    assert_eq!((pulls(&proxy), image.is_here()), (2, true));
}

/// C31: the policy `always` gets the registry's current image.
#[tokio::test]
async fn an_image_that_is_always_pulled_is_the_registry_s_newest() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "pull-always").await;
    let registry = Registry::start(&session).await;
    let mut image = registry.publish_noise("always", 1, 1_000);
    let old = image.digested();
    image.replace_by_noise();
    // What was here before the tag moved.
    Pull::new(&old).session(&session).run().await.expect("it can be had");
    image::tag(&old, &image.repository, "1");
    let old = id_of(&old).expect("it is here");
    let missing = Pull::new(image.tagged()).policy(PullPolicy::Missing).session(&session);
    missing.run().await.expect("one is here");
    assert_eq!(id_of(&image.tagged()), Some(old.clone()), "nobody asked the registry");
    proxy.clear();
    Pull::new(image.tagged())
        .policy(PullPolicy::Always)
        .session(&session)
        .run()
        .await
        .expect("it can be had");
    assert_ne!(id_of(&image.tagged()), Some(old));
    let start = ContainerRequest::new(image.tagged()).pull(PullPolicy::Always).cmd(["x"]).session(&session);
    start.start().await.expect_err("it holds nothing to run");
    assert_eq!(pulls(&proxy), 2, "a start asks too");
}

/// C31: the policy `never` fails without a request to the registry if the image is missing.
#[tokio::test]
async fn an_image_that_is_never_pulled_is_an_error_if_it_is_missing() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "pull-never").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("never");
    let request =
        ContainerRequest::new(image.tagged()).cmd(["true"]).pull(PullPolicy::Never).session(&session);
    let pull = Pull::new(image.tagged()).policy(PullPolicy::Never).session(&session);
    for error in [
        request.start().await.expect_err("it is missing"),
        pull.clone().run().await.expect_err("it is missing"),
    ] {
        let text = error.to_string();
        assert!(error.is_image() && text.contains(&format!("image `{}`", image.tagged())), "{text}");
        assert!(text.contains("the pull policy is `never`") && text.contains("hint: "), "{text}");
    }
    assert_eq!(pulls(&proxy), 0);
    Pull::new(image.tagged()).session(&session).run().await.expect("it can be had");
    pull.run().await.expect("it is here");
    assert_eq!(request.run().await.expect("it is here").exit_code(), Some(0));
    assert_eq!(pulls(&proxy), 1);
}

/// C3, C31: a digest decides, whatever the tag beside it is.
#[tokio::test]
async fn an_image_is_pulled_by_its_digest() {
    let session = OwnSession::begin("pull-digest").await;
    let registry = Registry::start(&session).await;
    let mut image = registry.publish_noise("digest", 1, 1_000);
    let first = image.digested();
    image.replace_by_noise();
    assert_ne!(first, image.digested());
    for reference in [first.clone(), first.replace("@", ":1@"), image.digested()] {
        image.forget();
        Pull::new(&reference).session(&session).run().await.expect("it is in the registry");
        let (without_tag, digest) =
            (reference.replace(":1@", "@"), reference.split_once('@').expect("a digest").1);
        assert!(id_of(&without_tag).is_some(), "{digest} is not here");
        assert!(!image.is_here(), "a tag was pulled");
    }
    image.forget();
    let request = ContainerRequest::new(image.digested()).cmd(["x"]).session(&session);
    let error = request.start().await.expect_err("it holds nothing to run");
    assert!(!error.is_image() && id_of(&image.digested()).is_some(), "{error}");
}
