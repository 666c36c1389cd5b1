//! A program that misbehaves in containers on request.
fn main() {}
