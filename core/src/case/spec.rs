//! A case's description, in the form in which a kernel takes its strings. Uses no allocator.
//!
//! Settings of a fixed size are followed by strings that each end in a NUL byte: the working directory, which may be
//! empty, the arguments, and the variables.

/// The settings of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The time limit, in nanoseconds; 0 for none.
    pub timeout: u64,
    /// The limit for the kept output of each stream, in bytes.
    pub limit: u64,
    /// `true` if it has a standard input.
    pub has_stdin: bool,
    /// `true` if what it writes to the root file system is discarded.
    pub is_isolated: bool,
    /// The number of arguments, the program's name included.
    pub arguments: u32,
    /// The number of environment variables.
    pub variables: u32,
}

/// The size of the settings, in bytes.
pub const SETTINGS: usize = 26;

impl Settings {
    /// Serializes the settings.
    #[must_use]
    pub fn to_bytes(self) -> [u8; SETTINGS] {
        let mut bytes = [0; SETTINGS];
        bytes[..8].copy_from_slice(&self.timeout.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.limit.to_le_bytes());
        bytes[16] = u8::from(self.has_stdin);
        bytes[17] = u8::from(self.is_isolated);
        bytes[18..22].copy_from_slice(&self.arguments.to_le_bytes());
        bytes[22..].copy_from_slice(&self.variables.to_le_bytes());
        bytes
    }

    fn parse(bytes: &[u8; SETTINGS]) -> Option<Self> {
        let long = |at: usize| Some(u64::from_le_bytes(bytes[at..at + 8].try_into().ok()?));
        let short = |at: usize| Some(u32::from_le_bytes(bytes[at..at + 4].try_into().ok()?));
        let flag = |at: usize| match bytes[at] {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        };
        Some(Self {
            timeout: long(0)?,
            limit: long(8)?,
            has_stdin: flag(16)?,
            is_isolated: flag(17)?,
            arguments: short(18)?,
            variables: short(22)?,
        })
    }
}

/// A case's description, which borrows the received bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec<'a> {
    /// The settings.
    pub settings: Settings,
    texts: &'a [u8],
}

impl<'a> Spec<'a> {
    /// Parses a description; nothing if the bytes are invalid.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (settings, texts) = bytes.split_first_chunk::<SETTINGS>()?;
        let settings = Settings::parse(settings)?;
        let ends = texts.iter().filter(|byte| **byte == 0).count() as u64;
        let wanted = 1 + u64::from(settings.arguments) + u64::from(settings.variables);
        let is_whole = ends == wanted && texts.last() == Some(&0) && settings.arguments > 0;
        is_whole.then_some(Self { settings, texts })
    }

    /// Returns the working directory with its NUL, if there is one.
    #[must_use]
    pub fn working_dir(&self) -> Option<&'a [u8]> {
        self.texts().next().filter(|dir| dir.len() > 1)
    }

    /// Returns the arguments, the program's name first, each with its NUL.
    pub fn arguments(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.texts().skip(1).take(self.settings.arguments as usize)
    }

    /// Returns the environment variables as `NAME=value`, each with its NUL.
    pub fn variables(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.texts().skip(1 + self.settings.arguments as usize)
    }

    fn texts(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.texts.split_inclusive(|byte| *byte == 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(settings: Settings, texts: &[&[u8]]) -> Vec<u8> {
        let mut bytes = settings.to_bytes().to_vec();
        for text in texts {
            bytes.extend_from_slice(text);
            bytes.push(0);
        }
        bytes
    }

    fn settings(arguments: usize, variables: usize) -> Settings {
        Settings {
            timeout: 7,
            limit: u64::MAX,
            has_stdin: true,
            is_isolated: false,
            arguments: arguments.try_into().expect("few"),
            variables: variables.try_into().expect("few"),
        }
    }

    #[test]
    fn counts_that_differ_from_the_number_of_strings_are_refused() {
        assert!(Spec::parse(&bytes(settings(1, 0), &[b"", b"true"])).is_some());
        for (arguments, variables) in [(0, 0), (0, 1), (2, 0), (1, 1), (usize::from(u16::MAX), 3)] {
            assert_eq!(Spec::parse(&bytes(settings(arguments, variables), &[b"", b"true"])), None);
        }
        let mut odd = bytes(settings(1, 0), &[b"", b"true"]);
        odd[16] = 2;
        assert_eq!(Spec::parse(&odd), None);
    }

    proptest! {
        #[test]
        fn a_written_description_is_parsed_again_and_a_truncated_one_is_refused(
            working_dir in proptest::collection::vec(1..=255_u8, 0..9),
            arguments in proptest::collection::vec(proptest::collection::vec(1..=255_u8, 0..9), 1..5),
            variables in proptest::collection::vec(proptest::collection::vec(1..=255_u8, 0..9), 0..5),
        ) {
            let texts: Vec<&[u8]> =
                [&working_dir].into_iter().chain(&arguments).chain(&variables).map(Vec::as_slice).collect();
            let settings = settings(arguments.len(), variables.len());
            let bytes = bytes(settings, &texts);
            let spec = Spec::parse(&bytes).expect("it is one");
            let plain = |text: &[u8]| text.strip_suffix(&[0]).map(<[u8]>::to_vec);
            prop_assert_eq!(spec.settings, settings);
            prop_assert_eq!(spec.working_dir().and_then(plain).unwrap_or_default(), working_dir);
            prop_assert_eq!(spec.arguments().filter_map(plain).collect::<Vec<_>>(), arguments);
            prop_assert_eq!(spec.variables().filter_map(plain).collect::<Vec<_>>(), variables);
            for cut in 0..bytes.len() {
                prop_assert_eq!(Spec::parse(&bytes[..cut]), None);
            }
        }

        /// A11: *pure*.
        #[test]
        fn garbage_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(spec) = Spec::parse(&bytes) {
                prop_assert_eq!(spec.arguments().count(), spec.settings.arguments as usize);
            }
        }
    }
}
