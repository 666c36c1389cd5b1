//! A worker: a process that runs one case at a time, so that it becomes the parent of that case's orphans alone.

use super::case;
use super::fd::Fd;
use super::input::Input;
use super::lists::{Environment, Lists};
use super::mark::Mark;
use super::outbox::Outbox;
use super::process;
use super::sweep::sweep;
use super::sys::{self, E2BIG, EINVAL};
use super::wire::end::{Refusal, Stage};
use super::wire::frame::{Frame, Kind, LONGEST};
use super::wire::spec::Spec;

/// The longest description: the kernel's limit for arguments and variables, and a little more.
const LONGEST_SPEC: usize = (2 << 20) + (64 << 10);

static mut SPEC: [u8; LONGEST_SPEC] = [0; LONGEST_SPEC];
static mut INPUT: Input = Input::new();

/// A worker's state.
pub(crate) struct Worker {
    pub(crate) slot: u8,
    /// The socket on which the frames of its slot come, one per message.
    pub(crate) control: Fd,
    /// A signal descriptor that is readable when a child has ended.
    pub(crate) children: Fd,
    /// The standard input of cases that have none: an immediate end.
    pub(crate) empty_stdin: Fd,
    pub(crate) outbox: Outbox,
    pub(crate) input: &'static mut Input,
    environment: Environment,
    /// `true` if the kernel makes orphans children of this process.
    pub(crate) adopts: bool,
    /// The mark by which orphans are found otherwise.
    pub(crate) mark: Option<Mark>,
}

/// Runs cases one after the other until the other end of `control` is closed.
pub(crate) fn work(slot: u8, control: Fd, environment: Environment) -> ! {
    let (Ok(children), Some(empty_stdin)) = (Fd::children(), empty_stdin()) else { sys::exit(6) };
    empty_stdin.duplicate_to(0).ok();
    let adopts = process::adopt_orphans();
    // SAFETY: there is one thread, and this is called once.
    let input = unsafe { &mut *(&raw mut INPUT) };
    let outbox = Outbox::new(Fd::adopt(1));
    let mark = None;
    let mut worker =
        Worker { slot, control, children, empty_stdin, outbox, input, environment, adopts, mark };
    let mut message = [0; LONGEST];
    let mut description = Description::new();
    loop {
        let length = worker.receive(&mut message);
        let Ok(Some((frame, _))) = Frame::parse(&message[..length]) else { continue };
        // Other frames are for cases that have ended.
        if frame.kind == Kind::Run
            && let Some(spec) = description.add(&frame)
            && let Err(refusal) = worker.run(frame.number, spec)
        {
            worker.send(Kind::Refused, frame.number, &refusal.to_bytes());
        }
    }
}

impl Worker {
    /// Waits for the next frame and returns its length. Exits if the other end was closed.
    pub(crate) fn receive(&self, message: &mut [u8; LONGEST]) -> usize {
        match self.control.read(message) {
            Ok(0) | Err(_) => self.exit(),
            Ok(length) => length,
        }
    }

    /// Kills what the last case left, and exits.
    fn exit(&self) -> ! {
        sweep(self.mark.as_ref(), &|_| false, &mut |_| {});
        sys::exit(0)
    }

    fn run(&mut self, number: u32, spec: Result<Spec<'static>, i32>) -> Result<(), Refusal> {
        let described = |errno| Refusal { stage: Stage::Description, errno };
        let spec = spec.map_err(described)?;
        self.mark = (!self.adopts).then(|| Mark::of(number, sys::pid()));
        // The lists point into the mark, which must stay in place until the program is executed.
        let mark = self.mark;
        let lists = Lists::lay_out(&spec, self.environment, mark.as_ref()).map_err(described)?;
        case::run(self, number, &spec, &lists)
    }

    /// Sends a frame, and waits until it is written.
    pub(crate) fn send(&mut self, kind: Kind, number: u32, payload: &[u8]) {
        while !self.outbox.push(kind, self.slot, number, payload) {
            self.wait_for_room();
        }
        self.outbox.flush();
        while !self.outbox.is_empty() {
            self.wait_for_room();
        }
    }

    fn wait_for_room(&mut self) {
        use super::fd::{POLLIN, POLLOUT, Poll, poll};
        let mut polls = [Poll::new(self.outbox.fd(), POLLOUT), Poll::new(&self.control, POLLIN)];
        poll(&mut polls, None);
        if polls[1].is_ready() {
            // Only frames of an ended case can come now, or the end.
            self.receive(&mut [0; LONGEST]);
        }
        self.outbox.flush();
    }
}

/// Opens a descriptor that is at its end at once.
fn empty_stdin() -> Option<Fd> {
    let null = sys::File::open(b"/dev/null\0").map(sys::File::into_fd);
    null.or_else(|| Fd::pipe().ok().map(|(read, _)| read))
}

/// A case's description, which comes in pieces.
struct Description {
    length: usize,
    is_too_long: bool,
}

impl Description {
    const fn new() -> Self {
        Self { length: 0, is_too_long: false }
    }

    /// Adds a piece. Returns the whole description with the last one, or the error number if it is invalid or too long.
    fn add(&mut self, frame: &Frame<'_>) -> Option<Result<Spec<'static>, i32>> {
        let (has_more, piece) = frame.payload.split_first()?;
        // SAFETY: there is one thread, and the description before this one is not used any more.
        let bytes: &'static mut [u8; LONGEST_SPEC] = unsafe { &mut *(&raw mut SPEC) };
        match bytes.get_mut(self.length..self.length + piece.len()) {
            Some(place) => place.copy_from_slice(piece),
            None => self.is_too_long = true,
        }
        self.length = (self.length + piece.len()).min(LONGEST_SPEC);
        if *has_more != 0 {
            return None;
        }
        let whole = core::mem::replace(self, Self::new());
        if whole.is_too_long {
            return Some(Err(E2BIG));
        }
        Some(Spec::parse(&bytes[..whole.length]).ok_or(EINVAL))
    }
}
