//! A macro for types with two output streams, which adds methods that return them as text.

/// Implements `stdout_text` and `stderr_text` for a type with the fields `stdout` and `stderr`.
macro_rules! stream_texts {
    ($output:ty) => {
        impl $output {
            /// Returns standard output as text. Invalid UTF-8 is replaced.
            #[must_use]
            pub fn stdout_text(&self) -> String {
                String::from_utf8_lossy(&self.stdout).into_owned()
            }

            /// Returns standard error as text. Invalid UTF-8 is replaced.
            #[must_use]
            pub fn stderr_text(&self) -> String {
                String::from_utf8_lossy(&self.stderr).into_owned()
            }
        }
    };
}

pub(crate) use stream_texts;
