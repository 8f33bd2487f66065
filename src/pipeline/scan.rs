//! Pages whose text is read from their pixels: which ones, at which resolution, and what was read as the glyphs of
//! a page.

use super::event::ReadScans;
use crate::document::{ReadWord, Rect};
use crate::layout::text_quality;
use crate::ocr::{Bitmap, ReadLine, ReadPage, Ruling, Word};
use crate::pdf::PageReader;
use crate::pdf::content::{FontInfo, Glyph, PageContent, PathItem, PathShape};
use std::f32::consts::TAU;
use unicode_normalization::UnicodeNormalization;

/// Resolution at which pages without a scan on them are painted, in pixels per inch.
const PAINTED_DPI: f32 = 200.0;
/// A scan is read in its own resolution between these bounds, in pixels per inch: below the first its letters are
/// enlarged anyway, above the second they only take time.
const SCAN_DPI: std::ops::RangeInclusive<f32> = 72.0..=300.0;
/// An image over this share of the page is its scan.
const SCAN_SHARE: f32 = 0.4;
/// Lines with less certainty than this, on the mean of a page or a picture, are noise: what is read of a page of another script, of
/// handwriting or of a photograph.
pub(super) const PAGE_FLOOR: f32 = 0.7;
/// A stroke this much thicker than the page's usual one is bold,
const BOLD: f32 = 1.28;
/// if it is also thicker by this many of the median deviations from it: on a degraded page strokes differ by themselves.
const BOLD_DEVIATIONS: f32 = 5.0;
/// Font sizes this near to each other are the same, measured.
const SAME_SIZE: f32 = 0.12;
/// Height of small letters over that of capitals. A line's size is measured from the rows where most ink begins, which
/// may be either.
const SMALL_OVER_CAPITAL: f32 = 0.69;
/// Strokes this near to each other, as a share, are of one font.
const SAME_STROKE: f32 = 0.15;
/// Gap between two words on a line, at least, in font sizes: so much the layout takes for a blank.
const LEAST_GAP: f32 = 0.24;
/// A rule is no thicker than this, in points.
const MAX_RULE: f32 = 2.0;
/// Enough to be taken for a drawing by itself.
const PICTURE_SEGMENTS: u32 = 40;
/// Height of letters above and below the baseline, in font sizes.
const ASCENT: f32 = 0.75;
const DESCENT: f32 = 0.22;

/// Whether a page is to be read from its pixels.
pub(super) fn is_wanted(content: &PageContent, choice: ReadScans) -> bool {
    match choice {
        ReadScans::Never => false,
        ReadScans::Auto | ReadScans::Pictures => text_quality(content).needs_ocr(),
        ReadScans::Always => true,
    }
}

/// A page's pixels, at the resolution of its scan.
pub(super) fn bitmap(reader: &mut PageReader<'_>, content: &PageContent) -> Result<Bitmap, String> {
    let page = Rect::new(0.0, 0.0, content.width, content.height);
    let scans = content.images.iter().filter(|image| image.bbox.area() > SCAN_SHARE * page.area());
    #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
    let dpi = scans.map(|image| {
        // Turned images have their sides the other way round: the areas agree.
        let pixels = image.width_px as f32 * image.height_px as f32;
        72.0 * (pixels / image.bbox.area().max(1.0)).sqrt()
    });
    let dpi = dpi.reduce(f32::max).map_or(PAINTED_DPI, |dpi| dpi.clamp(*SCAN_DPI.start(), *SCAN_DPI.end()));
    let raster = reader.crop(content.number, page, dpi).map_err(|error| error.to_string())?;
    Bitmap::from_rgba(raster.width, raster.height, &raster.rgba).map_err(|error| error.to_string())
}

