//! Pages of tagged files: blocks, levels, lists, tables and reading order from the structure tree, where the tree
//! agrees with what is seen; the geometry decides otherwise.

use super::assemble::{Draft, PageParts, draft};
use super::code::code_text;
use super::columns::{Atom, AtomKind, Region, order_regions};
use super::equations::{equation_text, latex};
use super::fragments::{Fragment, find_fragments};
use super::glyphs::Placed;
use super::lines::{Line, find_lines};
use super::lists::find_marker;
use super::notes::tagged_note;
use super::paragraphs::Group;
use super::spans::{drop_front, join_lines};
use super::tables::Found;
use super::tag_index::{CellTag, TagBlock, TagIndex, TagRole};
use crate::document::{Cell, Content, Rect, Row, Table, plain_text};
use std::collections::BTreeMap;

/// So much of a page's text must be tagged for its tags to be believed.
const MIN_COVERAGE: f32 = 0.9;
/// So much of it may be left out as an artifact.
const MAX_ARTIFACTS: f32 = 0.3;
/// So many blocks may stand above the one before them in the same column.
const MAX_BACKWARDS: f32 = 0.15;
/// So many blocks may lie over others.
const MAX_ENTANGLED: f32 = 0.15;
/// Columns of a table, at most.
const MAX_COLUMNS: u32 = 200;

/// A page's blocks as its tags have them.
pub(super) struct TaggedPage<'t> {
    index: &'t TagIndex,
    page: u32,
    /// In reading order, with the fragments that belong to each.
    blocks: Vec<(TagBlock, Rect)>,
    /// For each fragment its place among the blocks.
    home: Vec<Option<usize>>,
    /// Elements of the tables that were made, with their boxes.
    tables: Vec<(u32, Rect)>,
}

