//! A case's arguments and variables as a program gets them: pointers to texts.

use super::mark::Mark;
use super::search::is_same_variable;
use super::sys::E2BIG;
use super::wire::spec::Spec;

/// How many arguments and variables there can be.
const MOST: usize = 64 * 1024;

static mut POINTERS: [*const u8; MOST] = [core::ptr::null(); MOST];

/// The variables that this program was given, as the kernel gives them: pointers to texts, and a null at the end.
#[derive(Clone, Copy)]
pub(crate) struct Environment(pub(crate) *const *const u8);

impl Environment {
    fn iter(self) -> impl Iterator<Item = &'static [u8]> {
        let mut at = self.0;
        core::iter::from_fn(move || {
            // SAFETY: the kernel's list, which ends in a null; the texts stay for as long as the process lives.
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

/// A text with the NUL at its end.
///
/// # Safety
/// There must be a NUL, and what is up to there must stay.
pub(crate) unsafe fn text_at(text: *const u8) -> &'static [u8] {
    let mut length = 0;
    // SAFETY: the caller vouches for it.
    unsafe {
        while *text.add(length) != 0 {
            length += 1;
        }
        core::slice::from_raw_parts(text, length + 1)
    }
}

/// Both lists, each with a null at its end.
pub(crate) struct Lists {
    pub(crate) arguments: *const *const u8,
    pub(crate) variables: *const *const u8,
    /// The variable `PATH`, without a NUL.
    pub(crate) path: Option<&'static [u8]>,
}

impl Lists {
    /// Those of a case: its own variables, and this program's where it has none of the name.
    ///
    /// # Errors
    /// The kernel's number for too many.
    pub(crate) fn lay_out(
        spec: &Spec<'static>,
        environment: Environment,
        mark: Option<&Mark>,
    ) -> Result<Self, i32> {
        // SAFETY: there is one thread, and the lists that were laid out before are used no more.
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
        // SAFETY: both are within the pointers.
        Ok(Self { arguments: first, variables: unsafe { first.add(at_variables) }, path })
    }
}