/// Puts what was read in the place of a page's glyphs. False, and nothing done, if it is no text.
pub(super) fn place(content: &mut PageContent, read: &ReadPage, (width, height): (u32, u32)) -> bool {
    let confidence = mean_confidence(read);
    if read.lines.is_empty() || confidence < PAGE_FLOOR {
        return false;
    }
    #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
    let scale = (content.width / width.max(1) as f32, content.height / height.max(1) as f32);
    let level = Level::new(content, read, scale);
    let sizes = settled_sizes(&read.lines, scale.1);
    // Over the settled sizes: those measured jump with the letters that happen to stand in a line.
    let measured = read.lines.iter().map(|line| line.weight * line.size * scale.1);
    let weights: Vec<f32> = measured.zip(&sizes).map(|(stroke, size)| stroke / size.max(0.1)).collect();
    let usual = median_by_text(&read.lines, &weights);
    let deviations: Vec<f32> = weights.iter().map(|weight| (weight - usual).abs()).collect();
    let bold = (BOLD * usual).max(usual + BOLD_DEVIATIONS * median_by_text(&read.lines, &deviations));
    content.fonts = vec![FontInfo::default(), FontInfo { bold: true, ..FontInfo::default() }];
    content.glyphs.clear();
    content.words.clear();
    content.unmapped_glyphs = 0;
    let mut lines: Vec<(&ReadLine, (f32, f32))> =
        read.lines.iter().zip(sizes.into_iter().zip(weights)).collect();
    // From top to bottom, as a program would draw them.
    lines.sort_by(|(a, _), (b, _)| {
        let key = |line: &ReadLine| (line.line.center.1, line.line.center.0);
        key(a).0.total_cmp(&key(b).0).then(key(a).1.total_cmp(&key(b).1))
    });
    for (line, (size, weight)) in lines {
        let font = u16::from(weight > bold);
        let mut end = None;
        for word in &line.words {
            push_word(content, word, size, font, &level, &mut end);
        }
    }
    for ruling in &read.rulings {
        let lies = ruling.x1 - ruling.x0 > ruling.y1 - ruling.y0;
        let shape = if lies { PathShape::Horizontal } else { PathShape::Vertical };
        content.paths.push(drawn(ruling, shape, &level));
    }
    for picture in &read.pictures {
        // As a drawing of many strokes, which the layout takes for a figure.
        content.paths.push(drawn(picture, PathShape::Other { segments: PICTURE_SEGMENTS }, &level));
    }
    content.recognised = Some(confidence);
    true
}

/// A box of the bitmap as something drawn on the page.
fn drawn(found: &Ruling, shape: PathShape, level: &Level) -> PathItem {
    let (x, y) = level.point((0.5 * (found.x0 + found.x1), 0.5 * (found.y0 + found.y1)));
    let (width, height) = ((found.x1 - found.x0) * level.scale.0, (found.y1 - found.y0) * level.scale.1);
    // A rule that slopes has a high box; it is as thin as rules are.
    let (width, height) = match shape {
        PathShape::Horizontal => (width, height.min(MAX_RULE)),
        PathShape::Vertical => (width.min(MAX_RULE), height),
        _ => (width, height),
    };
    let bbox = Rect::new(x - 0.5 * width, y - 0.5 * height, x + 0.5 * width, y + 0.5 * height);
    PathItem { bbox, shape, fill: Some([0; 3]), stroke: None, stroke_width: 0.0 }
}

/// Mean certainty over all characters read.
fn mean_confidence(read: &ReadPage) -> f32 {
    let (mut sum, mut count) = (0.0, 0.0_f32);
    for word in read.lines.iter().flat_map(|line| &line.words) {
        #[allow(clippy::cast_precision_loss, reason = "a length")]
        let letters = word.text.chars().count() as f32;
        sum += word.confidence * letters;
        count += letters;
    }
    sum / count.max(1.0)
}

/// Pixels of the slanting bitmap to points of a level page.
struct Level {
    scale: (f32, f32),
    center: (f32, f32),
    sin: f32,
    cos: f32,
}

