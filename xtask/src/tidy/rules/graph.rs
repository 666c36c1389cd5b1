//! Directed graphs of names.

use std::collections::{BTreeMap, BTreeSet};

/// The nodes, each with those that it leads to. All of them are keys.
pub(super) type Graph<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Returns the strongly connected components: sets of nodes that all lead to each other. Most have a single node.
pub(super) fn circles<'a>(graph: &Graph<'a>) -> Vec<BTreeSet<&'a str>> {
    let reached: BTreeMap<_, _> = graph.keys().map(|node| (*node, reachable(graph, node))).collect();
    let mut placed = BTreeSet::new();
    let mut circles = Vec::new();
    for node in graph.keys().copied() {
        if !placed.contains(node) {
            let mut circle: BTreeSet<_> =
                reached[node].iter().copied().filter(|other| reached[other].contains(node)).collect();
            circle.insert(node);
            placed.extend(circle.iter().copied());
            circles.push(circle);
        }
    }
    circles
}

/// Returns all nodes that can be reached from a node.
fn reachable<'a>(graph: &Graph<'a>, node: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<_> = graph[node].iter().copied().collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(graph[next].iter().copied());
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_that_lead_to_each_other_are_one_component() {
        let edges = [("a", vec!["b"]), ("b", vec!["c"]), ("c", vec!["b", "d"]), ("d", vec!["d"])];
        let graph = Graph::from_iter(edges.map(|(node, to)| (node, BTreeSet::from_iter(to))));
        let components = circles(&graph);
        assert_eq!(components, [BTreeSet::from(["a"]), BTreeSet::from(["b", "c"]), BTreeSet::from(["d"])]);
    }
}
