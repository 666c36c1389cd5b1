//! The command line: what the program does, and its help. What it is to do it with comes from the environment.

use std::ffi::OsString;

/// What the program is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// To serve and reap.
    Reap,
    /// Whether a reaper listens here.
    Healthcheck,
    /// The text of [`HELP`].
    Help,
    /// Its version.
    Version,
}

/// What `--help` prints.
pub const HELP: &str = "\
Waits for its clients to be gone, and deletes what matches the filters that they left: containers with their anonymous
volumes, networks, volumes, images. Speaks the protocol of testcontainers/ryuk.

Usage: seatrial-reaper [COMMAND]

Commands:
  (none)       serves until all is reaped; exit code 0: done, 1: an error, or something is left
  healthcheck  exit code 0 if a reaper listens here
  --help       prints this
  --version    prints the version

Variables, as in ryuk (an empty one counts as unset; times as in `1m30s`, `500ms`):
  RYUK_PORT                    the port, 0 for any [8080; 0 with REAPER_ADDRESS_FILE]
  RYUK_CONNECTION_TIMEOUT      how long the first client may take [60s]
  RYUK_RECONNECTION_TIMEOUT    how long a session's last client may be gone [10s]
  RYUK_REQUEST_TIMEOUT         how long the engine may take to answer [10s]
  RYUK_REMOVE_RETRIES          how often in a row nothing may go before it is given up; and not before so many request
                               time-outs have passed [10]
  RYUK_RETRY_OFFSET            from a check to the moment after which what was created counts as a change [-1s]
  RYUK_CHANGES_RETRY_INTERVAL  how long after a change it is checked again [1s]
  RYUK_SHUTDOWN_TIMEOUT        how long changes can postpone a prune, and how long a prune can last [10m]
  RYUK_VERBOSE                 says what goes, one by one [false]
  DOCKER_HOST                  the engine: unix:///path, tcp://host:port [unix:///var/run/docker.sock]
  DOCKER_CERT_PATH             speaks TLS to a tcp:// engine, with ca.pem, cert.pem and key.pem of this folder [plain]
  DOCKER_TLS_VERIFY            with certificates: any text has the engine's checked, against ca.pem [no check]

Variables of its own:
  REAPER_ADDRESS_FILE          for a reaper that is a process on the host: listens on 127.0.0.1 only, and tells
                               `address:port` and the token, on two lines, in this file, which it holds locked (flock)
                               and deletes at its end; if another reaper holds it, ends at once with exit code 0
  REAPER_TOKEN                 what a connection has to begin with, as `auth=TOKEN` [nothing]
  REAPER_REQUIRED_LABEL        what each filter has to hold, `key` or `key=value` [nothing]
  REAPER_REPORT                a file that the report is written to, too [none]
  REAPER_DRY_RUN               says what would go, and removes nothing [false]
";

impl Command {
    /// Reads the arguments, without the program's name.
    ///
    /// # Errors
    /// A message for people, if they are none that it knows.
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
    format!("`{}` is no argument of this program; see `--help`", argument.to_string_lossy().escape_debug())
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

    /// Every variable that is read is told of, and in both places.
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
