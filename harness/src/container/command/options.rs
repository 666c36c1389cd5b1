//! The setters that a command has in either form: the same text for every builder that has them.

/// Gives a builder with the field `request` its setters.
macro_rules! command_options {
    ($builder:ident) => {
        impl<'a> $builder<'a> {
            /// One variable of its environment. Default: the container's, and `SEATRIAL_TEST_NAME`.
            ///
            /// `SEATRIAL_EXEC` is how the command's processes are found, and can't be set.
            pub fn env(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.request.env.push(format!("{}={}", name.as_ref(), value.as_ref()));
                self
            }

            /// Who runs it: a name or an id, and a group after a colon. Default: the container's user.
            pub fn user(mut self, user: impl Into<String>) -> Self {
                self.request.user = Some(user.into());
                self
            }

            /// Where it runs. Default: the container's working directory.
            pub fn workdir(mut self, dir: impl Into<String>) -> Self {
                self.request.workdir = Some(dir.into());
                self
            }

            /// Gives it all privileges, whatever those of the container are. Default: the container's.
            pub fn privileged(mut self) -> Self {
                self.request.privileged = true;
                self
            }
        }
    };
}

pub(super) use command_options;
