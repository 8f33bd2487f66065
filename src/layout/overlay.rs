//! Draws a [`Trace`] over the picture of its page.
//!
//! Grey: glyphs. Light blue: fragments of lines. Orange: cells of ruled grids. Dashed magenta: figures that
//! are cut out. Thick boxes in the colour of their kind: blocks, with a label of their number in reading order,
//! their kind and their confidence in hundredths (`7 H2 75`); a `+` says that the block goes on from one before.

use super::trace::Trace;
use crate::document::{Block, Content, Rect};
use crate::pdf::Raster;

type Colour = [u8; 3];

const GLYPH: Colour = [190, 190, 190];
const FRAGMENT: Colour = [120, 180, 255];
const CELL: Colour = [255, 150, 0];
const FIGURE: Colour = [220, 0, 200];
const WHITE: Colour = [255; 3];

/// Draws everything that `trace` noted. `picture` shows the whole page, so that its width is `page_width`
/// points.
pub fn draw(picture: &mut Raster, trace: &Trace) {
    let width = trace.page.page.width.max(1.0);
    #[allow(clippy::cast_precision_loss, reason = "at most 16,384 pixels")]
    let scale = picture.width as f32 / width;
    let mut canvas = Canvas { picture, scale };
    for glyph in &trace.glyphs {
        canvas.frame(glyph, GLYPH, 1, false);
    }
    for fragment in &trace.fragments {
        canvas.frame(fragment, FRAGMENT, 1, false);
    }
    for cell in &trace.cells {
        canvas.frame(cell, CELL, 1, false);
    }
    for figure in &trace.page.figures {
        canvas.frame(&figure.bbox.grown(2.0), FIGURE, 2, true);
    }
    for block in &trace.page.page.blocks {
        canvas.frame(&block.bbox.grown(1.0), colour(&block.content), 2, false);
    }
    // Labels last, so that nothing lies over them.
    for (number, block) in trace.page.page.blocks.iter().enumerate() {
        canvas.label(&block.bbox, &label(number + 1, block), colour(&block.content));
    }
}

fn colour(content: &Content) -> Colour {
    match content {
        Content::Heading { .. } => [210, 0, 0],
        Content::Paragraph { .. } => [0, 120, 0],
        Content::ListItem { .. } => [0, 130, 130],
        Content::Table { .. } => [230, 110, 0],
        Content::Figure { .. } => FIGURE,
        Content::Caption { .. } => [140, 0, 140],
        Content::Code { .. } => [90, 60, 0],
        Content::Equation { .. } => [0, 0, 200],
        Content::Footnote { .. } => [110, 110, 0],
        Content::ContentsEntry { .. } => [0, 150, 80],
        Content::Furniture { .. } => [110, 110, 110],
    }
}

fn label(number: usize, block: &Block) -> String {
    let kind = match &block.content {
        Content::Heading { level, .. } => format!("H{level}"),
        Content::Paragraph { .. } => "P".to_owned(),
        Content::ListItem { depth, .. } => format!("L{depth}"),
        Content::Table { .. } => "T".to_owned(),
        Content::Figure { .. } => "F".to_owned(),
        Content::Caption { .. } => "C".to_owned(),
        Content::Code { .. } => "CODE".to_owned(),
        Content::Equation { .. } => "EQ".to_owned(),
        Content::Footnote { .. } => "N".to_owned(),
        Content::ContentsEntry { depth, .. } => format!("TOC{depth}"),
        Content::Furniture { .. } => "X".to_owned(),
    };
    let goes_on = if block.continues { "+" } else { "" };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let sure = (block.confidence * 100.0).round().clamp(0.0, 100.0) as u32;
    format!("{number}{goes_on} {kind} {sure}")
}

struct Canvas<'a> {
    picture: &'a mut Raster,
    /// Pixels per point.
    scale: f32,
}