impl<'t> TaggedPage<'t> {
    /// Reads a page's tags; none if there are none, or if they contradict what is seen.
    pub(super) fn read(index: &'t TagIndex, page: u32, fragments: &[Fragment<'_>]) -> Option<Self> {
        if index.is_empty() {
            return None;
        }
        let (mut all, mut artifacts, mut covered) = (0_usize, 0_usize, 0_usize);
        let mut found: BTreeMap<u32, (TagBlock, Rect)> = BTreeMap::new();
        let mut elements: Vec<Option<u32>> = Vec::with_capacity(fragments.len());
        for fragment in fragments {
            let mut votes: BTreeMap<u32, (TagBlock, usize)> = BTreeMap::new();
            for placed in &fragment.glyphs {
                all += 1;
                artifacts += usize::from(placed.glyph.artifact);
                if let Some(block) = placed.glyph.mcid.and_then(|mcid| index.find(page, mcid)) {
                    covered += 1;
                    votes.entry(block.element).or_insert((block, 0)).1 += 1;
                }
            }
            let best = votes.into_values().max_by_key(|(_, count)| *count).map(|(block, _)| block);
            elements.push(best.map(|block| block.element));
            if let Some(block) = best {
                let bbox = fragment.bbox;
                found
                    .entry(block.element)
                    .and_modify(|(_, all)| *all = all.union(&bbox))
                    .or_insert((block, bbox));
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "counts of glyphs")]
        let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
        if all < 20
            || share(artifacts, all) > MAX_ARTIFACTS
            || share(covered, all.saturating_sub(artifacts)) < MIN_COVERAGE
        {
            return None;
        }
        let blocks: Vec<(TagBlock, Rect)> = found.into_values().collect();
        if !reads_forward(&blocks) || entangled(&blocks) {
            return None;
        }
        let place = |element: u32| blocks.binary_search_by_key(&element, |(block, _)| block.element).ok();
        let home = elements.iter().map(|element| element.and_then(place)).collect();
        Some(Self { index, page, blocks, home, tables: Vec::new() })
    }

    /// The tables that the tags tell, and those of `seen` that lie elsewhere.
    pub(super) fn take_tables(&mut self, seen: Vec<Found>, page: &PageParts<'_>) -> Vec<Found> {
        let mut elements: Vec<u32> = Vec::new();
        for (block, _) in &self.blocks {
            if let TagRole::Cell(CellTag { table, .. }) = block.role
                && !elements.contains(&table)
            {
                elements.push(table);
            }
        }
        let mut tables: Vec<Found> = Vec::new();
        for element in elements.into_iter().take(100) {
            if let Some(found) = self.table(element, page) {
                self.tables.push((element, found.bbox));
                tables.push(found);
            }
        }
        tables
            .extend(seen.into_iter().filter(|table| {
                self.tables.iter().all(|(_, bbox)| bbox.intersection(&table.bbox).is_none())
            }));
        tables
    }

    fn table(&self, element: u32, page: &PageParts<'_>) -> Option<Found> {
        let cells = self.index.cells(element);
        let mut glyphs: BTreeMap<u32, Vec<Placed<'_>>> = BTreeMap::new();
        for placed in &page.text.upright {
            if let Some(block) = placed.glyph.mcid.and_then(|mcid| self.index.find(self.page, mcid))
                && matches!(block.role, TagRole::Cell(cell) if cell.table == element)
            {
                glyphs.entry(block.element).or_default().push(*placed);
            }
        }
        // Of a table over several pages, the rows that are on this one.
        let here: Vec<u32> =
            cells.iter().filter(|(cell, _)| glyphs.contains_key(cell)).map(|(_, tag)| tag.row).collect();
        let (first, last) = (here.iter().copied().min()?, here.iter().copied().max()?);
        let mut rows: Vec<Row> = Vec::new();
        let mut header_rows = 0;
        // For each column the rows, from the next on, that a cell above covers.
        let mut covered: Vec<u32> = Vec::new();
        let mut bbox: Option<Rect> = None;
        let mut middles: Vec<f32> = Vec::new();
        for row in first..=last {
            let mut made = Row::default();
            let mut column = 0_usize;
            let mut all_headers = true;
            let mut middle: Option<Rect> = None;
            let free: Vec<u32> = covered.iter().map(|rows| rows.saturating_sub(1)).collect();
            let taken = std::mem::replace(&mut covered, free);
            for (cell, tag) in cells.iter().filter(|(_, tag)| tag.row == row) {
                while taken.get(column).is_some_and(|rows| *rows > 0) {
                    column += 1;
                }
                let (across, down) = (tag.span.0.min(MAX_COLUMNS), tag.span.1.min(last - row + 1));
                let next = column + across as usize;
                if next > MAX_COLUMNS as usize {
                    return None;
                }
                if covered.len() < next {
                    covered.resize(next, 0);
                }
                covered.iter_mut().take(next).skip(column).for_each(|rows| *rows = (*rows).max(down - 1));
                let inside = glyphs.get(cell).map(Vec::as_slice).unwrap_or_default();
                let extent = inside.iter().map(|placed| placed.bbox).reduce(|a, b| a.union(&b));
                bbox = bbox.into_iter().chain(extent).reduce(|a, b| a.union(&b));
                if down == 1 {
                    middle = middle.into_iter().chain(extent).reduce(|a, b| a.union(&b));
                }
                let fragments = find_fragments(inside);
                let lines = find_lines(fragments.iter().collect(), &page.content.fonts);
                let spans = join_lines(&lines.iter().collect::<Vec<_>>(), page.links, page.survey);
                all_headers &= tag.header;
                made.cells.push(Cell {
                    column: u32::try_from(column).unwrap_or(0),
                    row_span: down.max(1),
                    column_span: across.max(1),
                    spans,
                });
                column = next;
            }
            middles.extend(middle.map(|rect| rect.center_y()));
            if all_headers && header_rows as usize == rows.len() && !made.cells.is_empty() {
                header_rows += 1;
            }
            rows.push(made);
        }
        let columns = u32::try_from(covered.len()).ok()?;
        let downwards = middles.windows(2).filter(|pair| pair[1] > pair[0]).count();
        let sane = columns > 1 && rows.len() > 1 && downwards * 5 >= middles.len().saturating_sub(1) * 4;
        if header_rows as usize == rows.len() {
            header_rows = 1;
        }
        sane.then_some(Found { bbox: bbox?, table: Table { columns, header_rows, rows }, confidence: 0.95 })
    }

    /// Whether text at the page's edge is tagged as text, so that its place alone makes it no furniture.
    pub(super) fn tells_headings(&self) -> bool {
        self.index.has_headings
    }
}

/// Whether most blocks stand below the one before them, or further right, or in another column.
fn reads_forward(blocks: &[(TagBlock, Rect)]) -> bool {
    let running: Vec<&Rect> = blocks
        .iter()
        .filter(|(block, _)| !matches!(block.role, TagRole::Cell(_) | TagRole::Figure | TagRole::Note))
        .map(|(_, bbox)| bbox)
        .collect();
    let backwards = running
        .windows(2)
        .filter(|pair| pair[1].y1 <= pair[0].y0 + 1.0 && pair[1].overlap_x(pair[0]) > 0.0)
        .count();
    #[allow(clippy::cast_precision_loss, reason = "counts of blocks")]
    let most = (MAX_BACKWARDS * running.len() as f32).max(1.0);
    #[allow(clippy::cast_precision_loss, reason = "counts of blocks")]
    let few = backwards as f32 <= most;
    few
}

/// Whether many blocks lie over each other: then the tags part the text in another way than its lines do.
fn entangled(blocks: &[(TagBlock, Rect)]) -> bool {
    let boxes: Vec<Rect> = blocks
        .iter()
        .filter(|(block, _)| !matches!(block.role, TagRole::Figure))
        .map(|(_, bbox)| *bbox)
        .take(1_500)
        .collect();
    let over = super::trust::overlaps(&boxes).iter().filter(|share| **share > 0.5).count();
    #[allow(clippy::cast_precision_loss, reason = "counts of blocks")]
    let entangled = over as f32 > (MAX_ENTANGLED * boxes.len() as f32).max(2.0);
    entangled
}

/// Something to be read at its place in the order.
struct Step {
    bbox: Rect,
    /// Of a tagged block.
    block: Option<TagBlock>,
    atoms: Vec<Atom>,
}

