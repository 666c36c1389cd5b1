//! A container's life after its start: removal (C10), and changes to it (C11).

mod changes;
mod gone;
mod removed;
