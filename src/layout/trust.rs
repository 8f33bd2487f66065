//! Whether a page's text can be trusted, and how sure each block is.

use super::glyphs::Readable;
use super::lines::Line;
use super::survey::{Style, Survey};
use crate::document::{Rect, TextQuality};
use crate::pdf::content::PageContent;

/// Pictures over more than this share of a page without text: a scan.
const SCANNED_SHARE: f32 = 0.4;
/// So many words without a vowel, of a hundred, is no language. English text has two or three.
const UNSPEAKABLE_PERCENT: usize = 45;
/// Fewer words say nothing.
const ENOUGH_WORDS: usize = 25;

/// What the text of a page is worth, and what to tell about it.
pub(super) fn judge(content: &PageContent, text: &Readable<'_>) -> (TextQuality, Option<String>) {
    if content.recognised.is_some() {
        return (TextQuality::Recognised, None);
    }
    if !super::has_text(content) {
        let page = Rect::new(0.0, 0.0, content.width, content.height);
        let pictured: f32 = content
            .images
            .iter()
            .take(2_000)
            .filter_map(|image| image.bbox.intersection(&page))
            .map(|bbox| bbox.area())
            .sum();
        if pictured > SCANNED_SHARE * page.area().max(1.0) {
            let message = if content.unreadable {
                "the page is a picture, and no text could be read in it: it is kept as a picture"
            } else {
                "the page is a picture without text: it needs OCR to be read"
            };
            return (TextQuality::Scanned, Some(message.to_owned()));
        }
        return (TextQuality::None, None);
    }
    if says_nothing(content) {
        let message = "the file does not say which letters this page shows: it is kept as a picture, and needs OCR \
                       to be read";
        return (TextQuality::Suspect, Some(message.to_owned()));
    }
    if content.unmapped_glyphs as usize * 10 > content.glyphs.len() {
        let message = "the file does not say which letters this page shows: its text may be wrong, and it needs \
                       OCR to be read";
        return (TextQuality::Suspect, Some(message.to_owned()));
    }
    if is_gibberish(text) {
        let message = "the letters that the file gives for this page make no words: its text is most likely wrong, \
                       and it needs OCR to be read";
        return (TextQuality::Suspect, Some(message.to_owned()));
    }
    (TextQuality::Digital, None)
}

/// Most glyphs have no letters: what a reader sees is not in the file as text.
pub(super) fn says_nothing(content: &PageContent) -> bool {
    content.recognised.is_none() && content.unmapped_glyphs as usize * 2 > content.glyphs.len()
}

/// What the text of a page is worth as it stands in the file.
#[must_use]
pub fn text_quality(content: &PageContent) -> TextQuality {
    judge(content, &super::glyphs::readable(content)).0
}

/// Text through a wrong map (letters shifted by a constant, glyph numbers as codes) has words without vowels.
/// Only Latin letters are looked at.
fn is_gibberish(text: &Readable<'_>) -> bool {
    let (mut words, mut unspeakable) = (0_usize, 0_usize);
    let (mut letters, mut vowel) = (0_usize, false);
    let mut end: Option<(f32, f32)> = None;
    let mut close = |letters: &mut usize, vowel: &mut bool| {
        if *letters >= 3 {
            words += 1;
            unspeakable += usize::from(!*vowel);
        }
        (*letters, *vowel) = (0, false);
    };
    for placed in text.upright.iter().take(6_000) {
        let apart = end.is_none_or(|(x, y)| {
            (placed.y - y).abs() > 0.3 * placed.glyph.size || (placed.x - x).abs() > 0.2 * placed.glyph.size
        });
        if apart {
            close(&mut letters, &mut vowel);
        }
        end = Some((placed.end, placed.y));
        for character in placed.glyph.text.chars() {
            if is_latin(character) {
                letters += 1;
                vowel |= is_vowel(character);
            } else {
                close(&mut letters, &mut vowel);
            }
        }
    }
    close(&mut letters, &mut vowel);
    words >= ENOUGH_WORDS && unspeakable * 100 > UNSPEAKABLE_PERCENT * words
}

fn is_latin(character: char) -> bool {
    character.is_alphabetic() && u32::from(character) < 0x250
}

/// Letters beyond ASCII are vowels with accents more often than not, and never prove anything.
fn is_vowel(character: char) -> bool {
    matches!(character.to_ascii_lowercase(), 'a' | 'e' | 'i' | 'o' | 'u' | 'y') || !character.is_ascii()
}

/// How sure a heading is: a bookmark says so, or size, weight and number do together.
pub(super) fn heading_confidence(lines: &[&Line], text: &str, survey: &Survey, page: u32) -> f32 {
    if survey.outline_level(text.trim(), page).is_some() {
        return 0.98;
    }
    let Some(first) = lines.first() else { return 0.5 };
    let bold = lines.iter().all(|line| line.bold);
    let mut sure: f32 = 0.6;
    if first.size > 1.25 * survey.body_size() {
        sure += 0.15;
    } else if first.size > 1.09 * survey.body_size() {
        sure += 0.1;
    }
    if bold {
        sure += 0.1;
    }
    if super::headings::numbering_depth(text).is_some() {
        sure += 0.1;
    }
    if survey.level(Style::new(first.size, bold)).is_some() {
        sure += 0.05;
    }
    sure.min(0.95)
}

