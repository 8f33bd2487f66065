//! Figure boxes in; figure boxes out that hold their labels: ticks and names of axes, keys, letters of parts.
//!
//! A label is short text in the strip between a figure and its caption, or beside or below a figure where nothing
//! but such text stands. A strip with anything longer in it is running text and left alone.

use super::figures::FigureBox;
use super::fragments::Fragment;
use crate::document::Rect;

/// How far beside a figure its labels may start, in ems; the first width that holds labels alone counts.
const BESIDE_EMS: [f32; 3] = [5.0, 3.0, 1.8];
/// How far below.
const BELOW_EMS: f32 = 1.8;
/// How far a caption is from its figure's labels at most, in ems.
const CAPTION_EMS: f32 = 5.0;
/// Parts of one figure are at most this many ems apart.
const PARTS_EMS: f32 = 4.0;

/// Grows each figure over its labels and makes one of those that stand side by side over one caption.
pub(super) fn join_labels(
    figures: Vec<FigureBox>,
    fragments: &[Fragment<'_>],
    tables: &[Rect],
    captions: &[Rect],
    em: f32,
) -> Vec<FigureBox> {
    let taken: Vec<Rect> = figures.iter().map(|figure| figure.bbox).collect();
    let free: Vec<&Fragment<'_>> = fragments
        .iter()
        .filter(|fragment| {
            let (x, y) = (fragment.bbox.center_x(), fragment.bbox.center_y());
            !taken.iter().chain(tables).any(|other| other.grown(1.5).contains(x, y))
        })
        .collect();
    let page = Page { free, captions, em };
    let mut grown: Vec<FigureBox> = Vec::new();
    for figure in figures {
        let bbox = page.with_labels(&figure.bbox);
        // What is cut out of the page shows the labels; the image alone would not.
        let image = figure.image.filter(|_| bbox == figure.bbox);
        grown.push(FigureBox { bbox, image });
    }
    page.join_parts(grown)
}

struct Page<'a> {
    /// Text in no figure and no table.
    free: Vec<&'a Fragment<'a>>,
    captions: &'a [Rect],
    em: f32,
}

impl Page<'_> {
    fn with_labels(&self, figure: &Rect) -> Rect {
        let em = self.em;
        let mut grown = *figure;
        if let Some(labels) = self.below(figure) {
            grown = grown.union(&labels);
        }
        let (y0, y1) = (figure.y0 - 0.5 * em, figure.y1 + 0.5 * em);
        let left = |reach: f32| Rect { x0: figure.x0 - reach, x1: figure.x0, y0, y1 };
        let right = |reach: f32| Rect { x0: figure.x1, x1: figure.x1 + reach, y0, y1 };
        for side in [&left as &dyn Fn(f32) -> Rect, &right] {
            let mut strips = BESIDE_EMS.iter().map(|reach| side(reach * em));
            if let Some(labels) = strips.find_map(|strip| self.labels(&strip, |_| true)) {
                grown = grown.union(&labels);
            }
        }
        grown
    }

    /// Labels between a figure and its caption, or ticks right below it.
    fn below(&self, figure: &Rect) -> Option<Rect> {
        let em = self.em;
        let aligned = |caption: &&Rect| caption.overlap_x(figure) > 0.0 && caption.y0 > figure.y1 - 0.5 * em;
        let caption = self.captions.iter().filter(aligned).map(|caption| caption.y0).reduce(f32::min);
        let wide = Rect { x0: figure.x0 - em, x1: figure.x1 + em, ..*figure };
        match caption.filter(|top| top - figure.y1 < CAPTION_EMS * em) {
            Some(top) => {
                let strip = Rect { y0: figure.y1, y1: top - 0.1, ..wide };
                self.labels(&strip, |label| label.width() < 0.6 * figure.width())
            }
            None => {
                let strip = Rect { y0: figure.y1, y1: figure.y1 + BELOW_EMS * em, ..wide };
                self.labels(&strip, |label| label.width() < 0.25 * figure.width())
            }
        }
    }

    /// The box around what stands in a strip, if that is two labels at least and nothing else.
    fn labels(&self, strip: &Rect, is_short: impl Fn(&Rect) -> bool) -> Option<Rect> {
        let touching = self.free.iter().map(|fragment| fragment.bbox).filter(|bbox| {
            strip.overlap_x(bbox) > 0.0 && bbox.center_y() > strip.y0 && bbox.center_y() < strip.y1
        });
        let mut found: Option<Rect> = None;
        let mut count = 0;
        for bbox in touching {
            if !is_short(&bbox) || bbox.x0 < strip.x0 || bbox.x1 > strip.x1 || self.captions.contains(&bbox) {
                return None;
            }
            count += 1;
            found = Some(found.map_or(bbox, |found| found.union(&bbox)));
        }
        found.filter(|_| count > 1)
    }

    /// Makes one figure of neighbours in a row with one caption below them all.
    fn join_parts(&self, figures: Vec<FigureBox>) -> Vec<FigureBox> {
        let mut joined: Vec<FigureBox> = Vec::new();
        for figure in figures {
            let part = joined.iter().position(|other| self.are_parts(&other.bbox, &figure.bbox));
            match part.and_then(|at| joined.get_mut(at)) {
                Some(other) => *other = FigureBox { bbox: other.bbox.union(&figure.bbox), image: None },
                None => joined.push(figure),
            }
        }
        joined
    }

    fn are_parts(&self, a: &Rect, b: &Rect) -> bool {
        let em = self.em;
        let gap = (a.x0 - b.x1).max(b.x0 - a.x1);
        if a.overlap_y(b) < 0.5 * a.height().min(b.height()) || gap > PARTS_EMS * em {
            return false;
        }
        let whole = a.union(b);
        let near = |caption: &&Rect| {
            caption.overlap_x(&whole) > 0.0
                && caption.y0 > whole.y1 - em
                && caption.y0 < whole.y1 + CAPTION_EMS * em
        };
        let mut captions = self.captions.iter().filter(near);
        let (Some(caption), None) = (captions.next(), captions.next()) else { return false };
        // One that starts below the left part and does not end with it, or stands below the middle.
        let (left, right) = if a.x0 < b.x0 { (a, b) } else { (b, a) };
        let line = self.line_of(caption);
        let between = |fragment: &&&Fragment<'_>| {
            let (x, y) = (fragment.bbox.center_x(), fragment.bbox.center_y());
            whole.contains(x, y) && !a.contains(x, y) && !b.contains(x, y)
        };
        let mut between = self.free.iter().filter(between);
        line.x0 < left.x1
            && (line.x1 > right.x0 || caption.x0 > left.x0 + 0.3 * left.width())
            && between.all(|fragment| fragment.bbox.width() < PARTS_EMS * em)
    }

    /// The line that starts with a fragment.
    fn line_of(&self, start: &Rect) -> Rect {
        let level = |other: &&&Fragment<'_>| {
            (other.bbox.center_y() - start.center_y()).abs() < 0.3 * self.em && other.bbox.x0 >= start.x0
        };
        let mut on_line: Vec<Rect> = self.free.iter().filter(level).map(|fragment| fragment.bbox).collect();
        on_line.sort_by(|a, b| a.x0.total_cmp(&b.x0));
        on_line.iter().fold(*start, |line, next| match next.x0 - line.x1 < self.em {
            true => line.union(next),
            false => line,
        })
    }
}
