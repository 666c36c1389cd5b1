//! The exploration of all states.

use std::collections::{HashSet, VecDeque};

use super::world::World;

/// Visits every state; returns the number of states, and the number of steps from one to another.
fn explore(recycles: bool) -> (usize, usize) {
    let first = World::new(recycles, 0);
    first.check();
    let mut seen = HashSet::from([first.key()]);
    let mut todo = VecDeque::from([first]);
    let mut steps = 0;
    while let Some(world) = todo.pop_front() {
        for event in world.possible() {
            let mut next = world.clone();
            next.step(event, 1);
            steps += 1;
            if seen.insert(next.key()) {
                next.check_that_all_are_served();
                next.forget_time();
                todo.push_back(next);
            }
        }
    }
    (seen.len(), steps)
}

/// P12, P5, P6, P7, P8, P14: the invariants hold in all states, and every waiting request can be granted.
#[test]
fn every_state_of_a_pool_without_recycling_keeps_the_invariants() {
    let (states, steps) = explore(false);
    println!("{states} states, {steps} steps");
    assert!(states > 5_000, "only {states} states: a part was not explored");
}

/// P12, P13: the same with a recycle after each lease.
#[test]
fn every_state_of_a_pool_with_recycling_keeps_the_invariants() {
    let (states, steps) = explore(true);
    println!("{states} states, {steps} steps");
    assert!(states > 10_000, "only {states} states: a part was not explored");
}
