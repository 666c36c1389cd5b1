//! `seatrial doctor` and `seatrial sweep`.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use seatrial::session::ReaperChoice;
use seatrial::{Session, Volume};
use seatrial_tests::{Answer, Child, Engine, EngineProxy, Fault, Leftovers, Matcher};
use serde_json::json;

use crate::{BASIC, Outcome, Scene, outcome};

/// Runs `seatrial doctor` with a proxy in front of the engine.
fn doctor_behind(scene: &Scene, proxy: &EngineProxy, args: &[&str]) -> Outcome {
    let mut command = scene.command();
    outcome(command.arg("doctor").args(args).env("DOCKER_HOST", proxy.docker_host()))
}

/// Returns the label of an owner on this machine that has ended: that of this process, with a pid that none can have.
fn dead_owner(engine: &Engine) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let labels = runtime.block_on(async {
        let session = Session::builder().reaper(ReaperChoice::Off).build().await.expect("a session");
        let volume = Volume::create_in(&session).await.expect("a volume");
        let labels = engine.get(&format!("/volumes/{}", volume.name())).expect("the engine answers");
        volume.remove().await.expect("it goes");
        labels
    });
    let owner = labels["Labels"]["seatrial.owner"].as_str().expect("each volume has an owner");
    let pid = format!("pid={} ", std::process::id());
    assert!(owner.contains(&pid), "{owner}");
    owner.replace(&pid, "pid=4194305 ")
}

/// R30. A doctor reports everything that it finds well.
#[test]
fn a_doctor_tells_what_is_there() {
    let scene = Scene::new("doctor");
    let run = outcome(scene.command().args(["doctor", "--image", BASIC]));
    assert_eq!(run.code, Some(0), "{run:?}");
    for part in [
        "ok       temporary directory: ",
        "ok       engine: ",
        "ok       published ports: ",
        "ok       engine's machine: ",
        "ok       control groups: version ",
        " engine's disk: ",
        " leftovers: ",
        "ok       reaper: is off",
        "ok       container: started in ",
        "ok       agent: runs in it",
        "\nall is well\n",
    ] {
        assert!(run.stdout.contains(part), "`{part}` in {}", run.stdout);
    }
}