impl PageParts<'_> {
    /// Reads a page by its tags. What has none (figures, a few words) comes where it is seen.
    pub(super) fn tagged_blocks(
        &self,
        tagged: &TaggedPage<'_>,
        atoms: Vec<Atom>,
        tables: &[Found],
        drafts: &mut Vec<Draft>,
        order: &mut Vec<usize>,
    ) {
        let mut by_block: Vec<Vec<Atom>> = vec![Vec::new(); tagged.blocks.len()];
        let (mut loose, mut solid) = (Vec::new(), Vec::new());
        for atom in atoms {
            let home = tagged.home.get(atom.index).copied().flatten();
            match (atom.kind, home.and_then(|home| by_block.get_mut(home))) {
                (AtomKind::Text, Some(block)) => block.push(atom),
                (AtomKind::Text, None) => loose.push(atom),
                _ => solid.push(atom),
            }
        }
        let mut steps: Vec<Step> = Vec::new();
        for ((block, _), atoms) in tagged.blocks.iter().zip(by_block) {
            if let Some(bbox) = atoms.iter().map(|atom| atom.bbox).reduce(|a, b| a.union(&b)) {
                steps.push(Step { bbox, block: Some(*block), atoms });
            }
        }
        for atom in solid {
            let made =
                tagged.tables.iter().find(|(_, bbox)| atom.kind == AtomKind::Table && *bbox == atom.bbox);
            let at = match made {
                Some((element, _)) => {
                    steps.iter().position(|step| step.block.is_some_and(|block| block.element > *element))
                }
                None => place_of(&atom.bbox, &steps),
            };
            let step = Step { bbox: atom.bbox, block: None, atoms: vec![atom] };
            steps.insert(at.unwrap_or(steps.len()), step);
        }
        for region in order_regions(loose, self.em) {
            let at = place_of(&region.bbox, &steps).unwrap_or(steps.len());
            steps.insert(at, Step { bbox: region.bbox, block: None, atoms: region.atoms });
        }
        for step in steps {
            match step.block.map(|block| block.role) {
                None | Some(TagRole::Text | TagRole::Figure | TagRole::Cell(_) | TagRole::Entry) => {
                    let from = drafts.len();
                    for region in order_regions(step.atoms, self.em) {
                        self.region(&region, tables, drafts, order);
                    }
                    if step.block.is_some() && tagged.tells_headings() {
                        for draft in drafts.iter_mut().skip(from) {
                            demote(draft);
                        }
                    }
                }
                Some(role) => drafts.extend(self.tagged_block(role, step.atoms)),
            }
        }
    }

    fn tagged_block(&self, role: TagRole, atoms: Vec<Atom>) -> Option<Draft> {
        let lines: Vec<Line> = order_regions(atoms, self.em)
            .iter()
            .flat_map(|region: &Region| {
                let fragments =
                    region.atoms.iter().filter_map(|atom| self.fragments.get(atom.index)).collect();
                find_lines(fragments, &self.content.fonts)
            })
            .collect();
        let bbox = lines.iter().map(|line| line.bbox).reduce(|a, b| a.union(&b))?;
        let group = Group { lines: lines.iter().collect(), bbox, marker: None };
        let mut spans = join_lines(&group.lines, self.links, self.survey);
        let text = plain_text(&spans);
        if text.is_empty() {
            return None;
        }
        let content = match role {
            TagRole::Heading(level) if text.chars().count() < 300 => Content::Heading { level, spans },
            TagRole::Item(depth) => {
                let (marker, number) = match find_marker(&text) {
                    Some(found) => {
                        drop_front(&mut spans, found.length);
                        (found.text, found.number)
                    }
                    None => ("•".to_owned(), None),
                };
                Content::ListItem { depth, marker, number, spans }
            }
            TagRole::Caption => Content::Caption { figure: None, spans },
            TagRole::Note => tagged_note(&group, &spans).unwrap_or(Content::Paragraph { spans }),
            TagRole::Code => Content::Code { text: code_text(&group.lines, self.fragments) },
            TagRole::Formula => {
                Content::Equation { text: equation_text(&group), latex: latex(&group), figure: None }
            }
            _ => Content::Paragraph { spans },
        };
        Some(draft(bbox, content, 0.95))
    }
}

/// Before which step something at `bbox` is read: the first one that starts below its middle in its columns.
fn place_of(bbox: &Rect, steps: &[Step]) -> Option<usize> {
    let beside = |step: &&Step| step.bbox.overlap_x(bbox) > 0.0;
    let below = steps.iter().position(|step| beside(&step) && step.bbox.y0 >= bbox.center_y());
    below.or_else(|| {
        let above = steps.iter().rposition(|step| beside(&step) && step.bbox.y1 <= bbox.center_y())?;
        Some(above + 1)
    })
}

/// A heading by its looks alone, in a file whose tags tell the headings, is text.
fn demote(draft: &mut Draft) {
    if let Content::Heading { spans, .. } = &mut draft.content {
        draft.content = Content::Paragraph { spans: std::mem::take(spans) };
    }
}
