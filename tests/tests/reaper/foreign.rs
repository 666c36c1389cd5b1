//! Foreign resources that carry a session's labels, because an image inherited them or somebody copied them.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use seatrial_core::ownership::{self, Kind};
use seatrial_core::{SessionId, labels};
use seatrial_tests::{Engine, Reaper};
use serde_json::{Map, Value, json};

use super::fixture::here;

/// A session whose resources are created as the library creates them, and foreign resources beside them. Dropping it
/// removes what is left of both.
struct Session {
    id: SessionId,
    removals: Vec<String>,
}

impl Session {
    fn begin() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let id = format!("reaper-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Self { id: SessionId::new(id).expect("an id"), removals: Vec::new() }
    }

    /// Returns a name that no other session has.
    fn name(&self, name: &str) -> String {
        format!("{}-{name}", self.id)
    }

    /// Returns the labels with which the library creates a resource.
    fn labels(&self, kind: Kind, name: &str) -> Value {
        let creation = (labels::CREATION.to_owned(), format!("token-of-{name}"));
        let all = labels::of_session(&self.id).into_iter().chain([creation, ownership::mark(kind, name)]);
        Value::Object(all.map(|(key, value)| (key, Value::String(value))).collect::<Map<_, _>>())
    }

    fn container(&mut self, name: &str, image: &str, labels: &Value) -> String {
        let body = json!({ "Image": image, "Cmd": ["true"], "Labels": labels,
                           "HostConfig": { "NetworkMode": "none" } });
        here().post(&format!("/containers/create?name={name}"), &body);
        self.remove_later(&format!("/containers/{name}?force=1&v=1"));
        name.to_owned()
    }

    fn network(&mut self, name: &str, labels: &Value) -> String {
        here().post("/networks/create", &json!({ "Name": name, "Labels": labels, "Internal": true }));
        self.remove_later(&format!("/networks/{name}"));
        name.to_owned()
    }

    fn volume(&mut self, name: &str, labels: &Value) -> String {
        here().post("/volumes/create", &json!({ "Name": name, "Labels": labels }));
        self.remove_later(&format!("/volumes/{name}"));
        name.to_owned()
    }

    fn commit(&mut self, container: &str, image: &str) -> String {
        here().expect(201, "POST", &format!("/commit?container={container}&repo={image}"));
        self.remove_later(&format!("/images/{image}?force=1"));
        image.to_owned()
    }

    fn build_from(&mut self, base: &str, image: &str) -> String {
        here().build(image, &format!("FROM {base}\nLABEL built=yes\n"));
        self.remove_later(&format!("/images/{image}?force=1"));
        image.to_owned()
    }

    fn remove_later(&mut self, target: &str) {
        self.removals.push(target.to_owned());
    }

    /// Runs a reaper with one client, which sends the library's filter and disconnects.
    #[track_caller]
    fn reap(&self) -> seatrial_tests::ReaperEnd {
        let both =
            [labels::TESTCONTAINERS_SESSION, labels::SESSION].map(|key| format!("label={key}%3D{}", self.id));
        reap_by(&both.join("&"))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // In reverse order, containers go before their images. Some are gone already.
        for target in self.removals.iter().rev() {
            let _ = here().0.request("DELETE", target, None);
        }
    }
}

#[track_caller]
fn reap_by(filter: &str) -> seatrial_tests::ReaperEnd {
    let reaper = Reaper::start(&[]);
    reaper.connect().filter(filter);
    let end = reaper.end();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end
}

#[track_caller]
fn check(class: &str, name: &str, is_there: bool) {
    let target = match class {
        "containers" | "images" => format!("/{class}/{name}/json"),
        _ => format!("/{class}/{name}"),
    };
    let answer = here().0.request("GET", &target, None).expect("the engine answers");
    assert_eq!(answer.status, if is_there { 200 } else { 404 }, "{class} {name}");
}

/// Images that are committed or built from a session's container, and containers that somebody runs from them, outlive
/// the session.
#[test]
fn a_commit_a_build_from_it_and_their_containers_are_spared() {
    let mut session = Session::begin();
    let name = session.name("db");
    let own_labels = session.labels(Kind::Container, &name);
    let own = session.container(&name, "seatrial/basic:dev", &own_labels);
    let committed = session.commit(&own, &session.name("backup"));
    let built = session.build_from(&committed, &session.name("built"));
    let from_commit = session.container(&session.name("x"), &committed, &Value::Null);
    let from_build = session.container(&session.name("y"), &built, &Value::Null);
    let end = session.reap();
    end.line("removed containers=1 networks=0 volumes=0 images=0");
    check("containers", &own, false);
    for image in [&committed, &built] {
        check("images", image, true);
    }
    for container in [&from_commit, &from_build] {
        check("containers", container, true);
        let line =
            end.lines.iter().find(|line| line.contains("left alone") && line.contains(container.as_str()));
        assert!(line.is_some_and(|line| line.contains("only carries the labels")), "{line:?}");
    }
}

