//! Starts a case's process.

use super::fd::Fd;
use super::isolate::isolate;
use super::lists::Lists;
use super::process;
use super::search::{self, LONGEST};
use super::sys::{self, EACCES, ENOENT, ENOTDIR};
use super::wire::end::{Refusal, Stage};
use super::wire::spec::Spec;

/// The reason why the process could not execute the program. The process writes it into memory that both share.
static mut REFUSAL: Option<Refusal> = None;
/// The buffer for the paths at which a program is looked for.
static mut PATH: [u8; LONGEST] = [0; LONGEST];

/// The parameters of a new process.
struct Launch<'a> {
    spec: &'a Spec<'static>,
    lists: &'a Lists,
    streams: [&'a Fd; 3],
}

/// Starts a case with these descriptors as its standard streams, and returns its process id.
///
/// # Errors
/// Returns the reason if it cannot be started.
pub(crate) fn launch(spec: &Spec<'static>, lists: &Lists, streams: [&Fd; 3]) -> Result<i32, Refusal> {
    let launch = Launch { spec, lists, streams };
    // SAFETY: this process, with its only thread, waits for the new one. The function ends by executing a program or by
    // exiting, and writes only to `REFUSAL` and to buffers that are not in use.
    let (pid, refusal) = unsafe {
        (&raw mut REFUSAL).write_volatile(None);
        let pid = process::vfork(become_program, (&raw const launch).cast());
        (pid, (&raw const REFUSAL).read_volatile())
    };
    match (pid, refusal) {
        (Err(errno), _) => Err(Refusal { stage: Stage::Resources, errno }),
        (Ok(_), Some(refusal)) => Err(refusal),
        (Ok(pid), None) => Ok(pid),
    }
}

unsafe extern "C" fn become_program(launch: *const u8) -> ! {
    // SAFETY: the argument is the one that `launch` passed.
    let refusal = prepare_and_execute(unsafe { &*launch.cast::<Launch<'_>>() });
    // SAFETY: the process that shares this memory waits.
    unsafe { (&raw mut REFUSAL).write_volatile(Some(refusal)) };
    sys::exit(127)
}

fn prepare_and_execute(launch: &Launch<'_>) -> Refusal {
    let Launch { spec, lists, streams } = launch;
    process::new_session();
    process::block_signals(0);
    process::ignore_signal(sys::SIGPIPE, false);
    for (stream, number) in streams.iter().zip(0..) {
        if let Err(errno) = stream.duplicate_to(number) {
            return Refusal { stage: Stage::Resources, errno };
        }
    }
    if spec.settings.is_isolated
        && let Err(errno) = isolate()
    {
        return Refusal { stage: Stage::Isolation, errno };
    }
    if let Some(directory) = spec.working_dir()
        && let Err(errno) = process::change_directory(directory.as_ptr())
    {
        return Refusal { stage: Stage::WorkingDir, errno };
    }
    let program = spec.arguments().next().unwrap_or(b"\0");
    Refusal { stage: Stage::Program, errno: execute(program, lists) }
}

/// Executes the program, which is looked for in `PATH` if its name has no slash. Returns only the error number.
fn execute(program: &[u8], lists: &Lists) -> i32 {
    if program.contains(&b'/') {
        // SAFETY: all strings end in NUL, and both lists in a null pointer.
        return unsafe { process::execute(program.as_ptr(), lists.arguments, lists.variables) };
    }
    let Some(name) = program.strip_suffix(&[0]).filter(|name| !name.is_empty()) else { return ENOENT };
    // SAFETY: the buffer is not used elsewhere, and the process that shares this memory waits.
    let path = unsafe { &mut *(&raw mut PATH) };
    let mut reason = ENOENT;
    for directory in search::directories(lists.path) {
        if !search::join(directory, name, path) {
            continue;
        }
        // SAFETY: as above.
        match unsafe { process::execute(path.as_ptr(), lists.arguments, lists.variables) } {
            ENOENT | ENOTDIR => {}
            // As a shell does it: an executable in a later directory wins, else this is the error.
            EACCES => reason = EACCES,
            errno => return errno,
        }
    }
    reason
}
