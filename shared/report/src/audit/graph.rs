//! The escalation graph laid out: administrator at the right, and to the left of each what leads there. Each principal has one
//! shortest path, so it is a tree.

use access_audit::Escalation;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Principals that are drawn: those that most paths go through, and then whoever is first. The list has all of them.
const DRAWN: usize = 48;
const ADMINISTRATOR: &str = "administrator";
const COLUMN: usize = 250;
const ROW: usize = 34;
const BOX_WIDTH: usize = 186;
const BOX_HEIGHT: usize = 24;
const MARGIN: usize = 12;
/// Characters of a name that fit into a box.
const FITS: usize = 25;

pub(super) struct Graph {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// Principals that are not drawn.
    pub(super) left_out: usize,
}

pub(super) struct Node {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) text_y: usize,
    pub(super) label: String,
    /// The whole name.
    pub(super) title: String,
    pub(super) is_end: bool,
}

pub(super) struct Edge {
    pub(super) from_x: usize,
    pub(super) from_y: usize,
    pub(super) to_x: usize,
    pub(super) to_y: usize,
    pub(super) middle_x: usize,
    pub(super) label_y: usize,
    pub(super) label: String,
}

/// `None` where nobody can make themselves administrator.
pub(super) fn graph(escalation: &Escalation) -> Option<Graph> {
    let mut next: BTreeMap<&str, (&str, &[String])> = BTreeMap::new();
    let mut weight: BTreeMap<&str, usize> = BTreeMap::new();
    for path in &escalation.paths {
        for step in &path.steps {
            next.insert(&step.from, (&step.to, &step.ways));
            *weight.entry(&step.from).or_default() += 1;
        }
    }
    let mut likely: Vec<&str> = next.keys().copied().collect();
    likely.sort_by_key(|name| (Reverse(weight.get(name).copied().unwrap_or(0)), *name));
    let drawn = chosen(&likely, &next);
    if drawn.is_empty() {
        return None;
    }
    let columns = placed(&drawn, &next);
    let deepest = columns.values().map(|(column, _)| *column).max().unwrap_or(0);
    let rows = columns.values().map(|(_, row)| row + 1).max().unwrap_or(1);
    let at = |(column, row): (usize, usize)| (MARGIN + (deepest - column) * COLUMN, MARGIN + row * ROW);
    let mut nodes = Vec::new();
    let mut edges = Vec::new();
    for (name, place) in &columns {
        let (x, y) = at(*place);
        nodes.push(Node {
            x,
            y,
            text_y: y + BOX_HEIGHT / 2 + 4,
            label: short(name),
            title: (*name).to_owned(),
            is_end: *name == ADMINISTRATOR,
        });
        let Some((to, ways)) = next.get(name) else { continue };
        let Some(target) = columns.get(to) else { continue };
        let (to_x, to_y) = at(*target);
        let (from_x, from_y) = (x + BOX_WIDTH, y + BOX_HEIGHT / 2);
        let to_y = to_y + BOX_HEIGHT / 2;
        edges.push(Edge {
            from_x,
            from_y,
            to_x,
            to_y,
            middle_x: from_x.midpoint(to_x),
            label_y: from_y.saturating_sub(4),
            label: ways.first().map_or(String::new(), |way| cut(way, 10)),
        });
    }
    Some(Graph {
        width: 2 * MARGIN + deepest * COLUMN + BOX_WIDTH,
        height: 2 * MARGIN + rows * ROW,
        nodes,
        edges,
        left_out: next.len().saturating_sub(drawn.len()),
    })
}

/// As many as fit, each with all that it leads through.
fn chosen<'a>(likely: &[&'a str], next: &BTreeMap<&'a str, (&'a str, &'a [String])>) -> BTreeSet<&'a str> {
    let mut drawn = BTreeSet::new();
    for name in likely {
        let mut way = Vec::new();
        let mut at = *name;
        while let Some((to, _)) = next.get(at) {
            if drawn.contains(at) || way.contains(&at) {
                break;
            }
            way.push(at);
            at = to;
        }
        if drawn.len() + way.len() <= DRAWN {
            drawn.extend(way);
        }
    }
    drawn
}

