//! Words of a line: a reading and the line's pixels in; words with their places out.

use super::crop::{STRIP_HEIGHT, Strip};
use super::detect::LineBox;
use super::recognise::{Character, Reading};
use serde::{Deserialize, Serialize};

/// Between two letters, a blank this certain is one even where the network prefers none.
const BLANK_SCORE: f32 = 0.15;
/// Room without ink of so many font sizes between two letters is a blank, whatever the network says; narrower than a
/// word space in any setting is about a fifth.
const BLANK_GAP: f32 = 0.30;
/// The same between two numbers with decimals.
const NUMBER_GAP: f32 = 0.18;
/// Height of small letters and of capitals over font size, in common text faces.
const X_HEIGHT: f32 = 0.47;
const CAP_HEIGHT: f32 = 0.68;
/// Font size over the height of a line's box lies between these: measured on journal pages, where it is 0.5 for lines
/// with much room around them and 0.85 for tight ones.
const LEAST_OF_STRIP: f32 = 0.4;
const MOST_OF_STRIP: f32 = 0.95;

/// Rows above the baseline that belong to letters of any size.
const BODY_ROWS: usize = 8;
/// Rows with less than this share of the ink of those lie above the letters.
const BODY_SHARE: f32 = 0.5;
/// Of that share, rows with more than this hold parts of some letters.
const RISING_SHARE: f32 = 0.15;

/// One word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Its characters.
    pub text: String,
    /// Mean of the network's certainty of them, 0 to 1.
    pub confidence: f32,
    /// Where its baseline begins, in pixels of the bitmap.
    pub start: (f32, f32),
    /// Where its baseline ends.
    pub end: (f32, f32),
}

/// One line of words, in reading order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadLine {
    /// From left to right.
    pub words: Vec<Word>,
    /// Font size in pixels of the bitmap, from the height of its letters.
    pub size: f32,
    /// Thickness of its strokes over font size.
    pub weight: f32,
    /// Where it was found.
    pub line: LineBox,
    /// Mean certainty of its characters, 0 to 1.
    pub confidence: f32,
}

/// Puts a reading's characters together to words. None if there are none.
pub(super) fn line_of(reading: &Reading, strip: &Strip, line: &LineBox) -> Option<ReadLine> {
    let ink = strip.ink();
    let columns: Vec<bool> =
        (0..strip.width).map(|column| ink.iter().skip(column).step_by(strip.width).any(|ink| *ink)).collect();
    let letters: Vec<&Character> = reading.characters.iter().filter(|c| !c.text.trim().is_empty()).collect();
    if letters.is_empty() {
        return None;
    }
    let measures = measure(&ink, strip.width, &letters);
    let mut words: Vec<(Vec<&Character>, f32, f32)> = Vec::new();
    let mut left = edge(&columns, 0.0, letters.first()?.x, true);
    let mut current: Vec<&Character> = Vec::new();
    let last = letters.last()?.x;
    #[allow(clippy::cast_precision_loss, reason = "a width")]
    let right = edge(&columns, last, strip.width as f32, false);
    for (index, letter) in letters.iter().enumerate() {
        current.push(letter);
        let Some(next) = letters.get(index + 1) else { break };
        let gap = widest_gap(&columns, letter.x, next.x);
        let bar = if between_numbers(&letters, index) { NUMBER_GAP } else { BLANK_GAP };
        if parted(reading, letter, next, gap, measures.size, bar) {
            words.push((std::mem::take(&mut current), left, gap.0));
            left = gap.1;
        }
    }
    words.push((current, left, right));

    let (along, across) = strip.scale;
    let words = words.into_iter().map(|(letters, left, right)| {
        #[allow(clippy::cast_precision_loss, reason = "a count")]
        let count = letters.len().max(1) as f32;
        Word {
            text: letters.iter().map(|letter| letter.text.as_str()).collect(),
            confidence: letters.iter().map(|letter| letter.confidence).sum::<f32>() / count,
            start: line.point(left * along, measures.baseline * across),
            end: line.point(right.max(left + 1.0) * along, measures.baseline * across),
        }
    });
    Some(ReadLine {
        words: words.collect(),
        size: measures.size * across,
        weight: measures.weight,
        line: *line,
        confidence: reading.confidence(),
    })
}

