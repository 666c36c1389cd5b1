//! The agent: the program that the library runs in containers.
//!
//! `agent end MARK[@PID]…` kills the processes that have one of these marks in their environment, their descendants,
//! and the other processes of their sessions. It also kills the process PID, if that was started by the engine, even if
//! it has cleared its environment. It prints `ended=N left=N unreaped=N unseen=N`. The exit codes are 0 if no process
//! is left, 1 if some are, 2 for wrong arguments and 3 if `/proc` cannot be read.
//!
//! `agent serve` runs cases. It reads them as frames from standard input and writes their output and results as frames
//! to standard output. At the end of standard input it kills all running cases and exits with 0. It exits with 4 if the
//! kernel lacks a feature and with 5 if the library's protocol version differs. Messages for people go to standard
//! error.
//!
//! `agent main` does the same as a container's main process, with two differences: at the end of standard input it
//! kills all running cases but keeps running, and `SIGTERM` and similar signals end it at once.
//!
//! `agent put` extracts a tar archive from standard input at the container's root. `agent get PATH` writes a file or
//! directory to standard output as a tar archive. `agent await PATH` exits with 0 once the path exists, and with 1 if it
//! does not exist within two seconds. All three see the mounts that the container has. If one of them fails, it prints
//! `errno N PATH` on standard error and exits with 6.

#![no_std]
#![no_main]
#![no_builtins]

mod case;
mod ending;
mod environ;
mod fd;
mod get;
mod input;
mod isolate;
mod launch;
mod lists;
mod mark;
mod marked;
mod memory;
mod mounts;
mod number;
mod numbers;
mod outbox;
mod path;
mod proc;
mod process;
mod put;
mod search;
mod serve;
mod stat;
mod sweep;
mod sys;
mod table;
mod tar;
mod tree;
mod wire;
mod worker;

use lists::{Environment, text_at};
use marked::Marked;

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(".globl _start", "_start:", "mov rdi, rsp", "and rsp, -16", "call {main}", main = sym main);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(".globl _start", "_start:", "mov x0, sp", "bl {main}", main = sym main);

/// Runs the command. The kernel has put on the stack: the number of arguments, pointers to them, a null pointer, and
/// pointers to the variables.
unsafe extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: this is the kernel's layout, and the strings stay valid for as long as the process lives.
    let (arguments, environment) = unsafe {
        let count = *stack;
        (Arguments { count, first: stack.add(1).cast() }, Environment(stack.add(count + 2).cast()))
    };
    match arguments.get(1) {
        Some(b"end") => end(&arguments),
        Some(b"serve") => serve::serve(environment, false),
        Some(b"main") => serve::serve(environment, true),
        Some(b"put") => put::put(),
        Some(b"get") => get::get(path(&arguments)),
        Some(b"await") => tree::wait_for(path(&arguments)),
        _ => refuse(b"agent: the commands are `end MARK[@PID]...`, `serve`, `main`, `put`, `get PATH` and `await PATH`\n"),
    }
}

fn end(arguments: &Arguments) -> ! {
    let mut wanted = Marked::new();
    for at in 2..arguments.count {
        if !arguments.get(at).is_some_and(|argument| wanted.add(argument)) {
            refuse(b"agent: an argument is not MARK[@PID], or there are too many\n");
        }
    }
    // SAFETY: there is one thread, and this is the only user of the tables.
    let (now, before) = unsafe { sweep::tables() };
    match ending::end(&mut wanted, now, before) {
        Ok(outcome) => {
            marked::print(outcome);
            sys::exit(u8::from(outcome.left > 0))
        }
        Err(reason) => {
            sys::write(2, reason.as_bytes());
            sys::exit(3)
        }
    }
}

/// Returns the path that a command is given.
fn path(arguments: &Arguments) -> path::Path {
    let path = arguments.get(2).and_then(path::Path::new);
    path.unwrap_or_else(|| refuse(b"agent: there is no path, or it is too long\n"))
}

struct Arguments {
    count: usize,
    first: *const *const u8,
}

impl Arguments {
    fn get(&self, at: usize) -> Option<&'static [u8]> {
        if at >= self.count {
            return None;
        }
        // SAFETY: the kernel provides `count` strings, each with a NUL at its end.
        unsafe { text_at(*self.first.add(at)) }.strip_suffix(&[0])
    }
}

fn refuse(reason: &[u8]) -> ! {
    sys::write(2, reason);
    sys::exit(2)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::write(2, b"agent: internal error\n");
    sys::exit(101)
}