/// A block's confidence: that of the rule that named it, less for letters that are not known, for a page that is
/// not to be trusted, and for text that lies under other blocks, whose order is a guess. In hundredths.
pub(super) fn block_confidence(rule: f32, text: &str, quality: TextQuality, overlapped: f32) -> f32 {
    let (mut letters, mut unknown) = (0_u32, 0_u32);
    for character in text.chars().filter(|c| !c.is_whitespace()).take(10_000) {
        letters += 1;
        unknown += u32::from(character == '\u{FFFD}');
    }
    #[allow(clippy::cast_precision_loss, reason = "small counts")]
    let known = if letters == 0 { 1.0 } else { 1.0 - unknown as f32 / letters as f32 };
    let page = if quality == TextQuality::Suspect { 0.5 } else { 1.0 };
    let apart = if overlapped > 0.2 { 0.8 } else { 1.0 };
    ((rule * known * page * apart).clamp(0.0, 1.0) * 100.0).round() / 100.0
}

/// For each box the largest share of it that another covers.
pub(super) fn overlaps(boxes: &[Rect]) -> Vec<f32> {
    /// Pages with more blocks are not compared: the work grows with the square.
    const MAX_BOXES: usize = 1_500;
    if boxes.len() > MAX_BOXES {
        return vec![0.0; boxes.len()];
    }
    let share = |(index, bbox): (usize, &Rect)| {
        let others = boxes.iter().enumerate().filter(|(other, _)| *other != index);
        let covered = others.filter_map(|(_, other)| other.intersection(bbox)).map(|both| both.area());
        covered.fold(0.0, f32::max) / bbox.area().max(1.0)
    };
    boxes.iter().enumerate().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::glyphs::readable;
    use crate::pdf::content::{Glyph, ImageItem};

    fn page(text: &str) -> PageContent {
        let mut content = PageContent { number: 1, width: 600.0, height: 800.0, ..PageContent::default() };
        for (index, character) in text.chars().enumerate() {
            let (x, y) = (5.0 * (index % 100) as f32, 20.0 + 12.0 * (index / 100) as f32);
            if character == ' ' {
                continue;
            }
            content.glyphs.push(Glyph {
                text: character.to_string(),
                bbox: Rect::new(x, y - 8.0, x + 5.0, y + 2.0),
                origin: (x, y),
                advance: (x + 5.0, y),
                size: 10.0,
                angle: 0.0,
                font: 0,
                color: [0; 3],
                invisible: false,
                mcid: None,
                artifact: false,
            });
        }
        content
    }

    fn quality(content: &PageContent) -> TextQuality {
        judge(content, &readable(content)).0
    }

    #[test]
    fn shifted_letters_are_not_trusted_and_words_are() {
        let english =
            "This is a test of words that make a page of plain text which can be read by all of us "
                .repeat(3);
        assert_eq!(quality(&page(&english)), TextQuality::Digital);
        // The same through a map that is off by 29, as subset fonts without one give it.
        let shifted: String = english
            .chars()
            .map(|c| if c == ' ' { ' ' } else { char::from_u32(u32::from(c) - 29).unwrap() })
            .collect();
        assert_eq!(quality(&page(&shifted)), TextQuality::Suspect);
        assert_eq!(quality(&page("XML HTTP CSS DNS 12 34")), TextQuality::Digital, "too few to say");
    }

    #[test]
    fn a_picture_of_a_page_is_a_scan_and_a_blank_page_is_not() {
        let mut content = page("");
        assert_eq!(quality(&content), TextQuality::None);
        content.images.push(ImageItem {
            bbox: Rect::new(0.0, 0.0, 600.0, 700.0),
            width_px: 1000,
            height_px: 1200,
            index: 0,
            digest: 1,
            stencil: false,
            upright: true,
        });
        let (quality, message) = judge(&content, &readable(&content));
        assert_eq!(quality, TextQuality::Scanned);
        assert!(quality.needs_ocr() && message.unwrap().contains("OCR"));
    }

    #[test]
    fn unknown_letters_and_covered_boxes_cost_confidence() {
        assert_eq!(block_confidence(0.9, "abcd", TextQuality::Digital, 0.0), 0.9);
        assert_eq!(block_confidence(0.9, "ab\u{FFFD}\u{FFFD}", TextQuality::Digital, 0.0), 0.45);
        assert_eq!(block_confidence(0.9, "abcd", TextQuality::Suspect, 0.5), 0.36);
        let boxes = [
            Rect::new(0.0, 0.0, 10.0, 10.0),
            Rect::new(5.0, 0.0, 15.0, 10.0),
            Rect::new(20.0, 0.0, 30.0, 9.0),
        ];
        assert_eq!(overlaps(&boxes), [0.5, 0.5, 0.0]);
    }
}
