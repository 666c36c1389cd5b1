//! Unusable sockets of the engine: they end the reaper before it logs that it has started, since waiting would not
//! help.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use seatrial_tests::Reaper;

fn docker_host(socket: &Path) -> String {
    format!("unix://{}", socket.display())
}

#[test]
fn a_path_that_is_no_socket_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    for path in [file.as_path(), folder.path()] {
        let end = Reaper::run(&[("DOCKER_HOST", &docker_host(path))]);
        assert_eq!(end.code, Some(1), "{}", path.display());
        assert!(end.stderr.contains("is not a socket"), "{}", end.stderr);
        assert!(!end.lines.iter().any(|line| line.contains("Started")), "{:?}", end.lines);
    }
}

/// A socket without access is an error. Another user has to try, since a user always has access to his own socket.
#[test]
fn a_socket_without_access_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let (socket, program) = (folder.path().join("socket"), folder.path().join("program"));
    let _listener = UnixListener::bind(&socket).expect("a socket");
    // The other user can run the copy wherever the project is. `cp` makes it, because a process that forks while this
    // one has the file open for writing would keep it from being run.
    let copied = Command::new("cp").arg(Reaper::program()).arg(&program).status().expect("`cp` runs");
    assert!(copied.success());
    for (path, mode) in [(socket.as_path(), 0o600), (&program, 0o755), (folder.path(), 0o755)] {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
    }
    let mut command = Command::new(&program);
    command.env_clear().env("DOCKER_HOST", docker_host(&socket)).uid(65_534).current_dir("/");
    let output = match command.output() {
        Err(error) => {
            println!("skipped: only root can run a program as another user: {error}");
            return;
        }
        Ok(output) => output,
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("can't be used") && stderr.contains("ermission denied"), "{stderr}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("Started"));
}
