//! The device that hayro's interpreter draws into: it notes what is drawn instead of painting it.

use super::content::{Glyph, ImageItem, PageContent, PathItem, PathShape};
use super::fonts::{Face, KnownFont, PageFonts};
use super::glyph_text::{GlyphText, clean, clean_chars};
use super::paint_state::PaintState;
use super::paths::{Painted, classify};
use super::placement::{Placed, length};
use super::space::{PageSpace, clipped, path_bounds, transformed};
use super::{digest, text_string};
use crate::document::Rect;
use hayro::hayro_interpret::font::{GlyphRun, PositionedGlyph};
use hayro::hayro_interpret::hayro_cmap::WritingMode;
use hayro::hayro_interpret::kurbo::{self, Affine, BezPath, Shape};
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, Paint, SoftMask,
};
use hayro::hayro_syntax::object::dict::keys;
use hayro::hayro_syntax::object::{Dict, Stream, String as PdfString};
use std::rc::Rc;

/// Bounds of one page. The fullest page of a dense newspaper has some 30 thousand glyphs, a map perhaps a
/// hundred thousand paths.
const MAX_GLYPHS: usize = 400_000;
const MAX_PATHS: usize = 200_000;
const MAX_IMAGES: usize = 20_000;
/// Glyphs compared with boxes painted after them; past that nothing is taken to be covered.
const MAX_COVER_TESTS: usize = 8_000_000;
/// Nesting of marked content that is followed.
const MAX_NESTING: usize = 10_000;
/// `/ActualText` for more glyphs than this stands for a whole passage, and the glyphs' own text is better.
const MAX_ACTUAL_TEXT_GLYPHS: usize = 32;
/// Colour that stands for a pattern or shading.
const PATTERN_GREY: [u8; 3] = [128; 3];

/// Notes what is drawn on a page.
pub(super) struct ContentDevice<'a, 'b> {
    content: PageContent,
    fonts: PageFonts<'a, 'b>,
    /// Index in `content.fonts` of a face, plain and emboldened by stroking.
    font_slots: Vec<(Face, bool, u16)>,
    state: PaintState,
    /// Comparisons left for finding what is covered.
    cover_budget: usize,
    marks: Vec<Mark>,
    /// The run of glyphs filled last, for telling a stroke over it.
    last_fill: Option<FilledRun>,
    /// The paths filled last, likewise.
    last_paths: std::ops::Range<usize>,
    images: usize,
    overflow: [bool; 3],
}

/// One open marked-content sequence.
struct Mark {
    artifact: bool,
    mcid: Option<u32>,
    /// Replacement text with the number of glyphs noted before it.
    actual_text: Option<(String, usize)>,
}

struct FilledRun {
    glyphs: std::ops::Range<usize>,
    first: (Affine, u32),
    count: usize,
    color: [u8; 3],
}

impl<'a, 'b> ContentDevice<'a, 'b> {
    pub(super) fn new(number: u32, space: &PageSpace, fonts: PageFonts<'a, 'b>) -> Self {
        let content =
            PageContent { number, width: space.width, height: space.height, ..PageContent::default() };
        Self {
            content,
            fonts,
            font_slots: Vec::new(),
            state: PaintState::new(space.bounds()),
            cover_budget: MAX_COVER_TESTS,
            marks: Vec::new(),
            last_fill: None,
            last_paths: 0..0,
            images: 0,
            overflow: [false; 3],
        }
    }

    /// What was noted.
    pub(super) fn finish(mut self) -> PageContent {
        let limits = [("glyphs", MAX_GLYPHS), ("lines and shapes", MAX_PATHS), ("images", MAX_IMAGES)];
        for ((what, limit), over) in limits.into_iter().zip(self.overflow) {
            if over {
                self.content.warnings.push(format!(
                    "the page has more than {limit} {what}; those after the first {limit} are left out"
                ));
            }
        }
        self.content
    }

    fn artifact(&self) -> bool {
        self.marks.iter().any(|mark| mark.artifact)
    }

    fn mcid(&self) -> Option<u32> {
        self.marks.iter().rev().find_map(|mark| mark.mcid)
    }

    /// The index of a face among the page's fonts.
    fn slot(&mut self, face: &Face, embolden: bool) -> u16 {
        if let Some((_, _, slot)) =
            self.font_slots.iter().find(|(known, bold, _)| *bold == embolden && known == face)
        {
            return *slot;
        }
        let Ok(slot) = u16::try_from(self.content.fonts.len()) else { return u16::MAX };
        let mut info = face.info.clone();
        info.bold |= embolden;
        self.content.fonts.push(info);
        self.font_slots.push((face.clone(), embolden, slot));
        slot
    }

