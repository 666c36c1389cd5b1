//! The setters that builders of commands share.

/// Defines the setters of a builder that has the field `request`.
macro_rules! command_options {
    ($builder:ident) => {
        impl<'a> $builder<'a> {
            /// Sets a variable of the environment. Default: the container's environment, and `SEATRIAL_TEST_NAME`.
            ///
            /// `SEATRIAL_EXEC` is how the command's processes are found, and can't be set.
            pub fn env(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.request.env.push(format!("{}={}", name.as_ref(), value.as_ref()));
                self
            }

            /// Sets the user: a name or an id, optionally with a group after a colon. Default: the container's user.
            pub fn user(mut self, user: impl Into<String>) -> Self {
                self.request.user = Some(user.into());
                self
            }

            /// Sets the working directory. Default: the container's.
            pub fn working_dir(mut self, dir: impl Into<String>) -> Self {
                self.request.working_dir = Some(dir.into());
                self
            }

            /// Runs it with all privileges, whatever those of the container are. Default: the container's privileges.
            pub fn privileged(mut self) -> Self {
                self.request.privileged = true;
                self
            }
        }
    };
}

pub(super) use command_options;