/// R30. A doctor names each trouble, and what to do about it.
#[test]
fn a_doctor_names_each_trouble_and_what_to_do() {
    let scene = Scene::new("doctor-troubles");
    let engine = Engine::from_env();
    let mut info = engine.get("/info").expect("the engine answers");
    // A file system without any room.
    (info["DockerRootDir"], info["Warnings"]) = ("/proc".into(), json!(["WARNING: No swap limit support"]));
    let mut open = info.clone();
    (open["DockerRootDir"], open["Warnings"]) = (
        "/".into(),
        json!(["WARNING: API is accessible on http://0.0.0.0:2375 \
        without encryption.\n         Access to the remote API is equivalent to root access on the host."]),
    );
    let mut version = engine.get("/version").expect("the engine answers");
    version["ApiVersion"] = "1.40".into();
    let labels = json!({ "seatrial.session": "long-dead", "seatrial.owner": dead_owner(&engine),
        "seatrial.created-as": "volume/left" });
    let volume = json!({ "Name": "left", "CreatedAt": "2020-01-01T00:00:00Z", "Labels": labels,
        "Driver": "local", "Mountpoint": "/left", "Scope": "local", "Options": null });
    let volumes = json!({ "Volumes": [volume], "Warnings": [] });

    let ok = |body| Fault::Answer(Answer::json(200, body));
    for (method, path, fault, code, parts) in [
        ("GET", "^/version$", ok(&version), 1, &["WRONG    API: 1.40 is older", "Docker 20.10 or later"][..]),
        (
            "GET",
            "^/info$",
            ok(&info),
            0,
            &[
                "warning  engine: WARNING: No swap",
                "warning  engine's disk: `/proc`, 0.0 GiB free",
                "make room",
            ],
        ),
        (
            "GET",
            "^/info$",
            ok(&open),
            0,
            &["API is accessible on http://0.0.0.0:2375", "hint: whoever reaches this address is root"],
        ),
        ("GET", "^/info$", Fault::error(500, "broken"), 1, &["WRONG    engine's machine: ", "broken"]),
        ("GET", "^/networks", Fault::error(500, "locked up"), 1, &["WRONG    leftovers: ", "restart it"]),
        (
            "GET",
            "^/volumes$",
            ok(&volumes),
            0,
            &["warning  leftovers: 1 left by dead sessions", "sweep --remove"],
        ),
        ("POST", "^/volumes/create$", Fault::error(500, "full"), 1, &["WRONG    reaper: ", "hint: "]),
        ("POST", "^/containers/create", Fault::error(400, "no such thing"), 1, &["WRONG    container: "]),
        ("PUT", "/archive$", Fault::error(500, "no space"), 0, &["warning  agent: ", "no space", "slower"]),
    ] {
        let proxy = EngineProxy::start_default();
        proxy.on(Matcher::regex(method, path), fault);
        let run = doctor_behind(&scene, &proxy, &["--image", BASIC]);
        assert_eq!(run.code, Some(code), "{path}: {run:?}");
        for part in parts {
            assert!(run.stdout.contains(part), "`{part}` for {path} in {}", run.stdout);
        }
    }

    // The same path on this machine is another disk.
    let mut command = scene.command();
    let elsewhere = outcome(command.arg("doctor").env("SEATRIAL_HOST", "192.0.2.7"));
    assert!(elsewhere.stdout.contains("ok       engine's disk: is not on this machine"), "{elsewhere:?}");

    let proxy = EngineProxy::start_default();
    let open = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(proxy.socket(), open).expect("the socket is ours");
    let run = doctor_behind(&scene, &proxy, &[]);
    assert!(run.stdout.contains("warning  socket: ") && run.stdout.contains("`chmod o=`"), "{run:?}");
    let mut command = scene.command();
    let run = outcome(command.arg("doctor").env("TMPDIR", scene.path("nowhere")));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("WRONG    temporary directory: "), "{}", run.stdout);
    assert!(run.stdout.contains("set `TMPDIR`") && run.stdout.contains("\none thing is wrong\n"), "{run:?}");
}

/// R29. A sweep lists the containers of a killed run, and removes them on request.
#[test]
fn a_sweep_lists_what_a_killed_run_has_left_and_removes_it_on_request() {
    let scene = Scene::new("swept");
    scene.file("cases", "ends\nhangs");
    let line = "test $0 = ends || sleep 1000";
    let child = Child::of(scene.run(&["--verbose"], &["sh", "-c", line, "{case}"]));
    child.line("passed: ends", Duration::from_secs(60));
    // Its whole process group is killed.
    drop(child);
    let sweep = |args: &[&str]| {
        let mut command = scene.command();
        // Else the sweep itself would be of the session, and alive.
        command.env_remove("SEATRIAL_SESSION_ID");
        outcome(command.args(["sweep", "--session", &scene.session]).args(args))
    };
    let run = sweep(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "it is younger than an hour: {run:?}");
    assert!(run.stderr.contains("dead sessions have left nothing"), "{}", run.stderr);
    let run = sweep(&["--older-than", "0s"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let ours = format!("of session `{}`", scene.session);
    assert!(run.stdout.starts_with("container `") && run.stdout.contains(&ours), "{}", run.stdout);
    assert!(run.stderr.contains("`--remove` removes them"), "{}", run.stderr);
    let left = Leftovers::of_session(&Engine::from_env(), &scene.session).expect("the engine answers");
    assert!(!left.is_empty(), "looking removes nothing");
    let run = sweep(&["--older-than", "0s", "--remove"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("removed"), "{}", run.stderr);
    Leftovers::assert_none(&Engine::from_env(), &scene.session, Duration::ZERO);
}
