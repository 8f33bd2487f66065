//! Images and paths in; figure boxes out: pictures, drawings, and what consists of both.

use super::captions::{CaptionOf, find_caption};
use super::figure_labels::join_labels;
use super::fragments::Fragment;
use super::glyphs::Turn;
use super::survey::Survey;
use crate::document::Rect;
use crate::pdf::content::{ImageItem, PageContent, PathItem, PathShape};

/// Where a figure is and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FigureBox {
    /// On the turned page.
    pub bbox: Rect,
    /// The one image that it is, by its place in [`PageContent::images`].
    pub image: Option<usize>,
}

/// Smaller than this many points on a side, an image is a spacer, a rule or an icon.
const MIN_SIDE: f32 = 14.0;
/// A drawing is at least this wide and high, in points.
const MIN_DRAWING: f32 = 45.0;
/// With a caption a drawing of a few lines and boxes is one too, if it is this many ems high.
const LEAST_LIGHT_EMS: f32 = 2.5;
/// And the caption is at most this many ems away.
const FARTHEST_CAPTION_EMS: f32 = 5.0;
/// More paths than this are not clustered one by one: they are one drawing.
const MAX_PATHS: usize = 20_000;

pub(super) struct Page<'a> {
    pub content: &'a PageContent,
    pub paths: &'a [(Rect, &'a PathItem)],
    pub fragments: &'a [Fragment<'a>],
    pub tables: &'a [Rect],
    pub turn: Turn,
    pub width: f32,
    pub height: f32,
}

pub(super) fn find_figures(page: &Page<'_>, survey: &Survey) -> Vec<FigureBox> {
    let mut boxes: Vec<FigureBox> = Vec::new();
    let page_area = page.width * page.height;
    for (index, image) in page.content.images.iter().enumerate() {
        let bbox = page.turn.rect(&image.bbox, page.content.width, page.content.height);
        if keeps(image, &bbox, page_area, page, survey) {
            boxes.push(FigureBox { bbox, image: Some(index) });
        }
    }
    let captions = figure_captions(page.fragments);
    let (sure, light) = drawings(page, page_area);
    boxes.extend(sure.into_iter().map(|bbox| FigureBox { bbox, image: None }));
    let em = survey.body_size();
    for bbox in light {
        let axes = |figure: &FigureBox| {
            bbox.grown(2.0).intersection(&figure.bbox).is_some()
                && bbox.union(&figure.bbox).area() < 1.5 * figure.bbox.area()
        };
        let told = || captions.iter().any(|caption| tells_of(caption, &bbox, page.fragments, em));
        if boxes.iter().any(axes) || (bbox.height() > LEAST_LIGHT_EMS * em && told()) {
            boxes.push(FigureBox { bbox, image: None });
        }
    }
    join_labels(merge(boxes), page.fragments, page.tables, &captions, em)
}

