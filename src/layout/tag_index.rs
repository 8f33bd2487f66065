//! The structure tree turned around: for each piece of marked content, the block it belongs to and that block's role.

use crate::pdf::StructureTree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a block of a tagged file is, by its tags (ISO 32000-2, 14.8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum TagRole {
    Heading(u8),
    Text,
    /// An item, with the number of lists it is in beyond the first.
    Item(u8),
    Caption,
    Note,
    Code,
    Formula,
    Entry,
    Cell(CellTag),
    /// Text of a figure, if it has any.
    Figure,
}

/// A table's cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CellTag {
    /// The table, by its element.
    pub table: u32,
    /// Row, from 0.
    pub row: u32,
    pub header: bool,
    /// Columns and rows covered.
    pub span: (u32, u32),
}

/// A block of the structure tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TagBlock {
    /// Its element, which counts in reading order.
    pub element: u32,
    pub role: TagRole,
}

/// The blocks of all marked content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TagIndex {
    /// By page and marked-content identifier.
    blocks: BTreeMap<(u32, u32), TagBlock>,
    /// The cells of each table, by element and in order, empty ones too.
    cells: BTreeMap<u32, Vec<(u32, CellTag)>>,
    /// The tags tell headings: there are some, and they are not most of the text.
    pub has_headings: bool,
}

/// Where an element stands.
#[derive(Clone, Copy)]
struct Context {
    block: Option<TagBlock>,
    /// Lists around it.
    lists: u8,
    sections: u8,
    table: Option<u32>,
    row: Option<u32>,
}

impl TagIndex {
    pub(super) fn new(tree: &StructureTree) -> Self {
        let mut index = Self::default();
        let mut contexts: Vec<Context> = Vec::with_capacity(tree.elements.len());
        // Rows seen of each table.
        let mut rows: BTreeMap<u32, u32> = BTreeMap::new();
        let (mut headings, mut all) = (0_usize, 0_usize);
        for (number, element) in (0_u32..).zip(&tree.elements) {
            let outer = element.parent.and_then(|parent| contexts.get(parent).copied());
            let outer =
                outer.unwrap_or(Context { block: None, lists: 0, sections: 0, table: None, row: None });
            let mut here = outer;
            let mut start = |role| here.block = Some(TagBlock { element: number, role });
            let held = outer.block.map(|block| block.role);
            let keeps = matches!(
                held,
                Some(TagRole::Item(_) | TagRole::Cell(_) | TagRole::Note | TagRole::Caption | TagRole::Entry)
            );
            match element.kind.as_str() {
                "H" if !keeps => start(TagRole::Heading(outer.sections.clamp(1, 6))),
                "Title" if held.is_none() => start(TagRole::Heading(1)),
                "H1" | "H2" | "H3" | "H4" | "H5" | "H6" if !matches!(held, Some(TagRole::Cell(_))) => {
                    start(TagRole::Heading(element.kind.as_bytes().get(1).map_or(1, |digit| digit - b'0')));
                }
                "P" if !keeps => start(TagRole::Text),
                "L" => here.lists = outer.lists.saturating_add(1),
                "LI" => start(TagRole::Item(outer.lists.saturating_sub(1).min(5))),
                "TOCI" => start(TagRole::Entry),
                "Caption" => start(TagRole::Caption),
                "Note" | "FENote" => start(TagRole::Note),
                "Code" if held.is_none() => start(TagRole::Code),
                "Formula" if held.is_none() => start(TagRole::Formula),
                "Figure" => start(TagRole::Figure),
                "Sect" => here.sections = outer.sections.saturating_add(1),
                "Table" => here.table = Some(number),
                "TR" => {
                    if let Some(table) = outer.table {
                        let next = rows.entry(table).or_default();
                        here.row = Some(*next);
                        *next = next.saturating_add(1);
                    }
                }
                "TH" | "TD" => {
                    if let (Some(table), Some(row)) = (outer.table, outer.row) {
                        let (header, span) = (element.kind == "TH", element.cell_span);
                        let cell = CellTag { table, row, header, span };
                        start(TagRole::Cell(cell));
                        index.cells.entry(table).or_default().push((number, cell));
                    }
                }
                _ => {}
            }
            let block = here.block.unwrap_or(TagBlock { element: number, role: TagRole::Text });
            for (page, mcid) in &element.content {
                all += 1;
                headings += usize::from(matches!(block.role, TagRole::Heading(_)));
                index.blocks.insert((*page, *mcid), block);
            }
            contexts.push(here);
        }
        index.has_headings = headings > 0 && headings * 5 < all * 2;
        index
    }

    pub(super) fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The cells of a table in order.
    pub(super) fn cells(&self, table: u32) -> &[(u32, CellTag)] {
        self.cells.get(&table).map(Vec::as_slice).unwrap_or_default()
    }

    /// The block that marked content of a page belongs to.
    pub(super) fn find(&self, page: u32, mcid: u32) -> Option<TagBlock> {
        self.blocks.get(&(page, mcid)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::StructureElement;

    fn element(kind: &str, parent: Option<usize>, mcids: &[u32]) -> StructureElement {
        StructureElement {
            kind: kind.to_owned(),
            parent,
            page: Some(1),
            content: mcids.iter().map(|mcid| (1, *mcid)).collect(),
            alt: None,
            actual_text: None,
            cell_span: (1, 1),
        }
    }

    #[test]
    fn content_is_found_with_its_blocks_role() {
        let tree = StructureTree {
            elements: vec![
                element("Document", None, &[]),
                element("H2", Some(0), &[0]),
                element("P", Some(0), &[1, 3]),
                element("Span", Some(2), &[2]),
                element("L", Some(0), &[]),
                element("LI", Some(4), &[]),
                element("LBody", Some(5), &[4]),
                element("L", Some(6), &[]),
                element("LI", Some(7), &[5]),
                element("Table", Some(0), &[]),
                element("TR", Some(9), &[]),
                element("TH", Some(10), &[]),
                element("P", Some(11), &[6]),
                element("TR", Some(9), &[]),
                element("TD", Some(13), &[7]),
            ],
        };
        let index = TagIndex::new(&tree);
        let role = |mcid| index.find(1, mcid).unwrap().role;
        assert_eq!(role(0), TagRole::Heading(2));
        assert_eq!((index.find(1, 1), index.find(1, 2)), (index.find(1, 2), index.find(1, 3)));
        assert_eq!((role(4), role(5)), (TagRole::Item(0), TagRole::Item(1)));
        assert_eq!(role(6), TagRole::Cell(CellTag { table: 9, row: 0, header: true, span: (1, 1) }));
        assert_eq!(role(7), TagRole::Cell(CellTag { table: 9, row: 1, header: false, span: (1, 1) }));
        assert!(index.has_headings && index.find(2, 0).is_none());
    }

    #[test]
    fn a_tree_of_headings_only_tells_none() {
        let tree =
            StructureTree { elements: vec![element("H1", None, &[0, 1, 2]), element("P", None, &[3])] };
        assert!(!TagIndex::new(&tree).has_headings);
    }
}
