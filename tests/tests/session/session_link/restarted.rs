//! A daemon of the test's own, with TLS beside its socket: restarted under a session, and reaped from outside.

use seatrial_test_support::observe::{LONG, block_until};
use seatrial_test_support::own_session::BASIC;
use seatrial_tests::Daemon;

use super::process::Host;
use super::run::{Hold, Run, kill};
use seatrial_tests::Certificates;

/// X4: the reaper ends with its daemon. The next one has the filter, and removes what was created before and after.
#[test]
fn a_session_outlives_its_daemon_s_restart_and_leaves_nothing() {
    // The container does not heed its signal, and nobody wants to wait for it.
    let Some(mut daemon) = Daemon::start_with(vec!["--shutdown-timeout=3".to_owned()]) else { return };
    daemon.load(BASIC);
    daemon.load(concat!("seatrial/reaper:", env!("CARGO_PKG_VERSION")));
    let (run, hold) = (Run::on(daemon.engine(), "restarted"), Hold::new());
    let child = run.spawn_with(super::run::scenario_holds, &[hold.variable()]);
    child.line("holding ", LONG);
    let old = run.reaper_id();
    daemon.stop();
    child.line("the reaper was lost, and is tried again", LONG);
    daemon.begin();
    block_until("there is another one with the filter", || {
        run.reaper().is_some_and(|reaper| reaper["Id"] != *old) && run.logged("adding filter") == 1
    });
    let left = run.left();
    assert_eq!((left.containers.len(), left.networks.len(), left.volumes.len()), (1, 1, 1), "{left}");
    hold.go_on();
    child.line("going on with ", LONG);
    kill(child);
    run.assert_goes();
}

/// X8: a reaper on the host speaks TLS with the engine, as the library does.
#[test]
fn a_reaper_on_the_host_reaps_an_engine_behind_tls() {
    let certificates = Certificates::make();
    let (docker_host, arguments) = certificates.of_a_daemon();
    let Some(daemon) = Daemon::start_with(arguments) else { return };
    daemon.load(BASIC);
    let client = certificates.client(2);
    let run = Run::on(daemon.engine(), "tls").with("DOCKER_HOST", &docker_host);
    let host = Host::of(run.with("DOCKER_CERT_PATH", client.path().to_str().expect("unicode")));
    kill(host.run.holder());
    host.assert_goes();
}