    /// Stroking just-filled glyphs in the same colour makes them bold; in any case they are there already.
    fn stroked_over(&mut self, run: &[PositionedGlyph<'a>], props: &DrawProps<'a>, width: f32) -> bool {
        let Some(filled) = self.last_fill.take() else { return false };
        let Some(first) = run.first() else { return false };
        if filled.count != run.len() || filled.first != (first.transform(), first.char_code()) {
            return false;
        }
        let (color, alpha) = color_of(&props.paint);
        let scale = scale_of(props.transform);
        if alpha <= 0.0 || color != filled.color {
            return true;
        }
        let mut slots: Vec<(u16, u16)> = Vec::new();
        for index in filled.glyphs {
            let Some(glyph) = self.content.glyphs.get(index) else { continue };
            // Thinner strokes only smooth the outline.
            if width * scale < 0.01 * glyph.size {
                continue;
            }
            let plain = glyph.font;
            let bold = match slots.iter().find(|(from, _)| *from == plain) {
                Some((_, to)) => *to,
                None => {
                    let known = self.font_slots.iter().find(|(_, _, slot)| *slot == plain);
                    let Some(face) = known.map(|(face, _, _)| face.clone()) else { continue };
                    let slot = self.slot(&face, true);
                    slots.push((plain, slot));
                    slot
                }
            };
            if let Some(glyph) = self.content.glyphs.get_mut(index) {
                glyph.font = bold;
            }
        }
        true
    }

    fn note_run(&mut self, run: &GlyphRun<'_, 'a>, props: &DrawProps<'a>, invisible: bool) {
        let glyphs = run.glyphs();
        let Some(first) = glyphs.first() else { return };
        let known = self.fonts.find(glyphs);
        let face = known.as_ref().map(|known| known.face.clone()).unwrap_or_default();
        let (color, alpha) = color_of(&props.paint);
        let shared = RunStyle {
            font: self.slot(&face, false),
            color,
            invisible: invisible || alpha * self.state.opacity() <= 0.0,
            mcid: self.mcid(),
            artifact: self.artifact(),
            clip: self.state.clip(),
            vertical: run.writing_mode() == WritingMode::Vertical,
        };
        let start = self.content.glyphs.len();
        for glyph in glyphs {
            if self.content.glyphs.len() >= MAX_GLYPHS {
                self.overflow[0] = true;
                break;
            }
            self.note_glyph(glyph, props.transform, &face, known.as_ref(), &shared);
        }
        self.last_fill = (!invisible).then(|| FilledRun {
            glyphs: start..self.content.glyphs.len(),
            first: (first.transform(), first.char_code()),
            count: glyphs.len(),
            color,
        });
    }

    fn note_glyph(
        &mut self,
        glyph: &PositionedGlyph<'a>,
        to_page: Affine,
        face: &Face,
        known: Option<&Rc<KnownFont<'a>>>,
        style: &RunStyle,
    ) {
        let Some(placed) = Placed::new(glyph, to_page, face, known, style.vertical) else { return };
        if !placed.visible_in(style.clip) {
            return;
        }
        let text = match clean(glyph.as_unicode(), glyph.char_code(), face.info.symbolic) {
            GlyphText::Mapped(text) => text,
            GlyphText::Nothing => return,
            GlyphText::Unmapped => {
                self.content.unmapped_glyphs += 1;
                String::from('\u{FFFD}')
            }
        };
        self.content.glyphs.push(Glyph {
            text,
            bbox: placed.bbox,
            origin: placed.origin,
            advance: placed.advance,
            size: placed.size,
            angle: placed.angle,
            font: style.font,
            color: style.color,
            invisible: style.invisible,
            mcid: style.mcid,
            artifact: style.artifact,
        });
    }

    fn note_path(&mut self, path: &BezPath, props: &DrawProps<'a>, mode: &DrawMode) {
        let (color, alpha) = color_of(&props.paint);
        let fresh = self.content.paths.len();
        let filled = std::mem::replace(&mut self.last_paths, fresh..fresh);
        if alpha * self.state.opacity() <= 0.0 {
            return;
        }
        let (painted, fills) = match mode {
            DrawMode::Fill(_) | DrawMode::FillAndStroke(..) => (Painted::Fill(color), true),
            DrawMode::Stroke(stroke) => {
                (Painted::Stroke(color, stroke.line_width.abs() * scale_of(props.transform)), false)
            }
            DrawMode::Invisible => return,
        };
        let items = classify(path, props.transform, painted, self.state.clip());
        if fills && alpha * self.state.opacity() >= 1.0 && self.state.is_opaque(props) {
            self.cover(&items);
        }
        let same = |(fill, stroke): (&PathItem, &PathItem)| {
            let grown = fill.bbox.grown(0.5 * stroke.stroke_width);
            let close = |a: f32, b: f32| (a - b).abs() < 0.2;
            close(grown.x0, stroke.bbox.x0)
                && close(grown.y0, stroke.bbox.y0)
                && close(grown.x1, stroke.bbox.x1)
                && close(grown.y1, stroke.bbox.y1)
        };
        // Filled and then stroked: hayro says it in two calls, for layout it is one path.
        if !fills
            && filled.end == fresh
            && filled.len() == items.len()
            && let Some(fill_items) = self.content.paths.get_mut(filled)
            && fill_items.iter().zip(&items).all(same)
        {
            for (fill, stroke) in fill_items.iter_mut().zip(items) {
                fill.stroke = stroke.stroke;
                fill.stroke_width = stroke.stroke_width;
                fill.bbox = stroke.bbox;
            }
            return;
        }
        let room = MAX_PATHS.saturating_sub(fresh);
        self.overflow[1] |= items.len() > room;
        self.content.paths.extend(items.into_iter().take(room));
        if fills {
            self.last_paths = fresh..self.content.paths.len();
        }
    }

    /// Hides the glyphs that boxes were painted over.
    fn cover(&mut self, items: &[PathItem]) {
        for item in items.iter().filter(|item| item.shape == PathShape::Rectangle) {
            let count = self.content.glyphs.len();
            if self.cover_budget < count {
                return;
            }
            self.cover_budget -= count;
            for glyph in &mut self.content.glyphs {
                let Rect { x0, y0, x1, y1 } = glyph.bbox;
                let (dx, dy) = (0.1 * (x1 - x0), 0.3 * (y1 - y0));
                glyph.invisible |=
                    item.bbox.contains(x0 + dx, y0 + dy) && item.bbox.contains(x1 - dx, y1 - dy);
            }
        }
    }

    fn note_image(&mut self, image: &Image<'a, '_>, props: &ImageDrawProps<'a>) {
        let index = self.images;
        self.images += 1;
        let (width_px, height_px) = (image.width(), image.height());
        let size = [0.0, 0.0, f64::from(width_px), f64::from(height_px)];
        let bbox = transformed(size, props.transform).and_then(|bbox| clipped(bbox, self.state.clip()));
        let Some(bbox) = bbox else { return };
        if self.state.opacity() <= 0.0 {
            return;
        }
        if self.content.images.len() >= MAX_IMAGES {
            self.overflow[2] = true;
            return;
        }
        let [a, b, c, d, _, _] = props.transform.as_coeffs();
        let slanted = length(b, c) > 0.01 * length(a, d);
        let (stream, stencil) = match image {
            Image::Stencil(stencil) => (stencil.stream(), true),
            Image::Raster(raster) => (raster.stream(), false),
        };
        self.content.images.push(ImageItem {
            bbox,
            width_px,
            height_px,
            index,
            digest: image_digest(stream, width_px, height_px, stencil),
            stencil,
            upright: !slanted && a > 0.0 && d > 0.0,
        });
    }

    /// Puts `/ActualText` in the place of the glyphs of its sequence.
    fn replace_text(&mut self, actual: &str, start: usize) {
        let Some(glyphs) = self.content.glyphs.get(start..) else { return };
        if glyphs.is_empty() || glyphs.len() > MAX_ACTUAL_TEXT_GLYPHS {
            return;
        }
        let own: String = glyphs.iter().map(|glyph| glyph.text.as_str()).collect();
        let GlyphText::Mapped(text) = clean_chars(actual.chars(), false) else { return };
        if own == text || text.trim().is_empty() {
            return;
        }
        let unmapped = glyphs.iter().filter(|glyph| glyph.text == "\u{FFFD}").count();
        let one_each = text.chars().count() == glyphs.len();
        let Some((first, rest)) = self.content.glyphs.get_mut(start..).and_then(<[Glyph]>::split_first_mut)
        else {
            return;
        };
        if one_each {
            let mut chars = text.chars();
            for glyph in std::iter::once(first).chain(rest) {
                glyph.text = chars.next().map(String::from).unwrap_or_default();
            }
        } else {
            // One glyph that stands for all: right for ligatures and made-up letters, and for a passage on
            // one line. A passage over several lines keeps its own text.
            let one_line = rest.iter().all(|glyph| {
                (glyph.origin.1 - first.origin.1).abs() < 0.5 * first.size || glyph.angle != first.angle
            });
            if !one_line {
                return;
            }
            for glyph in rest {
                first.bbox = first.bbox.union(&glyph.bbox);
                first.advance = glyph.advance;
            }
            first.text = text;
            self.content.glyphs.truncate(start + 1);
        }
        let unmapped = u32::try_from(unmapped).unwrap_or(u32::MAX);
        self.content.unmapped_glyphs = self.content.unmapped_glyphs.saturating_sub(unmapped);
        self.last_fill = None;
    }
}

/// What the glyphs of a run share.
struct RunStyle {
    font: u16,
    color: [u8; 3],
    invisible: bool,
    mcid: Option<u32>,
    artifact: bool,
    clip: Rect,
    vertical: bool,
}

/// sRGB colour and opacity of a paint.
fn color_of(paint: &Paint<'_>) -> ([u8; 3], f32) {
    match paint {
        Paint::Color(color) => {
            let rgba = color.to_rgba();
            let [r, g, b, _] = rgba.to_rgba8();
            let [_, _, _, alpha] = rgba.components();
            ([r, g, b], alpha)
        }
        Paint::Pattern(_) => (PATTERN_GREY, 1.0),
    }
}

/// By how much lengths grow under a transform, on average.
#[allow(clippy::cast_possible_truncation, reason = "scales are small numbers")]
fn scale_of(transform: Affine) -> f32 {
    let scale = transform.determinant().abs().sqrt() as f32;
    if scale.is_finite() { scale } else { 0.0 }
}

/// The same for the same encoded pixels and mask, wherever they stand in the file.
fn image_digest(stream: &Stream<'_>, width: u32, height: u32, stencil: bool) -> u64 {
    let mask =
        stream.dict().get::<Stream<'_>>(keys::SMASK).or_else(|| stream.dict().get::<Stream<'_>>(keys::MASK));
    let mask = mask.map(|mask| mask.raw_data()).unwrap_or_default();
    let size = [width.to_le_bytes(), height.to_le_bytes(), u32::from(stencil).to_le_bytes()].concat();
    digest::of(&[&size, &stream.raw_data(), &mask])
}