/// Whether a blank stands between two letters with the given gap.
fn parted(reading: &Reading, a: &Character, b: &Character, gap: (f32, f32), size: f32, bar: f32) -> bool {
    let said = reading.characters.iter().any(|c| c.text.trim().is_empty() && c.x > a.x && c.x < b.x);
    if said {
        return true;
    }
    // Scripts without blanks have square characters with room around each.
    let spaced = |c: &Character| c.text.chars().all(|c| !is_unspaced(c));
    if !spaced(a) || !spaced(b) {
        return false;
    }
    let ends = |c: &Character, marks: &[char]| c.text.chars().any(|c| marks.contains(&c));
    let figures = |c: &Character| c.text.chars().all(|c| c.is_ascii_digit());
    let room = (gap.1 - gap.0) / size.max(1.0);
    // A point within a number or an address stands free without being the end of a sentence.
    let loose = ends(a, &['.', ',', ':', '/', '-', '\'', '(', '['])
        || ends(b, &['.', ',', ':', '/', '-', '\'', ')', ']']);
    let bar = if bar < BLANK_GAP || !loose && !(figures(a) && figures(b)) { bar } else { 1.3 * bar };
    if room > bar {
        return true;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places in a strip")]
    let steps = (a.x / reading.step) as usize..=(b.x / reading.step) as usize;
    let best = reading.blanks.get(steps).unwrap_or_default().iter().copied().fold(0.0, f32::max);
    best > BLANK_SCORE && room > 0.4 * BLANK_GAP
}

/// Whether a number with decimals would go on behind `letters[index]` with a sign or up to another point: then
/// another begins there.
fn between_numbers(letters: &[&Character], index: usize) -> bool {
    let is = |at: usize, marks: fn(char) -> bool| {
        letters.get(at).is_some_and(|letter| letter.text.chars().all(marks))
    };
    let digit = |c: char| c.is_ascii_digit();
    let before = (0..=index).rev().take_while(|at| is(*at, |c| c.is_ascii_digit() || c == '.'));
    let decimals = is(index, digit) && before.into_iter().any(|at| is(at, |c| c == '.'));
    let next = index + 1;
    let digits = (next..).take_while(|at| is(*at, digit)).count();
    let signed = is(next, |c| matches!(c, '-' | '\u{2212}' | '+')) && is(next + 1, digit);
    decimals && (signed || digits > 0 && is(next + digits, |c| c == '.') && is(next + digits + 1, digit))
}

/// Chinese characters, kana, and the scripts of South-East Asia that are written without blanks.
fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x2E80..=0x30FF | 0x3400..=0x9FFF
        | 0xF900..=0xFAFF | 0xFF00..=0xFFEF | 0x20000..=0x3FFFF)
}

/// The widest run of columns without ink between two places, or the middle if there is none.
fn widest_gap(columns: &[bool], from: f32, to: f32) -> (f32, f32) {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places in a strip")]
    let (first, last) = (from.max(0.0) as usize, (to.max(0.0) as usize).min(columns.len()));
    let mut best = (0_usize, 0_usize);
    let mut start: Option<usize> = None;
    for at in first..=last {
        let empty = at < last && columns.get(at).is_some_and(|ink| !ink);
        match (empty, start) {
            (true, None) => start = Some(at),
            (false, Some(begun)) => {
                if at - begun > best.1 - best.0 {
                    best = (begun, at);
                }
                start = None;
            }
            _ => {}
        }
    }
    #[allow(clippy::cast_precision_loss, reason = "places in a strip")]
    if best.1 > best.0 { (best.0 as f32, best.1 as f32) } else { (0.5 * (from + to), 0.5 * (from + to)) }
}

/// The outermost column with ink in a part of the strip; without any, its outer end.
fn edge(columns: &[bool], from: f32, to: f32, first: bool) -> f32 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "places in a strip")]
    let (start, end) = (from.max(0.0) as usize, (to.max(0.0) as usize).min(columns.len()));
    let part = columns.get(start..end.max(start)).unwrap_or_default();
    #[allow(clippy::cast_precision_loss, reason = "places in a strip")]
    if first {
        part.iter().position(|ink| *ink).map_or(to, |at| (start + at) as f32).min(to)
    } else {
        part.iter().rposition(|ink| *ink).map_or(from, |at| (start + at + 1) as f32)
    }
}

struct Measures {
    /// In rows of the strip.
    baseline: f32,
    /// Font size in rows of the strip.
    size: f32,
    /// Thickness of strokes over font size.
    weight: f32,
}

