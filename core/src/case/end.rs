//! How a case ended, or why it was not started. Without an allocator.

/// How a case's own process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// Its time was up.
    TimedOut,
    /// It was given up.
    Cancelled,
}

/// What a case's end is told with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How its own process ended.
    pub how: How,
    /// From the start of its process to its end, in nanoseconds.
    pub elapsed: u64,
    /// CPU time of all its processes in user mode, in microseconds.
    pub cpu_user: u64,
    /// The same in the kernel.
    pub cpu_system: u64,
    /// The most memory that one of them had resident, in KiB; 0 if the kernel does not tell.
    pub max_rss: u64,
    /// How many processes it left running, which were ended.
    pub ended: u32,
    /// How many can't be ended.
    pub left: u32,
    /// Whether it printed more than was wanted.
    pub truncated: bool,
}

/// The size of an end, in bytes.
pub const END: usize = 46;

impl End {
    /// As it is sent.
    #[must_use]
    pub fn to_bytes(self) -> [u8; END] {
        let (how, value) = match self.how {
            How::Exited(code) => (0, code),
            How::Signalled(signal) => (1, signal),
            How::TimedOut => (2, 0),
            How::Cancelled => (3, 0),
        };
        let mut bytes = [0; END];
        bytes[0] = how;
        bytes[1] = u8::from(self.truncated);
        bytes[2..6].copy_from_slice(&i32::to_le_bytes(value));
        for (at, long) in [self.elapsed, self.cpu_user, self.cpu_system, self.max_rss].iter().enumerate() {
            bytes[6 + 8 * at..14 + 8 * at].copy_from_slice(&long.to_le_bytes());
        }
        bytes[38..42].copy_from_slice(&self.ended.to_le_bytes());
        bytes[42..].copy_from_slice(&self.left.to_le_bytes());
        bytes
    }

    /// Reads an end; nothing if it is none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; END] = bytes.try_into().ok()?;
        let long = |at: usize| Some(u64::from_le_bytes(bytes[at..at + 8].try_into().ok()?));
        let short = |at: usize| Some(u32::from_le_bytes(bytes[at..at + 4].try_into().ok()?));
        let value = short(2)?.cast_signed();
        let how = match bytes[0] {
            0 => How::Exited(value),
            1 => How::Signalled(value),
            2 => How::TimedOut,
            3 => How::Cancelled,
            _ => return None,
        };
        Some(Self {
            how,
            elapsed: long(6)?,
            cpu_user: long(14)?,
            cpu_system: long(22)?,
            max_rss: long(30)?,
            ended: short(38)?,
            left: short(42)?,
            truncated: bytes[1] != 0,
        })
    }
}

/// What a case was not started at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Its description is none, or too long.
    Description = 0,
    /// The pipes and processes that it needs.
    Resources = 1,
    /// A root of its own.
    Isolation = 2,
    /// Its working directory.
    Workdir = 3,
    /// Its program.
    Program = 4,
}

/// Why a case was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What failed.
    pub stage: Stage,
    /// The kernel's number for the reason.
    pub errno: i32,
}

impl Refusal {
    /// As it is sent.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.errno.to_le_bytes();
        [self.stage as u8, a, b, c, d]
    }

    /// Reads a refusal; nothing if it is none.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (stage, errno) = bytes.split_first()?;
        let stage = match stage {
            0 => Stage::Description,
            1 => Stage::Resources,
            2 => Stage::Isolation,
            3 => Stage::Workdir,
            4 => Stage::Program,
            _ => return None,
        };
        Some(Self { stage, errno: i32::from_le_bytes(errno.try_into().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hows() -> impl Strategy<Value = How> {
        prop_oneof![
            any::<i32>().prop_map(How::Exited),
            any::<i32>().prop_map(How::Signalled),
            Just(How::TimedOut),
            Just(How::Cancelled),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_what_is_cut_is_refused(
            how in hows(), numbers: [u64; 4], ended: u32, left: u32, truncated: bool,
        ) {
            let [elapsed, cpu_user, cpu_system, max_rss] = numbers;
            let end = End { how, elapsed, cpu_user, cpu_system, max_rss, ended, left, truncated };
            let bytes = end.to_bytes();
            prop_assert_eq!(End::parse(&bytes), Some(end));
            for cut in 0..bytes.len() {
                prop_assert_eq!(End::parse(&bytes[..cut]), None);
            }
        }

        #[test]
        fn refusals_are_read_again(errno: i32) {
            let stages =
                [Stage::Description, Stage::Resources, Stage::Isolation, Stage::Workdir, Stage::Program];
            for stage in stages {
                let refusal = Refusal { stage, errno };
                prop_assert_eq!(Refusal::parse(&refusal.to_bytes()), Some(refusal));
            }
        }

        #[test]
        fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(End::parse(&bytes).is_none() || bytes.len() == END);
            prop_assert!(Refusal::parse(&bytes).is_none() || bytes.len() == 5);
        }
    }
}
