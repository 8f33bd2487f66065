//! Runs the steps on one page and turns what they find into blocks.

use super::captions::{attach_captions, find_caption};
use super::code::{code_text, is_typed, join_code};
use super::columns::{Atom, AtomKind, Region, order_regions};
use super::contents::{entry_edges, find_entries, lists_contents};
use super::continuations::mark_continuations;
use super::drop_caps::with_caps_in_line;
use super::equations::{equation_text, is_equation, join_equations, latex};
use super::figures::{self, FigureBox, find_figures};
use super::fragments::{Fragment, find_fragments};
use super::glyphs::{Readable, readable};
use super::headings::heading_level;
use super::items::{further_paragraph, is_in_item, item_margins, text_edge};
use super::lines::find_lines;
use super::notes::{find_note, part_notes, tie_marks};
use super::paragraphs::{Group, group_lines, join_numbers};
use super::read_words::in_reading_order;
use super::spans::{drop_front, join_lines};
use super::survey::Survey;
use super::tables::Found;
use super::tagged::TaggedPage;
use super::trust::{block_confidence, heading_confidence, judge, overlaps, says_nothing};
use crate::document::{
    Block, BlockId, Content, FigureId, Page, Provenance, Rect, Span, TextQuality, Warning, plain_text,
};
use crate::pdf::content::{LinkArea, PageContent, PathItem};

/// A page as laid out: its blocks, and where its figures are.
#[derive(Clone, Debug, PartialEq)]
pub struct LaidOutPage {
    /// The page with its blocks.
    pub page: Page,
    /// Its figures in reading order; each has a [`Content::Figure`] block.
    pub figures: Vec<FigureRegion>,
    /// What a reader should know about it.
    pub warnings: Vec<Warning>,
}

/// A figure to be cut out.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureRegion {
    /// Its name.
    pub id: FigureId,
    /// Where it is, in points of the page.
    pub bbox: Rect,
    /// What to cut out.
    pub source: RegionSource,
    /// Its number as printed.
    pub label: Option<String>,
    /// Its printed caption.
    pub caption: Option<String>,
    /// Text inside it (axis labels, boxes), which the running text leaves out.
    pub text: String,
}

/// What a figure consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegionSource {
    /// One image of the file.
    Embedded {
        /// Its [`crate::pdf::content::ImageItem::index`].
        image: usize,
        /// Its digest: equal for equal images.
        digest: u64,
    },
    /// Paths, or several images: to be cut out of the rendered page.
    Rendered,
    /// An equation whose LaTeX is not known: likewise.
    Equation,
}

/// Lays out one page.
#[must_use]
pub fn lay_out(content: &PageContent, survey: &Survey) -> LaidOutPage {
    let content = &*with_caps_in_line(content, survey);
    let text = readable(content);
    let fragments = find_fragments(&text.upright);
    let em = survey.body_size();
    let paths: Vec<(Rect, &PathItem)> = content
        .paths
        .iter()
        .map(|path| (text.turn.rect(&path.bbox, content.width, content.height), path))
        .collect();
    let links: Vec<(Rect, &LinkArea)> = content
        .links
        .iter()
        .map(|link| (text.turn.rect(&link.bbox, content.width, content.height), link))
        .collect();
    let typewritten = is_typewritten(&fragments, content);
    let page =
        PageParts { content, text: &text, fragments: &fragments, links: &links, survey, em, typewritten };

    if says_nothing(content) {
        let all = text.upright.iter().map(|placed| placed.bbox).chain(paths.iter().map(|(bbox, _)| *bbox));
        let whole = Rect::new(0.0, 0.0, text.width, text.height);
        let shown = all.reduce(|a, b| a.union(&b)).and_then(|shown| shown.grown(4.0).intersection(&whole));
        return page.blocks(Vec::new(), vec![FigureBox { bbox: shown.unwrap_or(whole), image: None }], None);
    }
    let mut tables = page.tables(&paths);
    let mut tagged = TaggedPage::read(survey.tags(), content.number, &fragments);
    if let Some(tagged) = &mut tagged {
        tables = tagged.take_tables(tables, &page);
    }
    let table_boxes: Vec<Rect> = tables.iter().map(|table| table.bbox).collect();
    let figures = find_figures(
        &figures::Page {
            content,
            paths: &paths,
            fragments: &fragments,
            tables: &table_boxes,
            turn: text.turn,
            width: text.width,
            height: text.height,
        },
        survey,
    );
    page.blocks(tables, figures, tagged.as_ref())
}

