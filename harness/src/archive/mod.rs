//! stub
use crate::error::{Error, Result};
use bytes::Bytes;
use futures_util::Stream;
use std::path::{Path, PathBuf};
#[derive(Clone, Debug)]
pub struct CopyIn;
pub(crate) struct MountedFiles(PathBuf);
impl MountedFiles {
    pub(crate) fn new(_: &[PathBuf]) -> Result<Self> {
        todo!()
    }
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
    pub(crate) fn keep(self) {}
}
pub(crate) fn check(_: &[CopyIn]) -> Result<()> {
    Ok(())
}
pub(crate) struct Outcome;
impl Outcome {
    pub(crate) fn error(&self) -> Option<Error> {
        None
    }
}
pub(crate) fn pack(_: Vec<CopyIn>) -> (impl Stream<Item = std::io::Result<Bytes>> + Send + 'static, Outcome) {
    (futures_util::stream::empty(), Outcome)
}
#[derive(Debug, Clone)]
pub struct Unpacked;
pub(crate) async fn unpack_to(_: crate::engine::Bodies, _: PathBuf) -> Result<Unpacked> {
    todo!()
}
pub(crate) async fn unpack_bytes(_: crate::engine::Bodies, _: usize) -> Result<Vec<u8>> {
    todo!()
}
pub(crate) async fn unpack_writer(
    _: crate::engine::Bodies,
    _: impl std::io::Write + Send + 'static,
) -> Result<u64> {
    todo!()
}
