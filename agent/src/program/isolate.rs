//! An isolated root file system for a case: what the case writes to it is discarded.

use super::mounts::{self, LONGEST};
use super::numbers as number;
use super::sys::{self, ENAMETOOLONG, call, checked};

const MS_BIND: usize = 4096;
const MS_MOVE: usize = 8192;
const MS_REC: usize = 16384;
const MS_PRIVATE: usize = 1 << 18;

/// The folder where the new root is mounted, in a mount namespace of its own. It exists, since the agent is in it.
const FOLDER: &[u8] = b"/.seatrial\0";
const ROOT: &[u8] = b"/.seatrial/root\0";
const LAYERS: &[u8] = b"lowerdir=/,upperdir=/.seatrial/upper,workdir=/.seatrial/work\0";

static mut MOUNTS: [u8; 64 * 1024] = [0; 64 * 1024];
static mut PATH: [u8; LONGEST] = [0; LONGEST];
static mut CURRENT: [u8; 4096] = [0; 4096];

/// Gives this process and its descendants a root of their own: an overlay of the container's root and an empty layer in
/// memory. Other mounts stay as they are.
///
/// # Errors
/// Returns the kernel's error number; most often, the container lacks the privilege.
pub(crate) fn isolate() -> Result<(), i32> {
    const CLONE_NEWNS: usize = 0x20000;
    // SAFETY: the buffers are not used elsewhere, and the process that shares this memory waits.
    let (mounts, current) = unsafe { (&mut *(&raw mut MOUNTS), &mut *(&raw mut CURRENT)) };
    // SAFETY: no memory is touched.
    checked(unsafe { call(number::UNSHARE, CLONE_NEWNS, 0, 0, 0) })?;
    // SAFETY: the kernel writes a string with a NUL, up to the length.
    checked(unsafe { call(number::GETCWD, current.as_mut_ptr() as usize, current.len(), 0, 0) })?;
    mount(None, b"/\0", None, MS_REC | MS_PRIVATE, None)?;
    let length = read_mounts(mounts);
    mount(Some(b"tmpfs\0"), FOLDER, Some(b"tmpfs\0"), 0, Some(b"mode=755\0"))?;
    for folder in [&b"/.seatrial/upper\0"[..], b"/.seatrial/work\0", ROOT] {
        // SAFETY: the path ends in NUL.
        checked(unsafe { call(number::MKDIRAT, 0, folder.as_ptr() as usize, 0o755, 0) })?;
    }
    mount(Some(b"overlay\0"), ROOT, Some(b"overlay\0"), 0, Some(LAYERS))?;
    for point in mounts::outermost(&mounts[..length]) {
        bind(point)?;
    }
    change_directory(ROOT)?;
    // A boot moves its root mount in the same way. Engines allow `pivot_root` in privileged containers only.
    mount(Some(b".\0"), b"/\0", None, MS_MOVE, None)?;
    // SAFETY: the path ends in NUL.
    checked(unsafe { call(number::CHROOT, c".".as_ptr() as usize, 0, 0, 0) })?;
    change_directory(current)
}

fn read_mounts(mounts: &mut [u8]) -> usize {
    let Some(file) = sys::File::open(b"/proc/self/mountinfo\0") else { return 0 };
    let mut length = 0;
    loop {
        match file.read(&mut mounts[length..]).len() {
            0 => return length,
            read => length += read,
        }
    }
}

/// Binds a mount to the same path in the new root.
fn bind(point: &[u8]) -> Result<(), i32> {
    // SAFETY: the buffer is not used elsewhere, and the process that shares this memory waits.
    let path = unsafe { &mut *(&raw mut PATH) };
    let folder = ROOT.strip_suffix(&[0]).unwrap_or_default();
    if !mounts::path_below(folder, point, path) {
        return Err(ENAMETOOLONG);
    }
    let (_, source) = path.split_at(folder.len());
    mount(Some(source), path, None, MS_BIND | MS_REC, None)
}

/// Mounts a file system. All strings must end in NUL.
fn mount(
    source: Option<&[u8]>,
    target: &[u8],
    kind: Option<&[u8]>,
    flags: usize,
    data: Option<&[u8]>,
) -> Result<(), i32> {
    let pointer = |text: Option<&[u8]>| text.map_or(0, |text| text.as_ptr() as usize);
    let arguments = [pointer(source), target.as_ptr() as usize, pointer(kind), flags, pointer(data), 0];
    // SAFETY: all strings end in NUL.
    checked(unsafe { sys::call6(number::MOUNT, arguments) }).map(drop)
}

fn change_directory(path: &[u8]) -> Result<(), i32> {
    super::process::change_directory(path.as_ptr())
}
