//! Which lines of a tree are open, and which one is selected. What was folded stays folded from frame to frame.

use super::Node;
use crate::tui::cursor::Cursor;
use std::collections::BTreeSet;

/// See the module.
#[derive(Debug)]
pub(in crate::tui) struct Tree {
    pub(in crate::tui) cursor: Cursor,
    /// Labels of the folded nodes.
    folded: BTreeSet<String>,
}

impl Default for Tree {
    /// Where a frame stands is folded, so that its header has room on a small screen.
    fn default() -> Tree {
        Tree { cursor: Cursor::default(), folded: BTreeSet::from(["Frame".to_owned()]) }
    }
}

impl Tree {
    /// A node with nodes below it.
    pub(in crate::tui) fn has_children(nodes: &[Node], at: usize) -> bool {
        nodes.get(at).zip(nodes.get(at + 1)).is_some_and(|(node, next)| next.depth > node.depth)
    }

    pub(in crate::tui) fn is_folded(&self, node: &Node) -> bool {
        self.folded.contains(&node.label)
    }

    /// The nodes that are visible, by their place among all.
    pub(in crate::tui) fn visible(&self, nodes: &[Node]) -> Vec<usize> {
        let mut hidden_below = None;
        let mut visible = Vec::new();
        for (at, node) in nodes.iter().enumerate() {
            if hidden_below.is_some_and(|depth| node.depth > depth) {
                continue;
            }
            hidden_below = self.is_folded(node).then_some(node.depth);
            visible.push(at);
        }
        visible
    }

    /// The selected node, by its place among all.
    pub(in crate::tui) fn selected(&self, nodes: &[Node]) -> Option<usize> {
        self.visible(nodes).get(self.cursor.at).copied()
    }

    /// Selects a node, or the nearest one above it that is visible.
    pub(in crate::tui) fn select(&mut self, nodes: &[Node], at: usize) {
        self.cursor.at = self.visible(nodes).partition_point(|&visible| visible <= at).saturating_sub(1);
    }

    /// Unfolds the selected node; where there is nothing to unfold, goes to its first child.
    pub(in crate::tui) fn right(&mut self, nodes: &[Node]) {
        let Some(at) = self.selected(nodes).filter(|&at| Tree::has_children(nodes, at)) else { return };
        if !self.folded.remove(&nodes[at].label) {
            self.cursor.at += 1;
        }
    }

    /// Folds the selected node; where there is nothing to fold, goes to its parent.
    pub(in crate::tui) fn left(&mut self, nodes: &[Node]) {
        let Some(at) = self.selected(nodes) else { return };
        if Tree::has_children(nodes, at) && self.folded.insert(nodes[at].label.clone()) {
            return;
        }
        let parent = nodes[..at].iter().rposition(|node| node.depth < nodes[at].depth);
        if let Some(parent) = parent {
            self.select(nodes, parent);
        }
    }

    /// Folds or unfolds the selected node.
    pub(in crate::tui) fn toggle(&mut self, nodes: &[Node]) {
        let Some(at) = self.selected(nodes).filter(|&at| Tree::has_children(nodes, at)) else { return };
        if !self.folded.remove(&nodes[at].label) {
            self.folded.insert(nodes[at].label.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(depths: &[u8]) -> Vec<Node> {
        depths.iter().enumerate().map(|(n, &depth)| Node::new(depth, n.to_string(), "")).collect()
    }

    #[test]
    fn folding_hides_what_is_below() {
        let nodes = nodes(&[0, 1, 2, 1, 0, 1]);
        let mut tree = Tree::default();
        assert_eq!(tree.visible(&nodes), [0, 1, 2, 3, 4, 5]);
        tree.left(&nodes);
        assert_eq!(tree.visible(&nodes), [0, 4, 5]);
        tree.select(&nodes, 2);
        assert_eq!(tree.selected(&nodes), Some(0));
        tree.right(&nodes);
        assert_eq!(tree.selected(&nodes), Some(0));
        tree.right(&nodes);
        assert_eq!(tree.selected(&nodes), Some(1));
        tree.select(&nodes, 2);
        tree.left(&nodes);
        assert_eq!(tree.selected(&nodes), Some(1));
        tree.left(&nodes);
        tree.left(&nodes);
        assert_eq!((tree.selected(&nodes), tree.visible(&nodes).len()), (Some(0), 5));
    }
}
