//! Real cases: modules of CPython's own tests have the same verdicts in whichever way they are run.

use std::collections::BTreeMap;
use std::time::Duration;

use seatrial::{ContainerRequest, Session, session::ReaperChoice};

use crate::{Scene, outcome};

/// Quick ones, of which two fail: there is no `ensurepip` in the image, and no module of the last name anywhere.
const MODULES: [&str; 6] =
    ["test_bool", "test_bisect", "test_ensurepip", "test_html", "test_shlex", "test_none_such"];
const IMAGE: &str = "seatrial/cpython:dev";

/// R19. A module has the same verdict by the agent, by the engine's exec, and in a container of its own.
#[test]
fn a_module_comes_to_the_same_by_the_agent_by_the_engine_and_in_a_container_of_its_own() {
    let scene = Scene::new("cpython");
    scene.file("modules", MODULES.join("\n"));
    let pooled = |how: &[&str]| {
        let options = ["--image", IMAGE, "--pool", "2", "--cases", "modules", "--retries", "0"];
        let command = ["python3.11", "-m", "test", "{case}"];
        let run = outcome(&mut scene.run(&[&options, how].concat(), &command));
        assert_eq!(run.code, Some(1), "{how:?}: {run:?}");
        scene.verdicts()
    };
    let expected: BTreeMap<_, _> = MODULES
        .iter()
        .map(|module| {
            let passes = !["test_ensurepip", "test_none_such"].contains(module);
            ((*module).to_owned(), if passes { "passed" } else { "failed" }.to_owned())
        })
        .collect();
    assert_eq!(pooled(&["--exec", "agent"]), expected, "by the agent");
    assert_eq!(pooled(&["--exec", "engine"]), expected, "by the engine's exec");
    assert_eq!(in_containers_of_their_own(&scene.session), expected, "in containers of their own");
}

/// Runs each module's tests as a container's only command: without a pool, a runner or an exec.
#[tokio::main(flavor = "current_thread")]
async fn in_containers_of_their_own(session: &str) -> BTreeMap<String, String> {
    let session =
        Session::builder().id(session).reaper(ReaperChoice::Off).build().await.expect("the engine answers");
    let runs = MODULES.map(|module| {
        let request =
            ContainerRequest::new(IMAGE).cmd(["python3.11", "-m", "test", module]).session(&session);
        async move {
            let output = request.startup_timeout(Duration::from_secs(120)).run().await.expect("it runs");
            let verdict = if output.exit_code() == Some(0) { "passed" } else { "failed" };
            (module.to_owned(), verdict.to_owned())
        }
    });
    futures_util::future::join_all(runs).await.into_iter().collect()
}