/// A container that somebody runs from a commit, under the name of the container that was committed, is spared.
#[test]
fn a_container_that_is_restored_from_a_commit_under_its_old_name_is_spared() {
    let mut session = Session::begin();
    let name = session.name("db");
    let own_labels = session.labels(Kind::Container, &name);
    session.container(&name, "seatrial/basic:dev", &own_labels);
    let committed = session.commit(&name, &session.name("backup"));
    here().expect(204, "DELETE", &format!("/containers/{name}?force=1"));
    session.container(&name, &committed, &Value::Null);
    session.reap().line("removed containers=0 networks=0 volumes=0 images=0");
    check("containers", &name, true);
}

/// The session's own container is removed, also when it runs from an image that was committed from another one of ours.
#[test]
fn a_container_that_the_session_runs_from_its_own_commit_is_removed() {
    let mut session = Session::begin();
    let (first, second) = (session.name("a"), session.name("b"));
    let first_labels = session.labels(Kind::Container, &first);
    session.container(&first, "seatrial/basic:dev", &first_labels);
    let committed = session.commit(&first, &session.name("snapshot"));
    let second_labels = session.labels(Kind::Container, &second);
    session.container(&second, &committed, &second_labels);
    session.reap().line("removed containers=2 networks=0 volumes=0 images=0");
    check("images", &committed, true);
}

/// Copies of all labels, as `docker run --label-file` makes them, do not make a resource the session's.
#[test]
fn resources_with_copied_labels_are_spared() {
    let mut session = Session::begin();
    let name = session.name("own");
    let [container, network, volume] =
        [Kind::Container, Kind::Network, Kind::Volume].map(|kind| session.labels(kind, &name));
    session.container(&name, "seatrial/basic:dev", &container);
    session.network(&name, &network);
    session.volume(&name, &volume);
    let copy = session.name("copy");
    session.container(&copy, "seatrial/basic:dev", &container);
    session.network(&copy, &network);
    session.volume(&copy, &volume);
    session.reap().line("removed containers=1 networks=1 volumes=1 images=0");
    for class in ["containers", "networks", "volumes"] {
        check(class, &name, false);
        check(class, &copy, true);
    }
}

/// A project of Docker Compose whose service runs a committed image outlives the session.
#[test]
fn a_compose_project_with_a_committed_image_is_spared() {
    let mut session = Session::begin();
    let name = session.name("db");
    let own_labels = session.labels(Kind::Container, &name);
    session.container(&name, "seatrial/misbehave:dev", &own_labels);
    let committed = session.commit(&name, &session.name("backup"));
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("compose.yaml");
    let service =
        format!("image: {committed}\n    command: [\"sleep\", \"forever\"]\n    network_mode: none\n");
    fs::write(&file, format!("version: \"2.4\"\nservices:\n  db:\n    {service}")).expect("a file");
    let project = session.name("project");
    let compose = |arguments: &[&str]| {
        let mut command = Command::new("docker-compose");
        command.args(["--project-name", &project, "--file"]).arg(&file).args(arguments);
        command.env("DOCKER_HOST", format!("unix://{}", Engine::from_env().socket().display()));
        command.stdin(Stdio::null()).output()
    };
    match compose(&["up", "--detach"]) {
        Err(error) => return println!("skipped: `docker-compose` does not run: {error}"),
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let end = session.reap();
    let services = compose(&["ps", "--quiet"]).expect("it ran before");
    let down = compose(&["down", "--timeout", "0"]).expect("it ran before");
    end.line("removed containers=1 networks=0 volumes=0 images=0");
    let ids = String::from_utf8_lossy(&services.stdout).lines().count();
    assert_eq!(ids, 1, "{}", String::from_utf8_lossy(&services.stderr));
    assert!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
}

/// A filter without Seatrial's label is another library's, and selects by labels alone, as in ryuk.
#[test]
fn another_librarys_filter_selects_inherited_labels_too() {
    let mut session = Session::begin();
    let name = session.name("db");
    let own_labels = session.labels(Kind::Container, &name);
    session.container(&name, "seatrial/basic:dev", &own_labels);
    let committed = session.commit(&name, &session.name("image"));
    session.container(&session.name("x"), &committed, &Value::Null);
    let end = reap_by(&format!("label={}={}", labels::TESTCONTAINERS_SESSION, session.id));
    end.line("removed containers=2 networks=0 volumes=0 images=1");
}

/// With many filters the reaper selects by itself, and holds the same rule.
#[test]
fn foreign_resources_are_spared_among_many_filters() {
    let mut session = Session::begin();
    let (name, copy) = (session.name("own"), session.name("copy"));
    let volume = session.labels(Kind::Volume, &name);
    session.volume(&name, &volume);
    session.volume(&copy, &volume);
    let reaper = Reaper::start(&[]);
    let mut client = reaper.connect();
    client.filter(&format!("label={}%3D{}", labels::SESSION, session.id));
    (0..20).for_each(|n| client.filter(&format!("label=nobody=has-{n}")));
    drop(client);
    reaper.end().line("removed containers=0 networks=0 volumes=1 images=0");
    check("volumes", &name, false);
    check("volumes", &copy, true);
}
