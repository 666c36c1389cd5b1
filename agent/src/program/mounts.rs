//! Parses `/proc/self/mountinfo` for the mounts that a new root needs. Makes no system calls.

/// The longest path of a mount, its NUL included, in bytes.
pub(crate) const LONGEST: usize = 1024;

/// The folder in which the new root is mounted.
const OURS: &[u8] = b"/.seatrial";

/// Returns the mount points, with escapes, except the root, the agent's own folder, and those below another one.
pub(crate) fn outermost(mounts: &[u8]) -> impl Iterator<Item = &[u8]> {
    points(mounts).enumerate().filter_map(move |(at, point)| {
        let is_within = |outer: &[u8]| is_at_or_below(point, outer);
        let is_covered = points(mounts).take(at).any(|earlier| earlier != b"/" && is_within(earlier));
        (point != b"/" && !is_within(OURS) && !is_covered).then_some(point)
    })
}

/// Returns the fifth word of each line.
fn points(mounts: &[u8]) -> impl Iterator<Item = &[u8]> {
    mounts.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b' ').nth(4))
}

fn is_at_or_below(path: &[u8], outer: &[u8]) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'))
}

/// Writes the path of a mount point below a folder, without escapes and with a NUL. Returns `false` if it is too long.
pub(crate) fn path_below(folder: &[u8], point: &[u8], path: &mut [u8; LONGEST]) -> bool {
    let mut length = 0;
    let mut put = |byte: u8| {
        let place = path.get_mut(length);
        length += 1;
        place.map(|place| *place = byte).is_some()
    };
    let mut is_written = folder.iter().all(|byte| put(*byte));
    let mut rest = point;
    while let Some((byte, after)) = rest.split_first() {
        match (byte, after) {
            // An octal escape; a space is written as `\040`.
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                is_written &= put((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = after;
            }
            _ => {
                is_written &= put(*byte);
                rest = after;
            }
        }
    }
    put(0) && is_written
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &[u8] = b"\
1 0 0:1 / / rw - overlay overlay rw
2 1 0:2 / /proc rw - proc proc rw
3 2 0:2 /sys /proc/sys ro - proc proc rw
4 1 0:3 / /procs rw - tmpfs tmpfs rw
5 1 0:4 / /.seatrial rw - ext4 /dev/vda rw
6 1 0:5 /x /a\\040b/c rw - ext4 /dev/vda rw
7 1 0:6 / /etc/hosts rw - ext4 /dev/vda rw";

    #[test]
    fn only_the_outermost_mounts_are_returned() {
        let points: Vec<_> = outermost(MOUNTS).map(|point| String::from_utf8_lossy(point)).collect();
        assert_eq!(points, ["/proc", "/procs", "/a\\040b/c", "/etc/hosts"]);
        assert_eq!(outermost(b"garbage\n\n1 2 3").count(), 0);
    }

    #[test]
    fn escapes_are_undone() {
        let mut path = [b'x'; LONGEST];
        assert!(path_below(b"/root", b"/a\\040b\\\\c\\9", &mut path));
        assert!(path.starts_with(b"/root/a b\\\\c\\9\0"), "{:?}", String::from_utf8_lossy(&path[..20]));
        assert!(!path_below(b"/root", &[b'a'; LONGEST], &mut path));
    }
}
