//! The process that created a resource, as a label: precise enough to tell its death from a mere lack of knowledge.

use std::fmt;
use std::fs;

use crate::config::{fnv1a, parse_stat};

/// A process's identity, unique over process ids used again, PID namespaces, reboots and machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The process id in its own PID namespace.
    pid: u32,
    /// The start time in clock ticks since the boot, as its own time namespace shows it.
    start: u64,
    place: Place,
    /// The host name, for people.
    host: String,
}

/// The scope of a process id and a start time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The PID namespace.
    pid_namespace: String,
    /// The time namespace; empty on a kernel without them.
    time_namespace: String,
    /// The id of the machine's boot.
    boot: String,
    /// A digest of the machine's id and host name. `None` on a machine without an id.
    machine: Option<String>,
}

/// The result of a look at one process id of this PID namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Process {
    Absent,
    /// Present, with its start time.
    Started(u64),
    /// Present; its start time can't be read.
    Hidden,
}

impl Owner {
    /// Returns this process's identity. `None` if the kernel does not tell all of it.
    pub(crate) fn current() -> Option<Self> {
        let (_, start) = parse_stat(&fs::read_to_string("/proc/self/stat").ok()?)?;
        Some(Self { pid: std::process::id(), start, place: Place::current()?, host: host_name() })
    }

    /// Reads what `Display` wrote; `None` if it is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // Last, since a host name may have any character.
        let (fields, host) = text.split_once(" host=")?;
        let field = |name: &str| {
            fields.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
        };
        let pid = field("pid")?.parse().ok().filter(|pid| (1..=i32::MAX.cast_unsigned()).contains(pid))?;
        let place = Place {
            pid_namespace: field("pidns")?,
            time_namespace: field("timens")?,
            boot: field("boot")?,
            machine: field("machine").filter(|machine| !machine.is_empty()),
        };
        Some(Self { pid, start: field("start")?.parse().ok()?, place, host: host.to_owned() })
    }

    /// Returns `<pid>@<host name>`, for people.
    pub(crate) fn short(&self) -> String {
        format!("{}@{}", self.pid, self.host)
    }

    /// Returns `true` if the process has ended for certain. About processes of other machines and of other PID
    /// namespaces nothing is certain.
    pub(crate) fn has_ended(&self, here: &Place) -> bool {
        self.has_ended_by(here, look)
    }

    fn has_ended_by(&self, here: &Place, look: impl Fn(u32) -> Process) -> bool {
        if self.place.boot != here.boot {
            // This machine has been booted since; another machine may be running still.
            return self.place.machine.is_some() && self.place.machine == here.machine;
        }
        if self.place.pid_namespace != here.pid_namespace {
            return false;
        }
        match look(self.pid) {
            Process::Absent => true,
            // Each time namespace shows times of its own.
            Process::Started(start) => {
                start != self.start && self.place.time_namespace == here.time_namespace
            }
            Process::Hidden => false,
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, start, place, host } = self;
        let Place { pid_namespace, time_namespace, boot, machine } = place;
        let machine = machine.as_deref().unwrap_or_default();
        write!(
            f,
            "pid={pid} start={start} pidns={pid_namespace} timens={time_namespace} boot={boot} machine={machine} \
             host={host}"
        )
    }
}

impl Place {
    /// Returns this process's place. `None` if the kernel does not tell it.
    pub(crate) fn current() -> Option<Self> {
        let namespace = |kind: &str| {
            let link = fs::read_link(format!("/proc/self/ns/{kind}")).ok()?;
            Some(link.to_str()?.trim_start_matches(kind).trim_matches([':', '[', ']']).to_owned())
        };
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned();
        Some(Self {
            pid_namespace: namespace("pid")?,
            time_namespace: namespace("time").unwrap_or_default(),
            boot: Some(boot).filter(|boot| !boot.is_empty())?,
            machine: machine(),
        })
    }
}

/// Returns a digest of the machine's id, which is not for others to know, and its host name.
fn machine() -> Option<String> {
    let id = fs::read_to_string("/etc/machine-id").ok()?;
    let id = id.trim();
    // systemd writes `uninitialized` before the first boot.
    let is_id = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| format!("{:016x}", fnv1a(format!("{id} {}", host_name()).as_bytes())))
}

fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// Looks for a process of this process's PID namespace.
#[expect(unsafe_code, reason = "std has no way to ask for a process that is no child")]
fn look(pid: u32) -> Process {
    // `/proc` would not do: with `hidepid` it hides the processes of others.
    // SAFETY: signal 0 is sent to nobody, and `kill` has no memory to go wrong with.
    let refused = unsafe { libc::kill(pid.cast_signed(), 0) } != 0;
    if refused && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) {
        return Process::Absent;
    }
    // `/proc` may be that of another PID namespace, where the same number is another process.
    let is_own =
        fs::read_link("/proc/self").is_ok_and(|own| own.to_str() == Some(&std::process::id().to_string()));
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok().filter(|_| is_own);
    stat.and_then(|stat| parse_stat(&stat)).map_or(Process::Hidden, |(_, start)| Process::Started(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An owner and the place of the process that judges it, alike in all.
    fn owner() -> (Owner, Place) {
        let place = Place {
            pid_namespace: "4026531836".into(),
            time_namespace: "4026531834".into(),
            boot: "b".into(),
            machine: Some("m".into()),
        };
        (Owner { pid: 7, start: 100, place: place.clone(), host: "a b".into() }, place)
    }

    #[test]
    fn an_owner_is_read_as_it_was_written() {
        let (owner, _) = owner();
        let nowhere = Owner { place: Place { machine: None, ..owner.place.clone() }, ..owner.clone() };
        for owner in [owner, nowhere, Owner::current().expect("/proc is there")] {
            assert_eq!(Owner::parse(&owner.to_string()), Some(owner));
        }
    }

    #[test]
    fn a_text_of_another_form_is_no_owner() {
        let (owner, _) = owner();
        let text = owner.to_string();
        for other in [
            "".to_owned(),
            "12@host".to_owned(),
            text.replace("pid=7", "pid=0"),
            text.replace("pid=7", "pid=4294967295"),
            text.replace("start=100", "start=x"),
            text.replace(" boot=b", ""),
            text.replace(" pidns=", " "),
        ] {
            assert_eq!(Owner::parse(&other), None, "{other}");
        }
    }

    /// X9: *pure*.
    #[test]
    fn a_process_has_ended_only_if_that_is_certain() {
        let (owner, here) = owner();
        let ended = |here: &Place, process| owner.has_ended_by(here, |_| process);
        for (process, expected) in [
            (Process::Absent, true),
            (Process::Started(101), true),
            (Process::Started(100), false),
            (Process::Hidden, false),
        ] {
            assert_eq!(ended(&here, process), expected, "{process:?}");
        }
        let elsewhere = Place { pid_namespace: "1".into(), ..here.clone() };
        assert!(!ended(&elsewhere, Process::Absent), "its number means another process here");
        let other_clock = Place { time_namespace: "1".into(), ..here.clone() };
        assert!(!ended(&other_clock, Process::Started(101)), "the same time looks different here");
        assert!(ended(&other_clock, Process::Absent));
    }

    /// X9: *pure*.
    #[test]
    fn a_boot_ends_the_processes_of_the_same_machine_alone() {
        let (owner, here) = owner();
        let rebooted = Place { boot: "c".into(), ..here };
        let ended = |owner: &Owner, here: &Place| owner.has_ended_by(here, |_| Process::Started(100));
        assert!(ended(&owner, &rebooted));
        assert!(!ended(&owner, &Place { machine: Some("n".into()), ..rebooted.clone() }));
        let nameless = Owner { place: Place { machine: None, ..owner.place.clone() }, ..owner };
        assert!(!ended(&nameless, &Place { machine: None, ..rebooted }), "two machines without an id");
    }

    #[test]
    fn this_process_runs_and_one_with_its_id_and_another_start_has_ended() {
        let (own, here) = (Owner::current().expect("/proc is there"), Place::current().expect("the same"));
        assert!(!own.has_ended(&here));
        assert!(Owner { start: own.start + 1, ..own.clone() }.has_ended(&here));
        assert!(Owner { pid: i32::MAX.cast_unsigned(), ..own }.has_ended(&here), "no kernel has so many");
    }
}
