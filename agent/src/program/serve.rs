//! `agent serve` and `agent main`: take cases from standard input and hand each to the worker of its slot.
//!
//! Workers are made when they are needed, stay, and answer by themselves. This process only passes on what comes, and
//! looks after workers that die. As a container's main process it keeps the container running, too: it goes on when
//! standard input has ended, reaps whatever comes to it, and ends at once when it is told to.

use super::fd::{Fd, POLLIN, POLLOUT, Poll, poll};
use super::lists::Environment;
use super::mark::Mark;
use super::outbox::Outbox;
use super::process::{self, Children, Ended};
use super::sweep::sweep;
use super::sys::{self, SIGCHLD, SIGPIPE};
use super::wire::end::{Refusal, Stage};
use super::wire::frame::{Frame, Kind, SLOTS, VERSION, hello, version_of};
use super::worker::work;

const BUFFER: usize = 64 * 1024;
/// How long workers get to end their cases once nobody wants them any more: so many looks, 10 ms apart.
const LOOKS: u32 = 500;

/// The ends of children.
const CHILDREN: u64 = 1 << (SIGCHLD - 1);
/// What a main process is told to end by: `SIGHUP`, `SIGINT`, `SIGQUIT` and `SIGTERM`. The kernel keeps from a container's
/// first process whatever it has no use for.
const ENDS: u64 = 1 | 1 << 1 | 1 << 2 | 1 << 14;
/// All signals that can be blocked.
const ALL: u64 = u64::MAX;

static mut INCOMING: [u8; BUFFER] = [0; BUFFER];
static mut SLOTS_USED: Slots = Slots([const { Slot { worker: None, number: 0 } }; SLOTS]);

struct Slot {
    /// Its process, and the way to it.
    worker: Option<(i32, Fd)>,
    /// The last case.
    number: u32,
}

struct Slots([Slot; SLOTS]);

impl Slots {
    /// The slot whose worker has ended, without it from now on.
    fn take(&mut self, pid: i32) -> Option<(u8, u32)> {
        let is_its = |slot: &Slot| slot.worker.as_ref().is_some_and(|(worker, _)| *worker == pid);
        let (at, slot) = self.0.iter_mut().enumerate().find(|(_, slot)| is_its(slot))?;
        slot.worker = None;
        Some((at as u8, slot.number))
    }
}

struct Server {
    stdin: Fd,
    children: Fd,
    outbox: Outbox,
    slots: &'static mut Slots,
    environment: Environment,
    /// Whether the orphans of workers that are gone come to it.
    adopts: bool,
    /// Whether it keeps a container running.
    is_main: bool,
}

/// Serves until standard input ends; a main process until it is told to end.
pub(crate) fn serve(environment: Environment, is_main: bool) -> ! {
    // A case may signal every process that it can see: only `SIGKILL` and `SIGSTOP` get through.
    process::block_signals(ALL);
    let mask = if is_main { CHILDREN | ENDS } else { CHILDREN };
    process::ignore_signal(SIGPIPE, true);
    let adopts = process::adopt_orphans();
    let Ok(children) = Fd::signals(mask) else {
        fail(b"agent: the kernel can't tell of the ends of children\n", 4);
    };
    // SAFETY: there is one thread, and this is called once.
    let (slots, incoming) = unsafe { (&mut *(&raw mut SLOTS_USED), &mut *(&raw mut INCOMING)) };
    let outbox = Outbox::new(Fd::adopt(1));
    outbox.fd().do_not_block();
    let mut server = Server { stdin: Fd::adopt(0), children, outbox, slots, environment, adopts, is_main };
    server.outbox.push(Kind::Hello, 0, 0, &hello());
    let mut length = 0;
    loop {
        server.outbox.flush();
        let is_empty = server.outbox.is_empty();
        let mut polls = [
            Poll::new(&server.stdin, POLLIN),
            Poll::new(&server.children, POLLIN),
            if is_empty { Poll::NONE } else { Poll::new(server.outbox.fd(), POLLOUT) },
        ];
        poll(&mut polls, None);
        if polls[0].is_ready() {
            match server.stdin.read(&mut incoming[length..]) {
                Ok(0) | Err(_) => server.finish(),
                Ok(read) => length += read,
            }
            let taken = server.take(&incoming[..length]);
            incoming.copy_within(taken..length, 0);
            length -= taken;
        }
        if polls[1].is_ready() {
            server.look_after_workers();
        }
    }
}