impl<'a> Device<'a> for ContentDevice<'a, '_> {
    fn draw_path(&mut self, path: &BezPath, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.last_fill = None;
        self.note_path(path, &props, draw_mode);
    }

    fn push_clip_path(&mut self, clip_path: &ClipPath) {
        let bounds = path_bounds(&clip_path.path);
        let area = f64::from(bounds.area());
        let is_box = (clip_path.path.area().abs() - area).abs() < 0.001 * area;
        self.state.push_clip(bounds, is_box);
    }

    fn push_clip_rect(&mut self, rect: &kurbo::Rect) {
        let bounds = transformed([rect.x0, rect.y0, rect.x1, rect.y1], Affine::IDENTITY);
        self.state.push_clip(bounds.unwrap_or_default(), true);
    }

    fn pop_clip(&mut self) {
        self.state.pop_clip();
    }

    fn push_transparency_group(&mut self, opacity: f32, mask: Option<SoftMask<'a>>, blend: BlendMode) {
        self.state.push_group(opacity, mask.is_none() && blend == BlendMode::Normal);
    }

    fn pop_transparency_group(&mut self) {
        self.state.pop_group();
    }

    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.last_paths = 0..0;
        match draw_mode {
            DrawMode::Stroke(stroke) if self.stroked_over(run.glyphs(), &props, stroke.line_width) => {}
            DrawMode::Invisible => self.note_run(run, &props, true),
            _ => self.note_run(run, &props, false),
        }
    }

    fn draw_image(&mut self, image: Image<'a, '_>, props: ImageDrawProps<'a>) {
        self.last_fill = None;
        self.last_paths = 0..0;
        self.note_image(&image, &props);
    }

    fn draw_rect(&mut self, rect: &kurbo::Rect, props: DrawProps<'a>, draw_mode: &DrawMode) {
        self.draw_path(&rect.to_path(0.1), props, draw_mode);
    }

    fn begin_marked_content(&mut self, tag: &[u8], properties: Option<&Dict<'_>>) {
        if self.marks.len() >= MAX_NESTING {
            return;
        }
        let actual_text = properties
            .and_then(|properties| properties.get::<PdfString<'_>>(b"ActualText"))
            .map(|text| (text_string::decode(text.as_bytes()), self.content.glyphs.len()));
        self.marks.push(Mark {
            artifact: tag == b"Artifact",
            mcid: properties.and_then(|properties| properties.get::<u32>(b"MCID")),
            actual_text,
        });
    }

    fn end_marked_content(&mut self) {
        if let Some(Mark { actual_text: Some((text, start)), .. }) = self.marks.pop() {
            self.replace_text(&text, start);
        }
    }
}
