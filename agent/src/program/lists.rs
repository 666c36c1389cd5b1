//! A case's arguments and variables in the form that the kernel takes: lists of pointers to strings.

use super::mark::Mark;
use super::search::is_same_variable;
use super::sys::E2BIG;
use super::wire::spec::Spec;

/// The most arguments and variables together.
const MOST: usize = 64 * 1024;

static mut POINTERS: [*const u8; MOST] = [core::ptr::null(); MOST];

/// The agent's own variables: pointers to strings, and a null pointer at the end.
#[derive(Clone, Copy)]
pub(crate) struct Environment(pub(crate) *const *const u8);

impl Environment {
    fn iter(self) -> impl Iterator<Item = &'static [u8]> {
        let mut at = self.0;
        core::iter::from_fn(move || {
            // SAFETY: the kernel's list ends in a null pointer, and its strings stay valid while the process lives.
            unsafe {
                let text = *at;
                if text.is_null() {
                    return None;
                }
                at = at.add(1);
                Some(text_at(text))
            }
        })
    }
}

/// Returns a string with the NUL at its end.
///
/// # Safety
/// The string must end in a NUL and stay valid for the life of the process.
pub(crate) unsafe fn text_at(text: *const u8) -> &'static [u8] {
    let mut length = 0;
    // SAFETY: the caller guarantees it.
    unsafe {
        while *text.add(length) != 0 {
            length += 1;
        }
        core::slice::from_raw_parts(text, length + 1)
    }
}

/// The lists of arguments and variables, each with a null pointer at its end.
pub(crate) struct Lists {
    pub(crate) arguments: *const *const u8,
    pub(crate) variables: *const *const u8,
    /// The variable `PATH` as `PATH=value`, without a NUL.
    pub(crate) path: Option<&'static [u8]>,
}

impl Lists {
    /// Builds the lists of a case. Its variables are its own, and those of the agent that have other names.
    ///
    /// # Errors
    /// Returns `E2BIG` if there are too many.
    pub(crate) fn lay_out(
        spec: &Spec<'static>,
        environment: Environment,
        mark: Option<&Mark>,
    ) -> Result<Self, i32> {
        // SAFETY: there is one thread, and earlier lists are not used any more.
        let pointers = unsafe { &mut *(&raw mut POINTERS) };
        let mut length = 0;
        let mut put = |text: *const u8| {
            let place = pointers.get_mut(length).ok_or(E2BIG)?;
            *place = text;
            length += 1;
            Ok::<_, i32>(length)
        };
        let mut path = None;
        let mut at_variables = 0;
        for argument in spec.arguments() {
            at_variables = put(argument.as_ptr())? + 1;
        }
        put(core::ptr::null())?;
        let is_own = |variable: &[u8]| spec.variables().any(|own| is_same_variable(own, variable));
        let inherited = environment.iter().filter(|variable| !is_own(variable));
        if let Some(mark) = mark {
            put(mark.variable().as_ptr())?;
        }
        for variable in spec.variables().chain(inherited) {
            if variable.starts_with(b"PATH=") {
                path = variable.strip_suffix(&[0]);
            }
            put(variable.as_ptr())?;
        }
        put(core::ptr::null())?;
        let first = pointers.as_ptr();
        // SAFETY: both lists are within the buffer.
        Ok(Self { arguments: first, variables: unsafe { first.add(at_variables) }, path })
    }
}
