//! Runs in containers: ends the processes of commands that are out of time, whoever runs them.
//!
//! `agent end MARK[@PID]…` ends all processes with one of these marks in their environment, their descendants, and who
//! shares a session with them; so too the process PID, if it was put into the container from outside and has cleared
//! its environment. It prints `ended=N left=N unreaped=N unseen=N` and exits with 0 if none is left, 1 if some are, 2 if it was
//! called wrongly, 3 if it can't see the processes.

#![no_std]
#![no_main]
#![no_builtins]

mod ending;
mod environ;
mod memory;
mod number;
mod stat;
mod sys;
mod table;

use ending::{Outcome, Signal, World};
use environ::MarkFinder;
use table::{Asker, Process, Table};

/// As many marks as can be given at once.
const MOST_MARKS: usize = 64;

/// Two looks at all processes; in memory only as far as they are filled.
static mut NOW: Table = Table::new();
static mut BEFORE: Table = Table::new();

#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(".globl _start", "_start:", "mov rdi, rsp", "and rsp, -16", "call {main}", main = sym main);

#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(".globl _start", "_start:", "mov x0, sp", "bl {main}", main = sym main);

/// Called with what the kernel puts on the stack: the number of arguments, and then pointers to them.
unsafe extern "C" fn main(stack: *const usize) -> ! {
    // SAFETY: the kernel's layout; the arguments stay where they are for as long as the process lives.
    let arguments = unsafe { Arguments { count: *stack, first: stack.add(1).cast() } };
    if arguments.get(1) != Some(b"end") {
        refuse(b"agent: the only command is `end MARK[@PID]...`\n");
    }
    let mut wanted = Wanted { marks: [&[]; MOST_MARKS], roots: [0; MOST_MARKS], count: 0 };
    for at in 2..arguments.count {
        if !arguments.get(at).is_some_and(|argument| wanted.add(argument)) {
            refuse(b"agent: not a mark, or one too many\n");
        }
    }
    // SAFETY: there is one thread, and this is the only place that names them.
    let (now, before) = unsafe { (&mut *(&raw mut NOW), &mut *(&raw mut BEFORE)) };
    match ending::end(&mut wanted, now, before) {
        Ok(outcome) => {
            tell(outcome);
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
        unsafe {
            let text = *self.first.add(at);
            let mut length = 0;
            while *text.add(length) != 0 {
                length += 1;
            }
            Some(core::slice::from_raw_parts(text, length))
        }
    }
}

/// Whose processes are to end.
struct Wanted {
    marks: [&'static [u8]; MOST_MARKS],
    /// The command's first process, where it is known; else 0.
    roots: [i32; MOST_MARKS],
    count: usize,
}

impl Wanted {
    /// Takes `MARK` or `MARK@PID`; whether it could.
    fn add(&mut self, argument: &'static [u8]) -> bool {
        let mut parts = argument.splitn(2, |byte| *byte == b'@');
        let mark = parts.next().unwrap_or_default();
        let root = match parts.next() {
            None => Some(0),
            Some(pid) => number::parse(pid),
        };
        let Some(root) = root.filter(|_| !mark.is_empty() && self.count < MOST_MARKS) else { return false };
        (self.marks[self.count], self.roots[self.count]) = (mark, root);
        self.count += 1;
        true
    }

    fn has_root(&self, pid: i32) -> bool {
        self.roots[..self.count].contains(&pid)
    }

    fn has_mark(&self, mark: &[u8]) -> bool {
        self.marks[..self.count].contains(&mark)
    }

    /// A process as it is now; nothing if it is gone.
    fn read(&self, pid: i32) -> Option<Process> {
        let mut buffer = [0; 1024];
        let stat = stat::parse(sys::File::open(&path(pid, b"/stat\0"))?.read(&mut buffer))?;
        // What has no parent in the container was put into it from outside; another may have got the id since.
        let is_root = stat.parent == 0 && self.has_root(pid);
        let is_marked = self.is_marked(pid);
        Some(Process {
            pid,
            parent: stat.parent,
            session: stat.session,
            is_zombie: matches!(stat.state, b'Z' | b'X'),
            is_marked: is_root || is_marked == Some(true),
            is_unseen: is_marked.is_none(),
            is_chosen: false,
        })
    }

    /// Whether its environment holds one of the marks; nothing if it may not be read.
    fn is_marked(&self, pid: i32) -> Option<bool> {
        let file = sys::File::open(&path(pid, b"/environ\0"))?;
        let mut finder = MarkFinder::new();
        let mut buffer = [0; 4096];
        loop {
            let piece = file.read(&mut buffer);
            if piece.is_empty() {
                break;
            }
            finder.feed(piece);
        }
        Some(finder.mark().is_some_and(|mark| self.has_mark(mark)))
    }
}

impl World for Wanted {
    fn look(&mut self, table: &mut Table) -> Result<(), &'static str> {
        let proc = sys::File::open(b"/proc\0").ok_or("agent: /proc can't be read\n")?;
        let mut buffer = [0; 4096];
        let mut has_any = false;
        loop {
            let entries = proc.entries(&mut buffer);
            if entries.is_empty() {
                break;
            }
            for pid in Pids(entries) {
                has_any = true;
                let Some(process) = self.read(pid) else { continue };
                if !table.add(process) {
                    return Err("agent: there are too many processes\n");
                }
            }
        }
        if has_any { Ok(()) } else { Err("agent: /proc shows no processes\n") }
    }

    fn signal(&mut self, pid: i32, signal: Signal) -> bool {
        let signal = match signal {
            Signal::Stop => sys::SIGSTOP,
            Signal::Kill => sys::SIGKILL,
        };
        sys::signal(pid, signal)
    }

    fn pause(&mut self, milliseconds: u32) {
        sys::pause(milliseconds);
    }

    fn asker(&self) -> Asker {
        Asker { pid: sys::pid(), session: sys::session() }
    }
}

/// The entries of a directory whose names are numbers. Each is its number, a place, its length in two bytes, its type
/// in one, and its name with a NUL.
struct Pids<'a>(&'a [u8]);

impl Iterator for Pids<'_> {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        loop {
            let length = usize::from(u16::from_ne_bytes([*self.0.get(16)?, *self.0.get(17)?]));
            let (entry, rest) = self.0.split_at_checked(length)?;
            self.0 = rest;
            let name = entry.get(19..)?;
            let end = name.iter().position(|byte| *byte == 0)?;
            if let Some(pid) = number::parse(&name[..end]) {
                return Some(pid);
            }
        }
    }
}

/// `/proc/<pid>` and what follows it.
fn path(pid: i32, below: &[u8]) -> [u8; 32] {
    let mut path = [0; 32];
    path[..6].copy_from_slice(b"/proc/");
    let end = 6 + number::write(pid as u32, &mut path[6..]);
    path[end..end + below.len()].copy_from_slice(below);
    path
}

fn tell(outcome: Outcome) {
    let mut line = [0; 80];
    let mut end = 0;
    let words: [(&[u8], u32); 4] = [
        (b"ended=", outcome.ended),
        (b" left=", outcome.left),
        (b" unreaped=", outcome.unreaped),
        (b" unseen=", outcome.unseen),
    ];
    for (word, number) in words {
        line[end..end + word.len()].copy_from_slice(word);
        end += word.len();
        end += number::write(number, &mut line[end..]);
    }
    line[end] = b'\n';
    sys::write(1, &line[..=end]);
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
