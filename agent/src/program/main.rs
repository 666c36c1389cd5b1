//! Runs in containers.
//!
//! `agent end MARK[@PID]…` ends all processes with one of these marks in their environment, their descendants, and who
//! shares a session with them; so too the process PID, if it was put into the container from outside and has cleared
//! its environment. It prints `ended=N left=N unreaped=N unseen=N` and exits with 0 if none is left, 1 if some are, 2
//! if it was called wrongly, 3 if it can't see the processes.
//!
//! `agent serve` runs cases, which come as frames on standard input; what they print and how they end goes to standard
//! output. When standard input ends, it ends all cases that run, and exits with 0; with 4 if the kernel lacks something,
//! with 5 if the library speaks another version. What it has to say to people goes to standard error.
//!
//! `agent main` does the same as a container's main process: when standard input ends, it ends all cases that run, and
//! stays; `SIGTERM` and its like end it at once.

#![no_std]
#![no_main]
#![no_builtins]

mod case;
mod ending;
mod environ;
mod fd;
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
mod proc;
mod process;
mod search;
mod serve;
mod stat;
mod sweep;
mod sys;
mod table;
mod wire;
mod worker;

use lists::{Environment, text_at};
use marked::Marked;

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(".globl _start", "_start:", "mov rdi, rsp", "and rsp, -16", "call {main}", main = sym main);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(".globl _start", "_start:", "mov x0, sp", "bl {main}", main = sym main);

/// Called with what the kernel puts on the stack: the number of arguments, pointers to them, a null, and pointers to
/// the variables.
unsafe extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: the kernel's layout; the texts stay where they are for as long as the process lives.
    let (arguments, environment) = unsafe {
        let count = *stack;
        (Arguments { count, first: stack.add(1).cast() }, Environment(stack.add(count + 2).cast()))
    };
    match arguments.get(1) {
        Some(b"end") => end(&arguments),
        Some(b"serve") => serve::serve(environment, false),
        Some(b"main") => serve::serve(environment, true),
        _ => refuse(b"agent: the commands are `end MARK[@PID]...`, `serve` and `main`\n"),
    }
}

fn end(arguments: &Arguments) -> ! {
    let mut wanted = Marked::new();
    for at in 2..arguments.count {
        if !arguments.get(at).is_some_and(|argument| wanted.add(argument)) {
            refuse(b"agent: not a mark, or one too many\n");
        }
    }
    // SAFETY: there is one thread, and nobody else asks for them.
    let (now, before) = unsafe { sweep::tables() };
    match ending::end(&mut wanted, now, before) {
        Ok(outcome) => {
            marked::tell(outcome);
            sys::exit(u8::from(outcome.left > 0))
        }
        Err(reason) => {
            sys::write(2, reason.as_bytes());
            sys::exit(3)
        }
    }
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
        // SAFETY: the kernel gives that many texts, each with a NUL at its end.
        unsafe { text_at(*self.first.add(at)) }.strip_suffix(&[0])
    }
}

fn refuse(reason: &[u8]) -> ! {
    sys::write(2, reason);
    sys::exit(2)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    sys::write(2, b"agent: a bug\n");
    sys::exit(101)
}
