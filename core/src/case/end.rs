//! The result of a case, or the reason why it was not started. Uses no allocator.

/// The way a case's main process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It exited with this code.
    Exited(i32),
    /// It was killed by this signal.
    Signalled(i32),
    /// It was killed when its time limit was reached.
    TimedOut,
    /// It was killed because the library cancelled it.
    Cancelled,
}

/// The result of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The way its main process ended.
    pub how: How,
    /// The time from the start of its main process to that process's end, in nanoseconds.
    pub elapsed: u64,
    /// The CPU time of all its processes in user mode, in microseconds.
    pub cpu_user: u64,
    /// The CPU time of all its processes in the kernel, in microseconds.
    pub cpu_system: u64,
    /// The largest resident set size of its processes, in KiB; 0 if the kernel does not report it.
    pub max_rss: u64,
    /// The number of processes that it left running and that were killed.
    pub ended: u32,
    /// The number of processes that it left running and that could not be killed.
    pub left: u32,
    /// `true` if output beyond the limit was discarded.
    pub truncated: bool,
}

/// The size of a serialized result, in bytes.
pub const END: usize = 46;

impl End {
    /// Serializes the result.
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

    /// Parses a result; nothing if the bytes are invalid.
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

/// The step of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stage {
    /// Reading the description: it is invalid or too long.
    Description = 0,
    /// Creating pipes and processes.
    Resources = 1,
    /// Isolating the root file system.
    Isolation = 2,
    /// Changing to the working directory.
    WorkingDir = 3,
    /// Executing the program.
    Program = 4,
}

/// The reason why a case was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The step that failed.
    pub stage: Stage,
    /// The kernel's error number.
    pub errno: i32,
}

impl Refusal {
    /// Serializes the refusal.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d] = self.errno.to_le_bytes();
        [self.stage as u8, a, b, c, d]
    }

    /// Parses a refusal; nothing if the bytes are invalid.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (stage, errno) = bytes.split_first()?;
        let stage = match stage {
            0 => Stage::Description,
            1 => Stage::Resources,
            2 => Stage::Isolation,
            3 => Stage::WorkingDir,
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
        fn a_written_result_is_parsed_again_and_a_truncated_one_is_refused(
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
        fn a_written_refusal_is_parsed_again(errno: i32) {
            let stages =
                [Stage::Description, Stage::Resources, Stage::Isolation, Stage::WorkingDir, Stage::Program];
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
