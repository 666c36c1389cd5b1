//! Names: made from the test, or given and used as they are.

use regex::Regex;
use seatrial_test_support::own_session::{OwnSession, look_at, own_id};

/// C2: a container without a given name is named after its test, and is unique.
#[tokio::test]
async fn a_name_is_made_from_the_test() {
    let session = OwnSession::begin("names-default").await;
    let (first, second) = (session.idle().start().await.unwrap(), session.idle().start().await.unwrap());
    let expected = Regex::new("^/request-names-a_name_is_made_from_the_test-[a-z0-9]{8}$").unwrap();
    for container in [&first, &second] {
        let name = look_at(container)["Name"].as_str().expect("a name").to_owned();
        assert_eq!(name, format!("/{}", container.name()));
        assert!(expected.is_match(&name), "{name}");
    }
    assert_ne!(first.name(), second.name());
}

/// C2: a given name is the container's name, unchanged.
#[tokio::test]
async fn a_name_that_is_given_is_used_as_it_is() {
    let session = OwnSession::begin("names-given").await;
    let unique = own_id("X.y_z");
    let longest = format!("{unique}-{}", "l".repeat(127 - unique.len()));
    assert_eq!(longest.len(), 128);
    for name in [unique, longest] {
        let container = session.idle().name(&name).start().await.expect("the name is free");
        assert_eq!(look_at(&container)["Name"], format!("/{name}"));
        assert_eq!(container.name(), name);
    }
}
