//! Both streams of an output as text: the same two methods for every type that has them.

/// Gives a type with the fields `stdout` and `stderr` their texts.
macro_rules! stream_texts {
    ($output:ty) => {
        impl $output {
            /// Standard output as text; what is not UTF-8 is replaced.
            #[must_use]
            pub fn stdout_text(&self) -> String {
                String::from_utf8_lossy(&self.stdout).into_owned()
            }

            /// Standard error as text; what is not UTF-8 is replaced.
            #[must_use]
            pub fn stderr_text(&self) -> String {
                String::from_utf8_lossy(&self.stderr).into_owned()
            }
        }
    };
}

pub(crate) use stream_texts;