/// Whether most glyphs of a page are monospaced. By glyphs: the wide spaces of such fonts part each word into a
/// fragment of its own.
fn is_typewritten(fragments: &[Fragment<'_>], content: &PageContent) -> bool {
    let glyphs = || fragments.iter().flat_map(|fragment| &fragment.glyphs);
    let mono =
        glyphs().filter(|g| content.fonts.get(usize::from(g.glyph.font)).is_some_and(|font| font.mono));
    mono.count() * 5 > glyphs().count() * 3
}

/// The rest of an item stands in by so many ems.
const HUNG_EMS: f32 = 0.8;
/// A column narrower than this share of the page may be a margin with notes, whose own heads are none of the text.
const MARGIN: f32 = 0.3;

/// What is known of the page before it is put together.
pub(super) struct PageParts<'a> {
    pub content: &'a PageContent,
    pub text: &'a Readable<'a>,
    pub fragments: &'a [Fragment<'a>],
    pub links: &'a [(Rect, &'a LinkArea)],
    pub survey: &'a Survey,
    pub em: f32,
    /// The page as a whole is set in a monospaced font, so that this says nothing of a paragraph.
    pub typewritten: bool,
}

/// A block before it has a name, on the turned page.
pub(super) struct Draft {
    pub bbox: Rect,
    pub content: Content,
    pub continues: bool,
    pub confidence: f32,
    /// It is the first text of its column and stands in, as the rest of a list item does.
    pub hung: bool,
}

