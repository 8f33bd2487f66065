//! Reads a page: finds its lines, finds out how it is turned, reads them.

use super::OcrError;
use super::bitmap::Bitmap;
use super::crop::Strip;
use super::detect::{LineBox, find_lines};
use super::network::Network;
#[cfg(feature = "ocr")]
use super::network::QuickNetwork;
use super::recognise::{Alphabet, read_strips};
use super::rulings::{Ink, Ruling};
use super::words::{ReadLine, line_of};
use serde::{Deserialize, Serialize};

/// Lines that are read to find out which way up a page is.
const SAMPLED_LINES: usize = 6;
/// Read the right way up, lines are this sure.
const UPRIGHT_CONFIDENCE: f32 = 0.88;
/// A line that is less sure is not text that can be read.
const LINE_FLOOR: f32 = 0.5;
/// Lines that are read at a time: bounds the memory of their strips.
const LINES_AT_A_TIME: usize = 64;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReadPage {
    /// In no particular order.
    pub lines: Vec<ReadLine>,
    /// Quarter turns clockwise from upright text to the page's text.
    pub quarter_turns: u8,
    /// How far lines slope down in their direction of reading, in degrees, beyond the quarter turns.
    pub skew: f32,
    /// Lines that were found but could not be read.
    pub unreadable: u32,
    /// Ruled lines, lying and standing.
    pub rulings: Vec<Ruling>,
    /// Where there are pictures.
    pub pictures: Vec<Ruling>,
}

/// A line that was read to find out how the page is turned.
type SampledLine = (LineBox, Option<ReadLine>);

/// Reads pages with two networks.
pub struct Reader {
    detector: Box<dyn Network + Send>,
    recogniser: Box<dyn Network + Send>,
    alphabet: Alphabet,
}

impl Reader {
    /// A reader of the given networks.
    #[must_use]
    pub fn new(
        detector: Box<dyn Network + Send>,
        recogniser: Box<dyn Network + Send>,
        alphabet: Alphabet,
    ) -> Self {
        Self { detector, recogniser, alphabet }
    }

    #[cfg(feature = "ocr")]
    /// A reader of two ONNX files in the form of PP-OCR's; the recogniser's carries its alphabet.
    ///
    /// # Errors
    /// A file is damaged or of another kind.
    pub fn load(detector: &[u8], recogniser: &[u8]) -> Result<Self, OcrError> {
        let recogniser = QuickNetwork::load(recogniser)?;
        let list = recogniser.metadata("character");
        let list =
            list.ok_or_else(|| OcrError::Model("it does not say which characters it knows".to_owned()))?;
        let alphabet = Alphabet::of_list(list);
        Ok(Self::new(Box::new(QuickNetwork::load(detector)?), Box::new(recogniser), alphabet))
    }

    /// Reads `bitmap`.
    ///
    /// # Errors
    /// A network does not run through.
    pub fn read(&self, bitmap: &Bitmap) -> Result<ReadPage, OcrError> {
        let boxes = find_lines(self.detector.as_ref(), bitmap)?;
        let (quarter_turns, sample) = self.quarter_turns(bitmap, &boxes)?;
        let mut page = ReadPage { quarter_turns, skew: skew(&boxes, quarter_turns), ..ReadPage::default() };
        let boxes: Vec<LineBox> = boxes.iter().map(|line| facing(line, quarter_turns)).collect();
        for boxes in boxes.chunks(LINES_AT_A_TIME) {
            let sampled =
                |line: &LineBox| sample.iter().find(|(known, _)| known == line).map(|(_, read)| read);
            let unread: Vec<LineBox> = boxes.iter().filter(|line| sampled(line).is_none()).copied().collect();
            let mut read = self.read_lines(bitmap, &unread)?.into_iter();
            for line in boxes {
                let read = sampled(line).cloned().or_else(|| read.next()).flatten();
                match read {
                    Some(read) if read.confidence >= LINE_FLOOR => page.lines.push(read),
                    // A line across the others may run either way.
                    read if across(line, quarter_turns) && line.width > 3.0 * line.height => {
                        let over = self.read_lines(bitmap, &[line.turned(2)])?.into_iter().flatten().next();
                        let best = over.filter(|over| over.confidence >= LINE_FLOOR).or(read);
                        match best.filter(|best| best.confidence >= LINE_FLOOR) {
                            Some(best) => page.lines.push(best),
                            None => page.unreadable += 1,
                        }
                    }
                    _ => page.unreadable += 1,
                }
            }
        }
        let ink = Ink::of(bitmap);
        page.rulings = ink.rulings();
        let read: Vec<LineBox> = page.lines.iter().map(|line| line.line).collect();
        page.pictures = ink.pictures(&read);
        Ok(page)
    }

