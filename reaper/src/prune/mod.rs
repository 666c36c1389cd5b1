//! Removing what filters select.
//!
//! A prune is passes over all classes of resources, until two passes in a row find nothing. So a removal that failed, a
//! resource that was created meanwhile and an engine that was away are one case: the next pass.

mod image_tags;
mod pauses;
mod pruner;
mod removal;
mod report;
mod selection;

pub(crate) use pruner::Pruner;
