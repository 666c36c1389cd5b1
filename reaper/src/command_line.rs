//! The command line: the commands and the help text. All settings come from the environment.

use std::ffi::OsString;

/// A command of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve clients, and remove what they leave.
    Reap,
    /// Check that a reaper listens.
    Healthcheck,
    /// Print [`HELP`].
    Help,
    /// Print the version.
    Version,
}

/// The text of `--help`.
pub const HELP: &str = "\
Waits until its clients are gone, and removes what their filters select: containers with their anonymous volumes,
networks, volumes, images. Speaks the protocol of testcontainers/ryuk.

Usage: seatrial-reaper [COMMAND]

Commands:
  (none)       serves clients and cleans up; exit code 0: done, 1: an error, or something is left
  healthcheck  exit code 0 if a reaper listens on RYUK_PORT, or at the address in REAPER_ADDRESS_FILE
  --help       prints this help
  --version    prints the version

Variables, as in ryuk (an empty one counts as unset; times are written like `1m30s`, `500ms`):
  RYUK_PORT                    the port, 0 for any free one [8080; 0 with REAPER_ADDRESS_FILE]
  RYUK_CONNECTION_TIMEOUT      the longest wait for the first client [60s]
  RYUK_RECONNECTION_TIMEOUT    the time after the end of a session's last client before the session is cleaned up; zero
                               or less for at once [10s]
  RYUK_REQUEST_TIMEOUT         the longest wait for an answer of the engine [10s]
  RYUK_REMOVE_RETRIES          the number of passes in a row without progress after which it gives up, though not before
                               as many request timeouts have passed; zero or less counts as 1 [10]
  RYUK_RETRY_OFFSET            a resource counts as a change if it was created after the time of the check plus this
                               [-1s]
  RYUK_CHANGES_RETRY_INTERVAL  the pause after a change before the next check [1s]
  RYUK_SHUTDOWN_TIMEOUT        the longest time for which changes postpone a clean-up, and that a clean-up takes; with
                               zero or less, changes postpone nothing [10m]
  RYUK_VERBOSE                 logs each removal [false]
  DOCKER_HOST                  the engine: unix:///path or tcp://host:port [unix:///var/run/docker.sock]
  DOCKER_CERT_PATH             uses TLS to a tcp:// engine, with ca.pem, cert.pem and key.pem of this folder [no TLS]
  DOCKER_TLS_VERIFY            with certificates: any text turns on the check of the engine's certificate [no check]

Variables of its own:
  REAPER_ADDRESS_FILE          for a process on the host: listens on 127.0.0.1 only, and writes `address:port` and the
                               token, on two lines, to this file, which it keeps locked (flock) and deletes at its end;
                               if another reaper has the file, ends at once with exit code 0
  REAPER_TOKEN                 the first line of each connection has to be `auth=TOKEN` [no token]
  REAPER_REQUIRED_LABEL        a label that each filter has to contain, `key` or `key=value` [none]
  REAPER_REPORT                a file for the report, which is also printed [none]
  REAPER_DRY_RUN               logs what it would remove, and removes nothing [false]
";

impl Command {
    /// Reads the arguments, which begin after the program's name.
    ///
    /// # Errors
    /// An argument is unknown; the message names it.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let command = match arguments.next() {
            None => return Ok(Self::Reap),
            Some(argument) => match argument.to_str() {
                Some("healthcheck") => Self::Healthcheck,
                Some("--help" | "-h" | "help") => Self::Help,
                Some("--version" | "-V") => Self::Version,
                _ => return Err(unknown(&argument)),
            },
        };
        match arguments.next() {
            None => Ok(command),
            Some(argument) => Err(unknown(&argument)),
        }
    }
}

fn unknown(argument: &OsString) -> String {
    format!("unknown argument `{}`; `--help` lists the arguments", argument.to_string_lossy().escape_debug())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::settings::Settings;

    #[test]
    fn arguments_are_read_or_refused() {
        let read = |arguments: &[&str]| Command::read(arguments.iter().map(OsString::from));
        assert_eq!(read(&[]), Ok(Command::Reap));
        assert_eq!(read(&["healthcheck"]), Ok(Command::Healthcheck));
        assert_eq!(read(&["-h"]), Ok(Command::Help));
        for bad in [&["serve"][..], &["healthcheck", "now"], &[""]] {
            assert!(read(bad).expect_err("refused").contains("--help"));
        }
    }

    /// Both the help and the README describe every variable that is read.
    #[test]
    fn the_help_and_the_readme_name_every_variable() {
        let names = RefCell::new(Vec::new());
        let settings = Settings::read(|name| {
            names.borrow_mut().push(name.to_owned());
            None
        });
        settings.expect("defaults");
        assert!(names.borrow().len() > 10);
        for name in names.borrow().iter() {
            assert!(HELP.contains(&format!("\n  {name} ")), "{name} is not in the help");
            let readme = include_str!("../README.md");
            assert!(readme.contains(&format!("\n| `{name}` |")), "{name} is not in README.md");
        }
    }
}