    fn read_lines(&self, bitmap: &Bitmap, boxes: &[LineBox]) -> Result<Vec<Option<ReadLine>>, OcrError> {
        let strips: Vec<Strip> = boxes.iter().map(|line| Strip::cut(bitmap, line)).collect();
        let readings = read_strips(self.recogniser.as_ref(), &self.alphabet, &strips)?;
        let lines = readings.iter().zip(&strips).zip(boxes);
        Ok(lines.map(|((reading, strip), line)| line_of(reading, strip, line)).collect())
    }

    /// How the page is turned: whether most of its text lies or stands, and which of both ways it is read with
    /// more certainty. With it what was read that way.
    fn quarter_turns(&self, bitmap: &Bitmap, boxes: &[LineBox]) -> Result<(u8, Vec<SampledLine>), OcrError> {
        let long = |line: &&LineBox| line.width > 1.5 * line.height;
        let extent = |standing: bool| {
            let lines = boxes.iter().filter(long).filter(|line| is_standing(line) == standing);
            lines.map(|line| line.width).sum::<f32>()
        };
        let stands = extent(true) > extent(false);
        let mut sample: Vec<LineBox> =
            boxes.iter().filter(long).filter(|line| is_standing(line) == stands).copied().collect();
        // The widest are most text, and the least likely to be a drawing's.
        sample.sort_by(|a, b| b.width.total_cmp(&a.width));
        // A quarter of the way down that list: the very widest may be rules or several lines in one.
        let skip = (sample.len() / 4).min(sample.len().saturating_sub(SAMPLED_LINES));
        let sample: Vec<LineBox> = sample.into_iter().skip(skip).take(SAMPLED_LINES).collect();
        let read = |boxes: Vec<LineBox>| -> Result<(f32, Vec<SampledLine>), OcrError> {
            let lines = self.read_lines(bitmap, &boxes)?;
            #[allow(clippy::cast_precision_loss, reason = "at most SAMPLED_LINES")]
            let count = lines.len().max(1) as f32;
            let sure = lines.iter().flatten().map(|line| line.confidence).sum::<f32>() / count;
            Ok((sure, boxes.into_iter().zip(lines).collect()))
        };
        let forward = u8::from(stands);
        if sample.is_empty() {
            return Ok((0, Vec::new()));
        }
        let over: Vec<LineBox> = sample.iter().map(|line| line.turned(2)).collect();
        let (first, lines) = read(sample)?;
        if first >= UPRIGHT_CONFIDENCE {
            return Ok((forward, lines));
        }
        let (second, turned) = read(over)?;
        Ok(if second > first { (forward + 2, turned) } else { (forward, lines) })
    }
}

fn is_standing(line: &LineBox) -> bool {
    line.along.1.abs() > line.along.0.abs()
}

/// Whether a line runs across the page's direction of reading.
fn across(line: &LineBox, quarter_turns: u8) -> bool {
    is_standing(line) == quarter_turns.is_multiple_of(2)
}

/// A box as it is read on a page that is turned so.
fn facing(line: &LineBox, quarter_turns: u8) -> LineBox {
    let squarish = line.width < 1.5 * line.height && !is_standing(line);
    match quarter_turns {
        0 => *line,
        1 if squarish => line.turned(1),
        2 => line.turned(2),
        3 if squarish => line.turned(3),
        3 => line.turned(2),
        _ => *line,
    }
}

/// The median slope of the page's long lines, each counting by its width.
fn skew(boxes: &[LineBox], quarter_turns: u8) -> f32 {
    let mut slopes: Vec<(f32, f32)> = boxes
        .iter()
        .filter(|line| line.width > 4.0 * line.height && !across(line, quarter_turns))
        .map(|line| {
            let (along, aside) = if quarter_turns.is_multiple_of(2) {
                (line.along.0, line.along.1)
            } else {
                (line.along.1, -line.along.0)
            };
            (aside / along, line.width)
        })
        .collect();
    slopes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f32 = slopes.iter().map(|(_, width)| width).sum();
    let mut sum = 0.0;
    let median = slopes.iter().find(|(_, width)| {
        sum += width;
        2.0 * sum >= total
    });
    // A small angle is its tangent; degrees for people.
    median.map_or(0.0, |(slope, _)| slope.clamp(-0.3, 0.3).to_degrees())
}