impl Server {
    /// Passes on all frames that are there; how many bytes they took.
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        loop {
            match Frame::parse(&bytes[taken..]) {
                Ok(Some((frame, length))) => {
                    self.pass_on(&frame, &bytes[taken..taken + length]);
                    taken += length;
                }
                Ok(None) => return taken,
                Err(_) => {
                    sys::write(2, b"agent: what comes is not what is agreed on\n");
                    self.finish();
                }
            }
        }
    }

    fn pass_on(&mut self, frame: &Frame<'_>, bytes: &[u8]) {
        if frame.kind == Kind::Hello {
            if version_of(frame.payload) != Some(VERSION) {
                fail(b"agent: the library speaks another version\n", 5);
            }
            if self.is_main {
                // Nobody may have been there to hear the first.
                self.outbox.push(Kind::Hello, 0, 0, &hello());
            }
            return;
        }
        let at = usize::from(frame.slot);
        if frame.kind == Kind::Run {
            self.slots.0[at].number = frame.number;
            if self.slots.0[at].worker.is_none()
                && let Err(errno) = self.make_worker(frame.slot)
            {
                let refusal = Refusal { stage: Stage::Resources, errno };
                self.outbox.push(Kind::Refused, frame.slot, frame.number, &refusal.to_bytes());
                return;
            }
        }
        if let Some((_, control)) = &self.slots.0[at].worker {
            // A worker that is gone is noticed by its end.
            control.write(bytes).ok();
        }
    }

    fn make_worker(&mut self, slot: u8) -> Result<(), i32> {
        let (ours, its) = Fd::pair()?;
        match process::fork()? {
            0 => {
                // Their ends must not be held open by anybody else, or nobody would notice ours.
                drop(ours);
                self.slots.0.iter_mut().for_each(|slot| slot.worker = None);
                work(slot, its, self.environment)
            }
            pid => {
                self.slots.0[usize::from(slot)].worker = Some((pid, ours));
                Ok(())
            }
        }
    }

    /// Ends what workers that are gone have left, and tells of their cases.
    fn look_after_workers(&mut self) {
        self.take_signal();
        // A case may have stopped them; to those that run, this signal means nothing.
        for (worker, _) in self.slots.0.iter().filter_map(|slot| slot.worker.as_ref()) {
            process::go_on(*worker);
        }
        let mut lost: [Option<(u32, i32)>; SLOTS] = [None; SLOTS];
        let mut has_lost = false;
        while let Children::Ended(ended) = process::reap() {
            has_lost |= note(self.slots, &mut lost, &ended);
        }
        if !has_lost {
            return;
        }
        // Workers that end during it are for the next look.
        loop {
            let workers: [i32; SLOTS] =
                core::array::from_fn(|at| self.slots.0[at].worker.as_ref().map_or(0, |(pid, _)| *pid));
            let slots = &mut *self.slots;
            let mut has_more = false;
            let mut left = 0;
            let marks = lost.map(|lost| lost.filter(|_| !self.adopts).map(|(case, pid)| Mark::of(case, pid)));
            let marks = marks.iter().flatten().map(Some);
            for mark in marks.chain(self.adopts.then_some(None)) {
                let outcome = sweep(mark, &|pid| workers.contains(&pid), &mut |ended| {
                    has_more |= note(slots, &mut lost, ended);
                });
                left += outcome.left;
            }
            if has_more {
                continue;
            }
            for (slot, lost) in (0..).zip(lost) {
                if let Some((number, _)) = lost {
                    self.outbox.push(Kind::Lost, slot, number, &left.to_le_bytes());
                }
            }
            return;
        }
    }

    /// Takes a signal that came. One that ends the process ends the container with it, if this is its first process.
    fn take_signal(&self) {
        // The kernel's `struct signalfd_siginfo`: the first word is the signal's number, the fourth its sender, which is 0
        // if it is not in the container.
        let mut signal = [0; 128];
        if self.children.read(&mut signal).is_err() || i32::from(signal[0]) == SIGCHLD {
            return;
        }
        // The container's first process, or the child of its init, is ended from outside, or by its parent: not by a case.
        let sender = i32::from_le_bytes([signal[12], signal[13], signal[14], signal[15]]);
        let is_first = sys::pid() == 1 || sys::parent() == 1;
        if !is_first || sender == 0 || sender == sys::parent() {
            sys::exit(128 + signal[0]);
        }
    }

    /// Nobody wants anything any more.
    fn finish(&mut self) -> ! {
        // Their ends of the ways to them tell the workers.
        let mut count = 0;
        for slot in &mut self.slots.0 {
            if let Some((_, control)) = slot.worker.take() {
                drop(control);
                count += 1;
            }
        }
        let mut looks = 0;
        while count > 0 && looks < LOOKS {
            match process::reap() {
                Children::Ended(_) => {}
                Children::Run => {
                    looks += 1;
                    sys::pause(10);
                }
                Children::None => count = 0,
            }
        }
        if self.is_main {
            self.stay();
        }
        sweep(None, &|_| false, &mut |_| {});
        sys::exit(0)
    }

    /// Keeps the container running: what else runs in it is nobody's case.
    fn stay(&self) -> ! {
        loop {
            while let Children::Ended(_) = process::reap() {}
            poll(&mut [Poll::new(&self.children, POLLIN)], None);
            self.take_signal();
        }
    }
}

/// Notes the end of a worker; whether it was one.
fn note(slots: &mut Slots, lost: &mut [Option<(u32, i32)>; SLOTS], ended: &Ended) -> bool {
    let Some((slot, number)) = slots.take(ended.pid) else { return false };
    lost[usize::from(slot)] = Some((number, ended.pid));
    true
}

fn fail(reason: &[u8], code: u8) -> ! {
    sys::write(2, reason);
    sys::exit(code)
}
