//! Pictures on a page that has text of its own: their pixels in, the words in them out.

use super::scan::{PAGE_FLOOR, normalised};
use crate::document::Rect;
use crate::ocr::{Bitmap, ReadPage};
use crate::pdf::PageReader;
use crate::pdf::content::PageContent;

/// Resolution at which pictures are read, in pixels per inch.
const DPI: f32 = 200.0;
/// A smaller side, in points, has no words.
const MIN_SIDE: f32 = 60.0;
/// Pixels of the file on its shorter side, at least, to have letters that can be read.
const MIN_PIXELS: u32 = 80;
/// Pictures that are read on one page, at most.
const MAX_PICTURES: usize = 24;

/// The places of the pictures that are worth reading.
fn places(content: &PageContent) -> Vec<Rect> {
    let page = Rect::new(0.0, 0.0, content.width, content.height);
    let found = content.images.iter().filter(|image| {
        let side = image.bbox.width().min(image.bbox.height());
        side >= MIN_SIDE && image.width_px.min(image.height_px) >= MIN_PIXELS && !image.stencil
    });
    found.filter_map(|image| image.bbox.intersection(&page)).take(MAX_PICTURES).collect()
}

/// The pixels around all pictures of a page, white between them, and which part of the page that is; none without
/// pictures.
pub(super) fn bitmap(
    reader: &mut PageReader<'_>,
    content: &PageContent,
) -> Result<Option<(Bitmap, Rect)>, String> {
    let places = places(content);
    let Some(area) = places.iter().copied().reduce(|a, b| a.union(&b)) else { return Ok(None) };
    let mut raster = reader.crop(content.number, area, DPI).map_err(|error| error.to_string())?;
    let (width, height) = (raster.width.max(1), raster.height.max(1));
    #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
    let (across, down) = (area.width() / width as f32, area.height() / height as f32);
    for (row, pixels) in raster.rgba.chunks_exact_mut(4 * width as usize).enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
        let y = area.y0 + (row as f32 + 0.5) * down;
        let on_row: Vec<&Rect> = places.iter().filter(|place| place.y0 <= y && y <= place.y1).collect();
        for (column, pixel) in pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
            let x = area.x0 + (column as f32 + 0.5) * across;
            if !on_row.iter().any(|place| place.x0 <= x && x <= place.x1) {
                *pixel = [255; 4];
            }
        }
    }
    let bitmap = Bitmap::from_rgba(raster.width, raster.height, &raster.rgba);
    bitmap.map(|bitmap| Some((bitmap, area))).map_err(|error| error.to_string())
}

/// Puts the lines that were read in the pixels of `area` beside the page's content.
pub(super) fn place(content: &mut PageContent, read: &ReadPage, area: Rect, (width, height): (u32, u32)) {
    #[allow(clippy::cast_precision_loss, reason = "sides of pictures")]
    let scale = (area.width() / width.max(1) as f32, area.height() / height.max(1) as f32);
    let mut lines: Vec<_> = read.lines.iter().filter(|line| line.confidence >= PAGE_FLOOR).collect();
    lines.sort_by(|a, b| {
        let (a, b) = (a.line.center, b.line.center);
        a.1.total_cmp(&b.1).then(a.0.total_cmp(&b.0))
    });
    for line in lines {
        let words: Vec<String> = line.words.iter().map(|word| normalised(&word.text)).collect();
        let text = words.join(" ");
        if text.chars().any(char::is_alphanumeric) {
            let at = (area.x0 + line.line.center.0 * scale.0, area.y0 + line.line.center.1 * scale.1);
            content.picture_text.push((at, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ocr::{LineBox, ReadLine, Word};

    fn line(text: &str, center: (f32, f32), confidence: f32) -> ReadLine {
        let words = text.split(' ').map(|text| Word {
            text: text.to_owned(),
            confidence,
            start: center,
            end: center,
        });
        let line = LineBox { center, along: (1.0, 0.0), width: 40.0, height: 10.0, score: 1.0 };
        ReadLine { words: words.collect(), size: 10.0, weight: 0.1, line, confidence }
    }

    #[test]
    fn lines_are_placed_on_the_page_and_noise_is_not() {
        let lines = vec![
            line("Depth (m)", (100.0, 150.0), 0.95),
            line("Year", (50.0, 20.0), 0.9),
            line("x~/", (10.0, 10.0), 0.3),
            line("--", (10.0, 90.0), 0.99),
        ];
        let read = ReadPage { lines, ..ReadPage::default() };
        let mut content = PageContent::default();
        place(&mut content, &read, Rect::new(50.0, 100.0, 150.0, 200.0), (200, 200));
        let placed: Vec<(f32, f32, &str)> =
            content.picture_text.iter().map(|((x, y), text)| (*x, *y, text.as_str())).collect();
        assert_eq!(placed, [(75.0, 110.0, "Year"), (100.0, 175.0, "Depth (m)")]);
    }
}