/// Baseline and font size from the rows in which most ink begins and ends: small letters stand between baseline and
/// x-height, and more of their ink lies there than in what rises above and hangs below.
fn measure(ink: &[bool], width: usize, letters: &[&Character]) -> Measures {
    #[allow(clippy::cast_precision_loss, reason = "counts of pixels")]
    let rows: Vec<f32> =
        ink.chunks_exact(width.max(1)).map(|row| row.iter().filter(|ink| **ink).count() as f32).collect();
    let at = |row: usize| rows.get(row).copied().unwrap_or(0.0);
    // The steepest fall in the lower half and the steepest rise in the upper one, over two rows.
    let half = STRIP_HEIGHT / 2;
    let mut bottom = (0.0, STRIP_HEIGHT * 3 / 4);
    for row in half..STRIP_HEIGHT {
        let fall = at(row.saturating_sub(1)) + at(row) - at(row + 1) - at(row + 2);
        if fall > bottom.0 {
            bottom = (fall, row + 1);
        }
    }
    // From the baseline up as long as about as much ink goes on: letters are strokes between two heights, and only few
    // rise above small ones. (The row where ink rises most may be the bar of an e.)
    let mut body: Vec<f32> = (bottom.1.saturating_sub(BODY_ROWS)..bottom.1).map(at).collect();
    body.sort_by(f32::total_cmp);
    let enough = BODY_SHARE * body.get(body.len() / 2).copied().unwrap_or(0.0);
    let top = (0..bottom.1.saturating_sub(BODY_ROWS))
        .rev()
        .find(|row| at(*row) < enough && at(row.saturating_sub(1)) < enough)
        .map_or(0, |row| row + 1);
    #[allow(clippy::cast_precision_loss, reason = "rows")]
    let (baseline, body) = (bottom.1 as f32, bottom.1.saturating_sub(top).max(4) as f32);
    // Letters that rise above most others show that those are small ones. Where none do, all are of one height.
    let rising = (0..top).rev().take_while(|row| at(*row) > RISING_SHARE * enough).count();
    #[allow(clippy::cast_precision_loss, reason = "rows")]
    let rises = rising as f32 > 0.2 * body;
    let low = letters.iter().filter(|c| c.text.chars().all(|c| "acemnorsuvwxzgpqy".contains(c))).count();
    let factor = if rises || 5 * low >= 4 * letters.len() { X_HEIGHT } else { CAP_HEIGHT };
    #[allow(clippy::cast_precision_loss, reason = "48")]
    let strip = STRIP_HEIGHT as f32;
    let size = (body / factor).clamp(LEAST_OF_STRIP * strip, MOST_OF_STRIP * strip);
    Measures { baseline, size, weight: stroke(ink, width) / size }
}

/// The usual thickness of strokes, in pixels of the strip: the median run of ink along the rows.
fn stroke(ink: &[bool], width: usize) -> f32 {
    let mut runs: Vec<u32> = Vec::new();
    for row in ink.chunks_exact(width.max(1)) {
        let mut run = 0;
        for ink in row.iter().chain(std::iter::once(&false)) {
            if *ink {
                run += 1;
            } else if run > 0 {
                runs.push(std::mem::take(&mut run));
            }
        }
    }
    runs.sort_unstable();
    // The mean of the middle half: runs are whole numbers, and the strokes are three to six of them.
    let middle = runs.get(runs.len() / 4..(3 * runs.len()).div_ceil(4)).unwrap_or_default();
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    let mean = middle.iter().map(|run| *run as f32).sum::<f32>() / middle.len().max(1) as f32;
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A strip with letters drawn as boxes of 14 columns, x-height 16 rows, at the given places.
    fn drawn(places: &[usize], width: usize) -> Strip {
        let pixel = |at: usize| {
            let (x, y) = (at % width, at / width);
            if (14..30).contains(&y) && places.iter().any(|place| (*place..place + 14).contains(&x)) {
                0
            } else {
                255
            }
        };
        let rgb = (0..width * STRIP_HEIGHT).flat_map(|at| [pixel(at); 3]).collect();
        Strip { width, rgb, scale: (0.5, 0.5) }
    }

    fn reading(text: &str, places: &[usize], blank: f32) -> Reading {
        let characters = text.chars().zip(places).map(|(c, place)| Character {
            text: c.to_string(),
            x: *place as f32 + 7.0,
            confidence: 0.9,
        });
        Reading { characters: characters.collect(), blanks: vec![blank; 40], step: 8.0 }
    }

    const LINE: LineBox =
        LineBox { center: (60.0, 112.0), along: (1.0, 0.0), width: 120.0, height: 24.0, score: 1.0 };

    fn texts(line: &ReadLine) -> Vec<&str> {
        line.words.iter().map(|word| word.text.as_str()).collect()
    }

    #[test]
    fn gaps_and_scores_part_words() {
        let places = [10, 26, 42, 75, 91];
        let line = line_of(&reading("nouse", &places, 0.0), &drawn(&places, 240), &LINE).unwrap();
        assert_eq!(texts(&line), ["nou", "se"], "a wide gap is a blank");
        assert_eq!(line.words[0].start, (5.0, 115.0));
        assert_eq!((line.words[0].end.0, line.words[1].start.0), (28.0, 37.5));
        assert!((line.size - 0.5 * 16.0 / X_HEIGHT).abs() < 1.5, "{}", line.size);

        let places = [10, 26, 42, 64, 80];
        let narrow = |blank| {
            let line = line_of(&reading("nouse", &places, blank), &drawn(&places, 240), &LINE).unwrap();
            line.words.len()
        };
        assert_eq!((narrow(0.0), narrow(0.3)), (1, 2), "a narrow one is, if the network thinks so");
    }

    #[test]
    fn nothing_read_is_no_line() {
        assert!(line_of(&reading("", &[], 0.0), &drawn(&[], 40), &LINE).is_none());
        assert!(line_of(&reading("  ", &[1, 2], 0.0), &drawn(&[], 40), &LINE).is_none());
    }
}