/// Column (steps to administrator) and row of each: a child's row is its parent's or below, so no edges cross.
fn placed<'a>(
    drawn: &BTreeSet<&'a str>,
    next: &BTreeMap<&'a str, (&'a str, &'a [String])>,
) -> BTreeMap<&'a str, (usize, usize)> {
    let mut children: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for name in drawn {
        if let Some((to, _)) = next.get(name) {
            children.entry(to).or_default().push(name);
        }
    }
    let mut places = BTreeMap::new();
    let mut row = 0;
    // Depth first: a branch takes rows of its own.
    let mut waiting = vec![(ADMINISTRATOR, 0)];
    let mut fresh = true;
    while let Some((name, column)) = waiting.pop() {
        if places.contains_key(name) {
            continue;
        }
        if !fresh {
            row += 1;
        }
        places.insert(name, (column, row));
        let below = children.get(name).map(Vec::as_slice).unwrap_or_default();
        fresh = !below.is_empty();
        waiting.extend(below.iter().rev().map(|child| (*child, column + 1)));
    }
    places
}

/// Kind and name of an ARN, as far as they fit; the whole stands in the node's title.
fn short(name: &str) -> String {
    let resource = name.splitn(6, ':').nth(5).unwrap_or(name);
    let (kind, rest) = resource.split_once('/').unwrap_or(("", resource));
    let last = rest.rsplit('/').next().unwrap_or(rest);
    cut(&if kind.is_empty() { last.to_owned() } else { format!("{kind} {last}") }, FITS)
}

fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit { text.to_owned() } else { text.chars().take(limit - 1).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::{DRAWN, graph};
    use access_audit::{Confidence, Escalation, EscalationPath, EscalationStep};

    fn path(names: &[&str]) -> EscalationPath {
        let ends = names.iter().skip(1).copied().chain(["administrator"]);
        let steps = names.iter().zip(ends).map(|(from, to)| EscalationStep {
            from: (*from).to_owned(),
            to: to.to_owned(),
            ways: vec!["iam-001".to_owned()],
        });
        EscalationPath { principal: names[0].to_owned(), confidence: Confidence::High, steps: steps.collect() }
    }

    fn of(paths: Vec<EscalationPath>) -> Escalation {
        Escalation { paths, cuts: Vec::new() }
    }

    #[test]
    fn nobody_who_can_is_no_graph() {
        assert!(graph(&of(Vec::new())).is_none());
    }

    #[test]
    fn nobody_stands_on_somebody_else_and_every_edge_goes_to_the_right() {
        let paths = [&["a", "b", "c"][..], &["b", "c"], &["c"], &["d", "c"], &["e"]].map(path).to_vec();
        let graph = graph(&of(paths)).unwrap();
        assert_eq!((graph.nodes.len(), graph.edges.len(), graph.left_out), (6, 5, 0));
        let mut places: Vec<_> = graph.nodes.iter().map(|node| (node.x, node.y)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 6);
        assert!(graph.edges.iter().all(|edge| edge.from_x < edge.to_x));
        assert!(graph.nodes.iter().all(|node| node.x < graph.width && node.y < graph.height));
    }

    #[test]
    fn of_very_many_those_are_drawn_that_most_paths_go_through() {
        let names: Vec<String> = (0..500).map(|number| format!("arn:aws:iam::1:user/u{number:03}")).collect();
        let hub = "arn:aws:iam::1:role/hub";
        let mut paths: Vec<_> = names.iter().map(|name| path(&[name, hub])).collect();
        paths.push(path(&[hub]));
        let graph = graph(&of(paths)).unwrap();
        assert_eq!(graph.nodes.len(), DRAWN + 1);
        assert_eq!(graph.left_out, 501 - DRAWN);
        assert!(graph.nodes.iter().any(|node| node.label == "role hub"));
    }

    #[test]
    fn a_circle_in_hostile_data_ends() {
        let circle = EscalationPath {
            principal: "a".to_owned(),
            confidence: Confidence::Low,
            steps: [("a", "b"), ("b", "a")]
                .map(|(from, to)| EscalationStep { from: from.to_owned(), to: to.to_owned(), ways: Vec::new() })
                .to_vec(),
        };
        assert!(graph(&of(vec![circle])).is_some());
    }
}