/// Where lines start that are a figure's caption.
fn figure_captions(fragments: &[Fragment<'_>]) -> Vec<Rect> {
    let starts = |at: usize| {
        let first = fragments.get(at)?;
        // Most text is told apart by its first letter, without being put together.
        if !first.glyphs.first()?.glyph.text.trim_start().starts_with(char::is_uppercase) {
            return None;
        }
        let on_line = |other: &&Fragment<'_>| (other.baseline - first.baseline).abs() < 0.2 * first.size;
        // Wide word spaces may part the number from its word.
        let words: Vec<String> =
            fragments.iter().skip(at).take(3).take_while(on_line).map(Fragment::text).collect();
        matches!(find_caption(&words.join(" ")), Some((CaptionOf::Figure, _))).then_some(first.bbox)
    };
    (0..fragments.len()).filter_map(starts).take(60).collect()
}

/// Whether a caption stands right above or below what is drawn, with labels between at most.
fn tells_of(caption: &Rect, drawing: &Rect, fragments: &[Fragment<'_>], em: f32) -> bool {
    let below = caption.y0 > drawing.center_y();
    let (top, bottom) = if below { (drawing.y1, caption.y0) } else { (caption.y1, drawing.y0) };
    let between = Rect { y0: top, y1: bottom.max(top), ..*drawing };
    let beside = caption.overlap_x(drawing) > 0.0;
    let prose = |fragment: &Fragment<'_>| {
        between.contains(fragment.bbox.center_x(), fragment.bbox.center_y())
            && fragment.bbox.width() > 0.6 * drawing.width()
    };
    beside && bottom - top < FARTHEST_CAPTION_EMS * em && !fragments.iter().any(prose)
}

fn keeps(image: &ImageItem, bbox: &Rect, page_area: f32, page: &Page<'_>, survey: &Survey) -> bool {
    if bbox.width() < MIN_SIDE || bbox.height() < MIN_SIDE || image.width_px < 8 || image.height_px < 8 {
        return false;
    }
    // A logo or ornament on each page is furniture.
    if survey.is_repeated_image(image.digest) && bbox.area() < 0.5 * page_area {
        return false;
    }
    // Text lies on it: a background, or a scan with its text layer.
    let covered = text_share(page.fragments, bbox);
    !(bbox.area() > 0.45 * page_area && covered > 0.02 || covered > 0.3)
}

/// How much of a box lies under text, 0 to 1.
fn text_share(fragments: &[Fragment<'_>], bbox: &Rect) -> f32 {
    let text: f32 = fragments.iter().filter_map(|f| f.bbox.intersection(bbox)).map(|both| both.area()).sum();
    text / bbox.area().max(1.0)
}

/// Clusters of paths: those that look drawn, and those of a few lines and boxes.
fn drawings(page: &Page<'_>, page_area: f32) -> (Vec<Rect>, Vec<Rect>) {
    let drawn: Vec<(Rect, u32)> = page
        .paths
        .iter()
        .filter(|(bbox, path)| {
            let white =
                path.stroke.is_none() && path.fill.is_some_and(|[r, g, b]| r > 250 && g > 250 && b > 250);
            let in_table =
                page.tables.iter().any(|table| table.grown(3.0).contains(bbox.center_x(), bbox.center_y()));
            !white && !in_table && bbox.area() < 0.8 * page_area && bbox.width().max(bbox.height()) > 0.5
        })
        .map(|(bbox, path)| (*bbox, weight(path)))
        .take(MAX_PATHS)
        .collect();
    let mut clusters: Vec<(Rect, u32, u32)> = Vec::new();
    // Paths come in drawing order, so a path's cluster is mostly the last one.
    for (bbox, weight) in drawn {
        let reach = bbox.grown(6.0);
        let mut merged = (bbox, weight, 1_u32);
        let mut index = 0;
        while let Some((other, other_weight, count)) = clusters.get(index).copied() {
            if other.intersection(&reach).is_some() {
                merged = (merged.0.union(&other), merged.1.saturating_add(other_weight), merged.2 + count);
                clusters.swap_remove(index);
            } else {
                index += 1;
            }
        }
        if clusters.len() < 600 {
            clusters.push(merged);
        }
    }
    // Merging grows boxes, which may touch others now.
    let mut settled = false;
    while !settled {
        settled = true;
        'search: for a in 0..clusters.len() {
            for b in a + 1..clusters.len() {
                if clusters[a].0.grown(6.0).intersection(&clusters[b].0).is_some() {
                    let (rect, weight, count) = clusters.swap_remove(b);
                    clusters[a] = (
                        clusters[a].0.union(&rect),
                        clusters[a].1.saturating_add(weight),
                        clusters[a].2 + count,
                    );
                    settled = false;
                    break 'search;
                }
            }
        }
    }
    clusters.sort_by(|(a, ..), (b, ..)| a.y0.total_cmp(&b.y0).then(a.x0.total_cmp(&b.x0)));
    let (mut sure, mut light) = (Vec::new(), Vec::new());
    for (bbox, weight, count) in clusters {
        let clear = bbox.area() < 0.9 * page_area && text_share(page.fragments, &bbox) < 0.38;
        let large = bbox.width() > MIN_DRAWING && bbox.height() > MIN_DRAWING;
        if clear && large && weight >= 12 {
            sure.push(bbox);
        } else if clear && (count >= 3 || bbox.width() > MIN_DRAWING || bbox.height() > MIN_DRAWING) {
            light.push(bbox);
        }
    }
    light.truncate(200);
    (sure, light)
}

/// How much a path speaks for a drawing: curves do, rules and boxes little.
fn weight(path: &PathItem) -> u32 {
    match path.shape {
        PathShape::Other { segments } => 3 + segments.min(40) / 2,
        PathShape::Rectangle | PathShape::Horizontal | PathShape::Vertical => 1,
    }
}

/// Figures that overlap or touch are one: tiles of a picture, a picture and the drawing over it.
fn merge(mut boxes: Vec<FigureBox>) -> Vec<FigureBox> {
    boxes.truncate(2_000);
    let mut merged: Vec<FigureBox> = Vec::new();
    for figure in boxes {
        let mut current = figure;
        let mut index = 0;
        while let Some(other) = merged.get(index) {
            if other.bbox.grown(1.5).intersection(&current.bbox).is_some() {
                let other = merged.swap_remove(index);
                // A picture with its own frame drawn around it stays that picture.
                let same = |a: &Rect, b: &Rect| {
                    a.intersection(b).map_or(0.0, |both| both.area()) > 0.9 * a.area().max(b.area())
                };
                let image = match (current.image, other.image) {
                    (Some(image), None) | (None, Some(image)) if same(&current.bbox, &other.bbox) => {
                        Some(image)
                    }
                    _ => None,
                };
                current = FigureBox { bbox: current.bbox.union(&other.bbox), image };
                index = 0;
            } else {
                index += 1;
            }
        }
        merged.push(current);
    }
    merged.sort_by(|a, b| a.bbox.y0.total_cmp(&b.bbox.y0).then(a.bbox.x0.total_cmp(&b.bbox.x0)));
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_one_figure_and_neighbours_are_not() {
        let tile = |x: f32, image| FigureBox { bbox: Rect::new(x, 0.0, x + 50.0, 50.0), image: Some(image) };
        let merged = merge(vec![tile(0.0, 0), tile(50.0, 1), tile(120.0, 2)]);
        assert_eq!(merged.len(), 2);
        assert_eq!((merged[0].image, merged[1].image), (None, Some(2)));
        assert_eq!(merged[0].bbox, Rect::new(0.0, 0.0, 100.0, 50.0));
    }
}