impl Level {
    fn new(content: &PageContent, read: &ReadPage, scale: (f32, f32)) -> Self {
        let (sin, cos) = (-read.skew.to_radians()).sin_cos();
        Self { scale, center: (0.5 * content.width, 0.5 * content.height), sin, cos }
    }

    fn point(&self, (x, y): (f32, f32)) -> (f32, f32) {
        let (x, y) = (x * self.scale.0 - self.center.0, y * self.scale.1 - self.center.1);
        (x * self.cos - y * self.sin + self.center.0, x * self.sin + y * self.cos + self.center.1)
    }
}

/// A word as glyphs that share its room evenly. `end` is where the word before it ends.
fn push_word(
    content: &mut PageContent,
    word: &Word,
    size: f32,
    font: u16,
    level: &Level,
    end: &mut Option<(f32, f32)>,
) {
    let (mut start, stop) = (level.point(word.start), level.point(word.end));
    let (dx, dy) = (stop.0 - start.0, stop.1 - start.1);
    let length = dx.hypot(dy).max(0.1);
    // Of a level line, exactly: the layout compares baselines.
    let quarters = (dy.atan2(dx) / (TAU / 4.0)).round();
    let slant = (dy.atan2(dx) - quarters * TAU / 4.0).abs();
    let (ax, ay) = if slant < 0.06 { nearest_axis(dx, dy) } else { (dx / length, dy / length) };
    if let Some(end) = end {
        let gap = (start.0 - end.0) * ax + (start.1 - end.1) * ay;
        if gap < LEAST_GAP * size {
            let more = (LEAST_GAP * size - gap).min(0.3 * length);
            start = (start.0 + more * ax, start.1 + more * ay);
        }
    }
    let length = ((stop.0 - start.0) * ax + (stop.1 - start.1) * ay).max(0.1);
    let text: String = normalised(&word.text);
    #[allow(clippy::cast_precision_loss, reason = "a length")]
    let step = length / text.chars().count().max(1) as f32;
    let angle = (-ay).atan2(ax).to_degrees();
    let mut pen = start;
    let mut area: Option<Rect> = None;
    for character in text.chars() {
        let next = (pen.0 + step * ax, pen.1 + step * ay);
        // Across the baseline: up is against (-ay, ax).
        let corner = |point: (f32, f32), up: f32| (point.0 + up * size * ay, point.1 - up * size * ax);
        let corners =
            [corner(pen, ASCENT), corner(next, ASCENT), corner(pen, -DESCENT), corner(next, -DESCENT)];
        let bbox = corners.iter().map(|(x, y)| Rect::new(*x, *y, *x, *y)).reduce(|a, b| a.union(&b));
        let bbox = bbox.unwrap_or_default();
        area = Some(area.map_or(bbox, |area| area.union(&bbox)));
        content.glyphs.push(Glyph {
            text: character.to_string(),
            bbox,
            origin: pen,
            advance: next,
            size,
            angle,
            font,
            color: [0; 3],
            invisible: false,
            mcid: None,
            artifact: false,
        });
        pen = next;
    }
    if let Some(area) = area {
        content.words.push(ReadWord::new(text.nfc().collect(), word.confidence, area));
    }
    *end = Some(pen);
}

fn nearest_axis(dx: f32, dy: f32) -> (f32, f32) {
    if dx.abs() >= dy.abs() { (dx.signum(), 0.0) } else { (0.0, dy.signum()) }
}

