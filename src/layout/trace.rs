//! What each step of the layout saw on one page, for drawing over the page's picture.

use super::fragments::find_fragments;
use super::glyphs::readable;
use super::ruled::{find_grids, find_rules};
use super::{LaidOutPage, Survey, lay_out};
use crate::document::Rect;
use crate::pdf::content::{PageContent, PathItem};

/// What each step saw. All boxes are in points of the page, y down.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Boxes of the glyphs that are read, text drawn twice and what is not painted left out.
    pub glyphs: Vec<Rect>,
    /// Pieces of lines: glyphs on one baseline without a wide gap.
    pub fragments: Vec<Rect>,
    /// Cells of the grids that connected rules make, those that became no table too.
    pub cells: Vec<Rect>,
    /// The result: blocks in reading order, and the boxes of figures.
    pub page: LaidOutPage,
}

/// Runs the steps on one page and notes what each saw. The result is that of [`lay_out`].
#[must_use]
pub fn trace(content: &PageContent, survey: &Survey) -> Trace {
    let text = readable(content);
    let back = |rect: &Rect| text.turn.back(rect, content.width, content.height);
    let paths: Vec<(Rect, &PathItem)> = content
        .paths
        .iter()
        .map(|path| (text.turn.rect(&path.bbox, content.width, content.height), path))
        .collect();
    let cells = find_grids(&find_rules(&paths)).into_iter().flat_map(|grid| {
        let edges = |edges: &[f32], from: usize, count: usize| {
            Some((edges.get(from).copied()?, edges.get(from + count).copied()?))
        };
        let places = grid.cells.iter().filter_map(|cell| {
            let (x0, x1) = edges(&grid.columns, cell.column, cell.columns)?;
            let (y0, y1) = edges(&grid.rows, cell.row, cell.rows)?;
            Some(Rect::new(x0, y0, x1, y1))
        });
        places.collect::<Vec<_>>()
    });
    Trace {
        cells: cells.map(|cell| back(&cell)).collect(),
        glyphs: text.upright.iter().map(|placed| back(&placed.bbox)).collect(),
        fragments: find_fragments(&text.upright).iter().map(|fragment| back(&fragment.bbox)).collect(),
        page: lay_out(content, survey),
    }
}
