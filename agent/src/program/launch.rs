//! The start of a case's process.

use super::fd::Fd;
use super::isolate::isolate;
use super::lists::Lists;
use super::process;
use super::search::{self, LONGEST};
use super::sys::{self, EACCES, ENOENT, ENOTDIR};
use super::wire::end::{Refusal, Stage};
use super::wire::spec::Spec;

/// Why the process could not become the program; written by the process itself, in memory that both have.
static mut REFUSAL: Option<Refusal> = None;
/// The path that a program is looked for at.
static mut PATH: [u8; LONGEST] = [0; LONGEST];

/// What the process needs.
struct Launch<'a> {
    spec: &'a Spec<'static>,
    lists: &'a Lists,
    streams: [&'a Fd; 3],
}

/// Starts a case with these descriptors as its standard streams; its process id.
///
/// # Errors
/// Why it can't be.
pub(crate) fn launch(spec: &Spec<'static>, lists: &Lists, streams: [&Fd; 3]) -> Result<i32, Refusal> {
    let launch = Launch { spec, lists, streams };
    // SAFETY: one thread, which is not the process that is made; the function ends in another program or an exit, and
    // writes nothing but the two values here.
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
    // SAFETY: what `launch` gave.
    let refusal = prepare_and_execute(unsafe { &*launch.cast::<Launch<'_>>() });
    // SAFETY: the other process waits.
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
    if let Some(workdir) = spec.workdir()
        && let Err(errno) = process::change_directory(workdir.as_ptr())
    {
        return Refusal { stage: Stage::Workdir, errno };
    }
    let program = spec.arguments().next().unwrap_or(b"\0");
    Refusal { stage: Stage::Program, errno: execute(program, lists) }
}

/// Becomes the program: looked for if its name holds no slash. Returns the number of the error.
fn execute(program: &[u8], lists: &Lists) -> i32 {
    if program.contains(&b'/') {
        // SAFETY: all texts end in NUL, and both lists in a null.
        return unsafe { process::execute(program.as_ptr(), lists.arguments, lists.variables) };
    }
    let Some(name) = program.strip_suffix(&[0]).filter(|name| !name.is_empty()) else { return ENOENT };
    // SAFETY: nobody else uses it: the process that shares this memory waits.
    let path = unsafe { &mut *(&raw mut PATH) };
    let mut reason = ENOENT;
    for directory in search::directories(lists.path) {
        if !search::join(directory, name, path) {
            continue;
        }
        // SAFETY: as above.
        match unsafe { process::execute(path.as_ptr(), lists.arguments, lists.variables) } {
            ENOENT | ENOTDIR => {}
            // It may be what is meant, or another may be further on.
            EACCES => reason = EACCES,
            errno => return errno,
        }
    }
    reason
}
