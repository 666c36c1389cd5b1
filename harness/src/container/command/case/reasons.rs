//! The reason for which a case could not be started, as text.

use seatrial_core::case::end::{Refusal, Stage};

use super::plan::Plan;

/// Returns the reason, beginning with the part of the case that it is about.
pub(super) fn reason(refusal: Refusal, plan: &Plan) -> String {
    let why = match (refusal.stage, refusal.errno) {
        (Stage::Isolation, 22 | 38) => "the container's kernel can't do that, as gVisor's".to_owned(),
        (_, errno) => why(errno),
    };
    let about = match refusal.stage {
        Stage::Description => "its arguments and variables".to_owned(),
        Stage::Resources => "the pipes and processes that every case needs".to_owned(),
        Stage::Isolation => "a root of its own".to_owned(),
        Stage::WorkingDir => {
            let dir = plan.working_dir.as_deref().unwrap_or_default();
            format!("working directory `{}`", dir.to_string_lossy())
        }
        Stage::Program => {
            let program = plan.argv.first().map(|program| program.to_string_lossy().into_owned());
            format!("program {}", crate::words::quoted(&program.unwrap_or_default()))
        }
    };
    format!("{about}: {why}")
}

/// Returns the text of an error number of Linux, which may be another than that of this machine.
fn why(errno: i32) -> String {
    match errno {
        1 => "the container may not do that".to_owned(),
        2 => "no such file or directory".to_owned(),
        7 => "argument list too long".to_owned(),
        8 => "the file is not in a format that can be executed".to_owned(),
        11 => "the container may have no more processes".to_owned(),
        12 => "no memory is left".to_owned(),
        13 => "permission denied".to_owned(),
        20 => "not a directory".to_owned(),
        23 | 24 => "too many open files".to_owned(),
        26 => "the file is being written to".to_owned(),
        36 => "name too long".to_owned(),
        40 => "too many symbolic links".to_owned(),
        other => format!("error {other} of the kernel"),
    }
}
