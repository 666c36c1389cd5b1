//! Processes of one session that use different reapers, or find one by different ways.

use seatrial_tests::{Child, EngineProxy};

use super::process::{Host, reapers};
use super::run::{Run, kill};
use seatrial_test_support::observe::{LONG, block_until};

/// The names of the containers that are left of a run.
fn containers(run: &Run) -> Vec<String> {
    run.left().containers.iter().map(|line| line.split(' ').next().expect("a name").to_owned()).collect()
}

/// Starts a process with these variables that holds one of each; returns it with its container's name.
#[track_caller]
fn holder(run: &Run, variables: &[(&str, &str)]) -> (Child, String) {
    let before = containers(run);
    let child = run.spawn_with(super::run::scenario_holds, variables);
    child.line("holding ", LONG);
    let new = containers(run).into_iter().find(|name| !before.contains(name)).expect("it has one");
    (child, new)
}

/// X3, X8: a reaper on the host is found whatever the programs' folders for temporary files are.
#[test]
fn programs_with_different_temporary_folders_share_one_reaper() {
    let host = Host::new("tmpdirs").without_runtime_dir();
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let holders: Vec<_> = folders
        .iter()
        .map(|folder| holder(&host.run, &[("TMPDIR", folder.path().to_str().expect("unicode"))]).0)
        .collect();
    assert_eq!(reapers(&host.run.reaper_name()).len(), 1);
    holders.into_iter().for_each(kill);
    host.run.assert_goes();
    block_until("the reaper is gone", || reapers(&host.run.reaper_name()).is_empty());
}

/// X4, X8: a reaper whose processes have all ended leaves alone what others of the session still use.
#[test]
fn a_reaper_removes_nothing_of_processes_that_use_another_one() {
    let proxy = EngineProxy::start_default();
    let folder = tempfile::tempdir().expect("a folder");
    let others = [
        ("another place", vec![("XDG_RUNTIME_DIR", folder.path().to_str().expect("unicode").to_owned())]),
        ("another engine, as far as it can be told", vec![("DOCKER_HOST", proxy.docker_host())]),
        ("another kind", vec![("SEATRIAL_REAPER", "sidecar".to_owned())]),
        ("none", vec![("SEATRIAL_REAPER", "off".to_owned())]),
    ];
    for (case, variables) in others {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let host = Host::new("groups");
        let (first, its) = holder(&host.run, &[]);
        let (second, other) = holder(&host.run, &variables);
        kill(first);
        block_until("the first one's things are gone", || !containers(&host.run).contains(&its));
        block_until("its reaper is gone", || {
            reapers(&host.run.reaper_name()).len() <= usize::from(case != "none")
        });
        assert_eq!(containers(&host.run), [other], "{case}");
        kill(second);
        if case == "none" {
            super::off::remove(&host.run.left());
        }
        host.run.assert_goes();
        block_until("no reaper is left", || reapers(&host.run.reaper_name()).is_empty());
    }
}