/// Full-width forms, which the recogniser sometimes gives for marks between Latin letters, as the plain ones.
pub(super) fn normalised(text: &str) -> String {
    let latin = text.chars().any(|c| c.is_ascii_alphanumeric());
    let plain = |c: char| match u32::from(c) {
        code @ 0xFF01..=0xFF5E if latin => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    text.chars().map(plain).collect()
}

/// Font sizes in points, measured ones that are near to each other made one: each line takes the median of those
/// around it, counted by characters.
fn settled_sizes(lines: &[ReadLine], scale: f32) -> Vec<f32> {
    let letters = |line: &ReadLine| line.words.iter().map(|word| word.text.chars().count()).sum::<usize>();
    let mut order: Vec<(f32, usize)> = lines.iter().map(|line| (line.size * scale, letters(line))).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    // The sizes with most text around them draw the others to themselves.
    let mut rest = order;
    let mut centers: Vec<f32> = Vec::new();
    while !rest.is_empty() {
        let near = |center: f32, size: f32| (size - center).abs() <= SAME_SIZE * center;
        let text = |center: f32| {
            rest.iter().filter(|(size, _)| near(center, *size)).map(|(_, letters)| *letters).sum::<usize>()
        };
        // Candidates by percentiles: a page of thousands of lines has no more sizes than that.
        let stride = rest.len().div_ceil(200);
        let best = rest.iter().step_by(stride).map(|(size, _)| *size).max_by_key(|size| text(*size));
        let best = best.unwrap_or(1.0);
        let group: Vec<(f32, usize)> = rest.iter().filter(|(size, _)| near(best, *size)).copied().collect();
        let half = group.iter().map(|(_, letters)| letters).sum::<usize>() / 2;
        let mut sum = 0;
        let median = group.iter().find(|(_, letters)| {
            sum += letters;
            sum > half
        });
        centers.push(median.map_or(best, |(size, _)| *size));
        rest.retain(|(size, _)| !near(best, *size));
    }
    // Most text's size and stroke. A line with that stroke whose size is off by just the difference between small letters
    // and capitals is of that size too.
    let main = centers.first().copied().unwrap_or(1.0);
    let of_main: Vec<&ReadLine> =
        lines.iter().filter(|line| (line.size * scale - main).abs() <= SAME_SIZE * main).collect();
    let strokes: Vec<f32> = of_main.iter().map(|line| line.weight * line.size * scale).collect();
    let main_stroke = median_by_text(of_main.iter().copied(), &strokes);
    let misjudged = |line: &ReadLine| {
        let size = line.size * scale;
        let same_stroke = (line.weight * size - main_stroke).abs() <= SAME_STROKE * main_stroke;
        let swapped = [size * SMALL_OVER_CAPITAL, size / SMALL_OVER_CAPITAL];
        same_stroke && swapped.iter().any(|size| (size - main).abs() <= SAME_SIZE * main)
    };
    let settled = |size: f32| {
        let nearest = centers.iter().min_by(|a, b| (*a - size).abs().total_cmp(&(*b - size).abs()));
        // In tenths of a point: what is measured is no finer.
        (nearest.copied().unwrap_or(size) * 10.0).round() / 10.0
    };
    lines.iter().map(|line| settled(if misjudged(line) { main } else { line.size * scale })).collect()
}

/// The median of the lines' values, each counting by its characters; 1 without lines.
fn median_by_text<'a>(lines: impl IntoIterator<Item = &'a ReadLine>, weights: &[f32]) -> f32 {
    let mut weights: Vec<(f32, usize)> = lines
        .into_iter()
        .zip(weights)
        .map(|(line, weight)| (*weight, line.words.iter().map(|word| word.text.len()).sum()))
        .collect();
    weights.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = weights.iter().map(|(_, letters)| letters).sum::<usize>() / 2;
    let mut sum = 0;
    let median = weights.iter().find(|(_, letters)| {
        sum += letters;
        sum > half
    });
    median.map_or(1.0, |(weight, _)| *weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocr::LineBox;

    fn line(text: &str, start: (f32, f32), along: (f32, f32), size: f32) -> ReadLine {
        let mut pen = 0.0;
        let words = text.split(' ').map(|text| {
            let at = |x: f32| (start.0 + x * along.0, start.1 + x * along.1);
            let width = 0.5 * size * text.len() as f32;
            let word = Word { text: text.to_owned(), confidence: 0.9, start: at(pen), end: at(pen + width) };
            pen += width + 0.25 * size;
            word
        });
        let words = words.collect();
        let line = LineBox { center: start, along, width: pen, height: size, score: 1.0 };
        ReadLine { words, size, weight: 0.1, line, confidence: 0.9 }
    }

    fn page() -> PageContent {
        PageContent { number: 1, width: 300.0, height: 400.0, ..PageContent::default() }
    }

    #[test]
    fn words_become_glyphs_with_room_between() {
        let lines = vec![line("two words", (100.0, 200.0), (1.0, 0.0), 20.0)];
        let read = ReadPage { lines, ..ReadPage::default() };
        let mut content = page();
        assert!(place(&mut content, &read, (600, 800)));
        let text: String = content.glyphs.iter().map(|glyph| glyph.text.as_str()).collect();
        assert_eq!(text, "twowords");
        assert_eq!(content.glyphs[0].origin, (50.0, 100.0));
        assert_eq!((content.glyphs[0].size, content.glyphs[0].angle), (10.0, 0.0));
        let gap = content.glyphs[3].origin.0 - content.glyphs[2].advance.0;
        assert!((2.4..3.0).contains(&gap), "{gap}");
        assert_eq!(content.recognised, Some(0.9));
        let words: Vec<_> = content.words.iter().map(|word| (word.text.as_str(), word.confidence)).collect();
        assert_eq!(words, [("two", 0.9), ("words", 0.9)]);
        assert!(content.words[0].is_in(&Rect::new(50.0, 92.0, 65.1, 102.5)), "{:?}", content.words[0].bbox);
    }

    #[test]
    fn turned_text_has_its_angle() {
        let lines = vec![line("up", (100.0, 200.0), (0.0, -1.0), 20.0)];
        let mut content = page();
        assert!(place(
            &mut content,
            &ReadPage { lines, quarter_turns: 3, ..ReadPage::default() },
            (600, 800)
        ));
        let glyph = &content.glyphs[0];
        assert_eq!(glyph.angle, 90.0);
        assert!(glyph.advance.1 < glyph.origin.1 && glyph.bbox.x0 < glyph.origin.0);
    }

    #[test]
    fn noise_is_not_placed() {
        let mut noise = line("xq", (1.0, 1.0), (1.0, 0.0), 20.0);
        noise.words[0].confidence = 0.55;
        let mut content = page();
        assert!(!place(&mut content, &ReadPage { lines: vec![noise], ..ReadPage::default() }, (600, 800)));
        assert!(content.glyphs.is_empty() && content.recognised.is_none());
    }

    #[test]
    fn measured_sizes_settle_on_those_of_most_text() {
        let of = |size: f32, text: &str| line(text, (0.0, 0.0), (1.0, 0.0), size);
        let lines = [
            of(20.0, "a long line of text"),
            of(21.0, "and a longer line of text"),
            of(19.0, "short"),
            of(30.0, "Head"),
        ];
        assert_eq!(settled_sizes(&lines, 0.5), [10.5, 10.5, 10.5, 15.0]);
    }

    #[test]
    fn small_letters_taken_for_capitals_are_known_by_their_strokes() {
        let of = |size: f32, weight: f32, text: &str| ReadLine {
            weight,
            ..line(text, (0.0, 0.0), (1.0, 0.0), size)
        };
        let lines = [
            of(20.0, 0.14, "a long line of text"),
            of(20.0, 0.14, "and a longer line of text"),
            // The same strokes: the same font.
            of(13.6, 0.206, "some words"),
            // Thinner strokes: smaller indeed.
            of(13.6, 0.14, "a note"),
        ];
        assert_eq!(settled_sizes(&lines, 0.5), [10.0, 10.0, 10.0, 6.8]);
    }

    #[test]
    fn wide_marks_become_plain_among_latin_letters() {
        assert_eq!(normalised("(a\u{FF0C}b\u{FF09}"), "(a,b)");
        assert_eq!(normalised("\u{4F60}\u{FF0C}"), "\u{4F60}\u{FF0C}");
    }
}
