//! The search for a program in `PATH`. Makes no system calls.

/// The longest path at which a program is looked for, its NUL included, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// The directories that are searched if `PATH` is not set.
const USUAL: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Returns the absolute directories of the variable `PATH`, which is given as `PATH=value`.
pub(crate) fn directories(variable: Option<&[u8]>) -> impl Iterator<Item = &[u8]> {
    let list = variable.and_then(|variable| variable.strip_prefix(b"PATH=")).unwrap_or(USUAL);
    list.split(|byte| *byte == b':').filter(|directory| directory.first() == Some(&b'/'))
}

/// Writes the path of a program in a directory, with a NUL. Returns `false` if it is too long.
pub(crate) fn join(directory: &[u8], program: &[u8], path: &mut [u8; LONGEST]) -> bool {
    let length = directory.len() + 1 + program.len() + 1;
    if length > path.len() {
        return false;
    }
    let (start, rest) = path.split_at_mut(directory.len());
    start.copy_from_slice(directory);
    rest[0] = b'/';
    rest[1..=program.len()].copy_from_slice(program);
    rest[program.len() + 1] = 0;
    true
}

/// Returns `true` if two variables, as `NAME=value`, have the same name.
pub(crate) fn is_same_variable(one: &[u8], other: &[u8]) -> bool {
    let end = |variable: &[u8]| variable.iter().position(|byte| *byte == b'=').unwrap_or(variable.len());
    one[..end(one)] == other[..end(other)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(variable: Option<&str>) -> Vec<String> {
        directories(variable.map(str::as_bytes))
            .map(|dir| String::from_utf8_lossy(dir).into_owned())
            .collect()
    }

    #[test]
    fn only_absolute_directories_are_searched() {
        assert_eq!(all(Some("PATH=/a:b::/c/d:.")), ["/a", "/c/d"]);
        assert_eq!(all(Some("PATH=")), [""; 0]);
        assert_eq!(all(None).len(), 6);
    }

    #[test]
    fn a_path_has_a_nul_and_an_end() {
        let mut path = [b'x'; LONGEST];
        assert!(join(b"/bin", b"sh", &mut path));
        assert!(path.starts_with(b"/bin/sh\0"));
        assert!(join(b"/bin", &[b'a'; LONGEST - 6], &mut path));
        assert!(!join(b"/bin", &[b'a'; LONGEST - 5], &mut path));
    }

    #[test]
    fn variables_are_compared_by_their_names() {
        assert!(is_same_variable(b"A=1", b"A=2") && is_same_variable(b"A", b"A=2"));
        assert!(!is_same_variable(b"A=1", b"AB=1") && !is_same_variable(b"=1", b"A=1"));
    }
}
