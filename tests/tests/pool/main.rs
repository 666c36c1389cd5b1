//! Pools of containers, in one process and as fixtures that many tests share.

mod pool;
mod pool_fixtures;