impl Canvas<'_> {
    fn pixel(&mut self, x: i64, y: i64, [r, g, b]: Colour) {
        let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
        if x >= self.picture.width || y >= self.picture.height {
            return;
        }
        let at = 4 * (y as usize * self.picture.width as usize + x as usize);
        if let Some(pixel) = self.picture.rgba.get_mut(at..at + 4) {
            pixel.copy_from_slice(&[r, g, b, 255]);
        }
    }

    fn fill(&mut self, (x0, y0): (i64, i64), (x1, y1): (i64, i64), colour: Colour) {
        let (right, bottom) = (i64::from(self.picture.width), i64::from(self.picture.height));
        for y in y0.max(0)..y1.min(bottom) {
            for x in x0.max(0)..x1.min(right) {
                self.pixel(x, y, colour);
            }
        }
    }

    /// The edges of a box, `weight` pixels wide, inwards.
    fn frame(&mut self, rect: &Rect, colour: Colour, weight: i64, dashed: bool) {
        #[allow(clippy::cast_possible_truncation, reason = "saturates; what lies outside is not drawn")]
        let to_pixels = |points: f32| (points * self.scale).round() as i64;
        let (x0, y0, x1, y1) =
            (to_pixels(rect.x0), to_pixels(rect.y0), to_pixels(rect.x1), to_pixels(rect.y1));
        let drawn = |along: i64| !dashed || along.rem_euclid(12) < 7;
        let (right, bottom) = (i64::from(self.picture.width), i64::from(self.picture.height));
        for step in 0..weight {
            for x in x0.max(0)..=x1.min(right) {
                if drawn(x) {
                    self.pixel(x, y0 + step, colour);
                    self.pixel(x, y1 - step, colour);
                }
            }
            for y in y0.max(0)..=y1.min(bottom) {
                if drawn(y) {
                    self.pixel(x0 + step, y, colour);
                    self.pixel(x1 - step, y, colour);
                }
            }
        }
    }

    /// White text on a coloured ground, at the upper left corner of a box and inside the picture.
    fn label(&mut self, rect: &Rect, text: &str, colour: Colour) {
        const DOT: i64 = 2;
        let advance = DOT * 4;
        #[allow(clippy::cast_possible_truncation, reason = "saturates")]
        let (x, y) = ((rect.x0 * self.scale) as i64, (rect.y0 * self.scale) as i64);
        let wide = advance * i64::try_from(text.chars().count()).unwrap_or(0) + DOT;
        let high = DOT * 7;
        let x = (x - wide).clamp(0, (i64::from(self.picture.width) - wide).max(0));
        let y = y.clamp(0, (i64::from(self.picture.height) - high).max(0));
        self.fill((x, y), (x + wide, y + high), colour);
        for (place, character) in (0_i64..).zip(text.chars()) {
            for (row, bits) in (0_i64..).zip(letter(character)) {
                for column in 0..3_i64 {
                    if bits & (4 >> column) != 0 {
                        let left = x + DOT + place * advance + column * DOT;
                        let top = y + DOT + row * DOT;
                        self.fill((left, top), (left + DOT, top + DOT), WHITE);
                    }
                }
            }
        }
    }
}

/// Letters of three by five dots, row by row from the top: as many as labels need.
fn letter(character: char) -> [u8; 5] {
    match character {
        '0' => [7, 5, 5, 5, 7],
        '1' => [2, 6, 2, 2, 7],
        '2' => [7, 1, 7, 4, 7],
        '3' => [7, 1, 7, 1, 7],
        '4' => [5, 5, 7, 1, 1],
        '5' => [7, 4, 7, 1, 7],
        '6' => [7, 4, 7, 5, 7],
        '7' => [7, 1, 1, 2, 2],
        '8' => [7, 5, 7, 5, 7],
        '9' => [7, 5, 7, 1, 7],
        'C' => [7, 4, 4, 4, 7],
        'D' => [6, 5, 5, 5, 6],
        'E' => [7, 4, 6, 4, 7],
        'F' => [7, 4, 6, 4, 4],
        'H' => [5, 5, 7, 5, 5],
        'L' => [4, 4, 4, 4, 7],
        'N' => [5, 7, 7, 7, 5],
        'O' => [7, 5, 5, 5, 7],
        'P' => [7, 5, 7, 4, 4],
        'Q' => [7, 5, 5, 7, 1],
        'T' => [7, 2, 2, 2, 2],
        'X' => [5, 5, 2, 5, 5],
        '+' => [0, 2, 7, 2, 0],
        _ => [0; 5],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{SurveyBuilder, trace};
    use crate::pdf::PageReader;
    use crate::pdf::fixture::Fixture;

    #[test]
    fn a_page_with_text_gets_boxes_and_the_same_ones_each_time() {
        let document = Fixture::text("", "BT /F1 20 Tf 100 700 Td (Hello there) Tj ET").open();
        let mut reader = PageReader::new(&document);
        let content = reader.content(1).unwrap();
        let mut survey = SurveyBuilder::default();
        survey.add(&content);
        let seen = trace(&content, &survey.finish(&[]));
        assert_eq!((seen.fragments.len(), seen.page.page.blocks.len()), (1, 1));
        let plain = reader.render(1, 600).unwrap();
        let mut drawn = [plain.clone(), plain.clone()];
        for picture in &mut drawn {
            draw(picture, &seen);
        }
        assert_eq!(drawn[0], drawn[1]);
        assert_ne!(drawn[0], plain);
        // The upper edge of the block, which is a paragraph of large type, is in a colour of its own.
        let edge = colour(&seen.page.page.blocks[0].content);
        let coloured = drawn[0].rgba.chunks(4).filter(|pixel| pixel[..3] == edge).count();
        assert!(coloured > 200, "{coloured}");
    }

    #[test]
    fn boxes_outside_the_picture_are_cut_off() {
        let mut picture = Raster { width: 4, height: 4, rgba: vec![255; 64] };
        let mut canvas = Canvas { picture: &mut picture, scale: 1.0 };
        canvas.frame(&Rect::new(-1e9, -1e9, 1e9, 1e9), [0; 3], 2, true);
        canvas.frame(&Rect::new(f32::NAN, 0.0, 2.0, 2.0), [0; 3], 2, false);
        canvas.label(&Rect::new(1e30, 1e30, 1e30, 1e30), "12 H2 100", [0; 3]);
        assert_eq!(picture.rgba.len(), 64);
    }
}