impl PageParts<'_> {
    fn blocks(
        &self,
        tables: Vec<Found>,
        figures: Vec<FigureBox>,
        tagged: Option<&TaggedPage<'_>>,
    ) -> LaidOutPage {
        let figures: Vec<FigureBox> = figures
            .into_iter()
            .filter(|figure| {
                !tables.iter().any(|table| {
                    table.bbox.intersection(&figure.bbox).map_or(0.0, |b| b.area()) > 0.5 * figure.bbox.area()
                })
            })
            .collect();
        let furniture = self.furniture();
        let mut labels: Vec<String> = vec![String::new(); figures.len()];
        let mut atoms: Vec<Atom> = Vec::new();
        for (index, fragment) in self.fragments.iter().enumerate() {
            let (x, y) = (fragment.bbox.center_x(), fragment.bbox.center_y());
            if let Some(figure) = figures.iter().position(|figure| figure.bbox.grown(1.5).contains(x, y)) {
                let text = fragment.text();
                if let Some(label) = labels.get_mut(figure).filter(|_| !text.contains('\u{FFFD}')) {
                    label.push_str(&text);
                    label.push(' ');
                }
                continue;
            }
            let in_table = tables.iter().any(|table| table.bbox.grown(1.0).contains(x, y));
            if !in_table && !furniture.iter().any(|line| line.bbox.contains(x, y)) {
                atoms.push(Atom { index, kind: AtomKind::Text, bbox: fragment.bbox, size: fragment.size });
            }
        }
        for ((x, y), line) in &self.content.picture_text {
            let here =
                self.text.turn.rect(&Rect::new(*x, *y, *x, *y), self.content.width, self.content.height);
            if let Some(at) = figures.iter().position(|figure| figure.bbox.contains(here.x0, here.y0))
                && let Some(label) = labels.get_mut(at)
            {
                label.push_str(line);
                label.push(' ');
            }
        }
        let solid = |kind, index, bbox| Atom { index, kind, bbox, size: 0.0 };
        atoms.extend(
            tables.iter().enumerate().map(|(index, table)| solid(AtomKind::Table, index, table.bbox)),
        );
        atoms.extend(
            figures.iter().enumerate().map(|(index, figure)| solid(AtomKind::Figure, index, figure.bbox)),
        );

        let mut drafts: Vec<Draft> = Vec::new();
        let mut order: Vec<usize> = Vec::new();
        match tagged {
            Some(tagged) => self.tagged_blocks(tagged, atoms, &tables, &mut drafts, &mut order),
            None => {
                for region in order_regions(atoms, self.em) {
                    self.region(&region, &tables, &mut drafts, &mut order);
                }
            }
        }
        mark_continuations(&mut drafts);
        for line in &furniture {
            let spans = join_lines(&[line], self.links, self.survey);
            drafts.push(draft(line.bbox, Content::Furniture { spans }, 0.9));
        }
        self.asides(&figures, &mut drafts);
        self.finish(drafts, &figures, &order, &labels)
    }

    pub(super) fn region(
        &self,
        region: &Region,
        tables: &[Found],
        drafts: &mut Vec<Draft>,
        order: &mut Vec<usize>,
    ) {
        let pieces: Vec<&Fragment<'_>> = region
            .atoms
            .iter()
            .filter(|atom| atom.kind == AtomKind::Text)
            .filter_map(|atom| self.fragments.get(atom.index))
            .collect();
        let lines = find_lines(pieces, &self.content.fonts);
        let extent = lines.iter().map(|line| line.bbox).reduce(|a, b| a.union(&b)).unwrap_or(region.bbox);
        let mut groups = join_numbers(group_lines(&lines, &extent, self.em), self.em);
        if !self.typewritten {
            groups = join_equations(join_code(groups), &extent, self.em);
        }
        let groups: Vec<Group<'_>> =
            groups.into_iter().flat_map(|group| part_notes(group, self.em, self.text.height)).collect();
        let entries = lists_contents(&lines).then(|| item_margins(entry_edges(&lines), self.em));

        enum Element<'g> {
            Text(Group<'g>),
            Solid(Atom),
        }
        let mut elements: Vec<(Rect, Element<'_>)> =
            groups.into_iter().map(|group| (group.bbox, Element::Text(group))).collect();
        for atom in region.atoms.iter().filter(|atom| atom.kind != AtomKind::Text) {
            // Before the first text that starts below its middle.
            let at = elements
                .iter()
                .position(|(bbox, _)| bbox.y0 >= atom.bbox.center_y())
                .unwrap_or(elements.len());
            elements.insert(at, (atom.bbox, Element::Solid(*atom)));
        }
        let margins: Vec<f32> = item_margins(
            elements.iter().filter_map(|(_, element)| match element {
                Element::Text(group) if group.marker.is_some() => Some(group.bbox.x0),
                _ => None,
            }),
            self.em,
        );
        let in_margin = extent.width() < MARGIN * self.text.width;
        // Size of the text below each element and the heads of its parts, in points; 0 at the end of the region.
        let mut below = vec![0.0_f32; elements.len()];
        let mut size = 0.0;
        for (place, (_, element)) in below.iter_mut().zip(&elements).rev() {
            *place = size;
            if let Element::Text(group) = element
                && !group.lines.iter().all(|line| line.bold)
            {
                size = group.lines.first().map_or(0.0, |line| line.size);
            }
        }
        // The last item, with the edge of its text and its depth.
        let mut item: Option<(Rect, f32, u8)> = None;
        let mut first = true;
        for ((bbox, element), below) in elements.into_iter().zip(below) {
            match element {
                Element::Text(group) => {
                    let hung = std::mem::take(&mut first)
                        && group.marker.is_none()
                        && group.bbox.x0 > extent.x0 + HUNG_EMS * self.em;
                    if let Some(margins) = &entries
                        && let Some(found) = find_entries(&group, margins, self.links, self.survey, self.em)
                    {
                        drafts.extend(found.into_iter().map(|(bbox, content)| draft(bbox, content, 0.85)));
                        continue;
                    }
                    if !self.typewritten && is_equation(&group, &extent, self.em) {
                        let (text, latex) = (equation_text(&group), latex(&group));
                        let sure = if latex.is_some() { 0.8 } else { 0.65 };
                        drafts.push(draft(group.bbox, Content::Equation { text, latex, figure: None }, sure));
                        continue;
                    }
                    let below = if in_margin { below } else { below.max(self.em) };
                    let Some(mut draft) = self.text_block(&group, &margins, lines.len(), below) else {
                        continue;
                    };
                    item = match draft.content {
                        Content::ListItem { depth, .. } => Some((group.bbox, text_edge(&group), depth)),
                        Content::Paragraph { .. } => {
                            item.filter(|item| is_in_item(&group, item, self.em)).map(|(_, edge, depth)| {
                                draft.content = further_paragraph(&mut draft.content, depth);
                                (group.bbox, edge, depth)
                            })
                        }
                        _ => None,
                    };
                    drafts.push(Draft { hung, ..draft });
                }
                Element::Solid(atom) if atom.kind == AtomKind::Table => {
                    item = None;
                    if let Some(found) = tables.get(atom.index) {
                        drafts.push(draft(
                            bbox,
                            Content::Table { table: found.table.clone() },
                            found.confidence,
                        ));
                    }
                }
                Element::Solid(atom) => {
                    order.push(atom.index);
                    let figure = FigureId::new(self.content.number, order.len());
                    drafts.push(draft(bbox, Content::Figure { figure }, 0.8));
                }
            }
        }
    }

    fn text_block(
        &self,
        group: &Group<'_>,
        margins: &[f32],
        region_lines: usize,
        below: f32,
    ) -> Option<Draft> {
        let mut spans = join_lines(&group.lines, self.links, self.survey);
        let text = plain_text(&spans);
        if text.is_empty() {
            return None;
        }
        if group.lines.iter().all(|line| is_typed(line))
            && text.chars().any(char::is_alphanumeric)
            && !self.typewritten
            && (group.lines.len() > 1 || region_lines == 1)
        {
            return Some(draft(
                group.bbox,
                Content::Code { text: code_text(&group.lines, self.fragments) },
                0.8,
            ));
        }
        if let Some((_, label)) = find_caption(&text).filter(|_| group.lines.len() < 40)
            && label.len() < 24
        {
            return Some(draft(group.bbox, Content::Caption { figure: None, spans }, 0.8));
        }
        if let Some(level) = heading_level(&group.lines, below, self.survey, self.content.number) {
            let sure = heading_confidence(&group.lines, &text, self.survey, self.content.number);
            return Some(draft(group.bbox, Content::Heading { level, spans }, sure));
        }
        if let Some(content) = find_note(group, &spans, self.em, self.text.height) {
            return Some(draft(group.bbox, content, 0.7));
        }
        if let Some(marker) = &group.marker {
            drop_front(&mut spans, marker.length);
            let depth =
                margins.iter().filter(|margin| **margin < group.bbox.x0 - 0.6 * self.em).count().min(5);
            #[allow(clippy::cast_possible_truncation, reason = "at most 5")]
            let content = Content::ListItem {
                depth: depth as u8,
                marker: marker.text.clone(),
                number: marker.number,
                spans,
            };
            return Some(draft(group.bbox, content, 0.8));
        }
        Some(draft(group.bbox, Content::Paragraph { spans }, 0.9))
    }

    /// Text in other directions: labels in figures are left to them; what stands between two blocks of a column
    /// comes between them, and the rest last.
    fn asides(&self, figures: &[FigureBox], drafts: &mut Vec<Draft>) {
        let mut asides: Vec<(usize, Draft)> = Vec::new();
        for (text, bbox) in self.text.aside.iter().take(2_000) {
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let in_figure =
                figures.iter().any(|f| f.bbox.grown(12.0).contains(bbox.center_x(), bbox.center_y()));
            if text.chars().count() < 2 || in_figure {
                continue;
            }
            let margin = bbox.x1 < 0.1 * self.text.width || bbox.x0 > 0.9 * self.text.width;
            let spans = vec![Span { text, ..Span::default() }];
            let content = if margin { Content::Furniture { spans } } else { Content::Paragraph { spans } };
            let in_column = |other: &Draft| other.bbox.overlap_x(bbox) > 0.0;
            let below = drafts.iter().position(|other| in_column(other) && other.bbox.y0 > bbox.center_y());
            let above = |place: &usize| drafts.iter().take(*place).any(in_column);
            let place = below.filter(above).filter(|_| !margin).unwrap_or(drafts.len());
            asides.push((place, draft(*bbox, content, 0.4)));
        }
        asides.sort_by(|(a, left), (b, right)| a.cmp(b).then(left.bbox.x0.total_cmp(&right.bbox.x0)));
        for (place, aside) in asides.into_iter().rev() {
            drafts.insert(place, aside);
        }
    }

    fn finish(
        &self,
        mut drafts: Vec<Draft>,
        figures: &[FigureBox],
        order: &[usize],
        labels: &[String],
    ) -> LaidOutPage {
        let number = self.content.number;
        let back = |rect: &Rect| self.text.turn.back(rect, self.content.width, self.content.height);
        let captions = attach_captions(&mut drafts, figures, order, number, self.text.height);
        let regions = order
            .iter()
            .enumerate()
            .filter_map(|(place, &index)| {
                let figure = figures.get(index)?;
                let image = figure.image.and_then(|image| self.content.images.get(image));
                let source = match image {
                    Some(image) if image.upright && !image.stencil => {
                        RegionSource::Embedded { image: image.index, digest: image.digest }
                    }
                    _ => RegionSource::Rendered,
                };
                let caption = captions.iter().find(|(figure, _)| *figure == place);
                Some(FigureRegion {
                    id: FigureId::new(number, place + 1),
                    bbox: back(&figure.bbox),
                    source,
                    label: caption.and_then(|(_, text)| find_caption(text)).map(|(_, label)| label),
                    caption: caption.map(|(_, text)| text.clone()),
                    text: labels.get(index).map(|text| text.trim().to_owned()).unwrap_or_default(),
                })
            })
            .collect();
        let mut regions: Vec<FigureRegion> = regions;
        picture_equations(&mut drafts, &mut regions, number, &back);
        let (text, warnings) = self.quality();
        let recognised = self.content.recognised;
        let stage = if recognised.is_some() { "ocr" } else { "extraction" };
        let overlapped = overlaps(&drafts.iter().map(|draft| draft.bbox).collect::<Vec<_>>());
        let mut blocks: Vec<Block> = drafts
            .into_iter()
            .zip(overlapped)
            .enumerate()
            .map(|(index, (draft, overlapped))| Block {
                id: BlockId::new(number, index + 1),
                page: number,
                bbox: back(&draft.bbox),
                confidence: block_confidence(
                    draft.confidence * recognised.unwrap_or(1.0),
                    &text_of(&draft.content),
                    text,
                    overlapped,
                ),
                content: draft.content,
                continues: draft.continues,
                provenance: Provenance { stage: stage.to_owned(), model: None },
            })
            .collect();
        tie_marks(&mut blocks);
        let page = Page {
            number,
            label: self.content.label.clone(),
            width: self.content.width,
            height: self.content.height,
            text,
            broken: false,
            words: in_reading_order(self.content, &blocks, self.text.turn),
            blocks,
        };
        LaidOutPage { page, figures: regions, warnings }
    }

    fn quality(&self) -> (TextQuality, Vec<Warning>) {
        let page = Some(self.content.number);
        let mut warnings: Vec<Warning> =
            self.content.warnings.iter().map(|message| Warning { page, message: message.clone() }).collect();
        if self.text.truncated {
            let message = format!("only the first {} characters of this page were read", super::MAX_GLYPHS);
            warnings.push(Warning { page, message });
        }
        let (quality, message) = judge(self.content, self.text);
        warnings.extend(message.map(|message| Warning { page, message }));
        (quality, warnings)
    }
}

/// Text of running blocks; a table's cells are many and say nothing of how sure its form is.
fn text_of(content: &Content) -> String {
    match content {
        Content::Code { text } | Content::Equation { text, .. } => text.clone(),
        other => plain_text(other.spans()),
    }
}

/// Pictures of equations on one page, at most: each is cut out of the painted page.
const MAX_EQUATION_PICTURES: usize = 60;

/// Gives each equation without LaTeX a picture.
fn picture_equations(
    drafts: &mut [Draft],
    regions: &mut Vec<FigureRegion>,
    page: u32,
    back: &impl Fn(&Rect) -> Rect,
) {
    let mut count = 0;
    for draft in drafts {
        let Content::Equation { latex: None, figure, .. } = &mut draft.content else { continue };
        count += 1;
        if count > MAX_EQUATION_PICTURES {
            return;
        }
        let id = FigureId::of_equation(page, count);
        *figure = Some(id.clone());
        regions.push(FigureRegion {
            id,
            bbox: back(&draft.bbox.grown(2.0)),
            source: RegionSource::Equation,
            label: None,
            caption: None,
            // The block has it.
            text: String::new(),
        });
    }
}

pub(super) fn draft(bbox: Rect, content: Content, confidence: f32) -> Draft {
    Draft { bbox, content, continues: false, confidence, hung: false }
}
