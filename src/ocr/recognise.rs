//! What lines of text say: strips in, characters with places and confidences out.

use super::OcrError;
use super::crop::{STRIP_HEIGHT, Strip};
use super::network::{Network, Output};

/// Pixels of all strips of one batch, padding included, at most: bounds the memory of the network's inner layers
/// and of its output, which has a number for each character of the alphabet.
const MAX_BATCH_WIDTH: usize = 2_400;
/// Strips are widened to a multiple of this, in pixels.
const WIDTH_STEP: usize = 32;

/// The characters that a recogniser knows.
#[derive(Clone, Debug)]
pub struct Alphabet {
    /// By class; the first is no character at all.
    classes: Vec<String>,
    space: usize,
}

impl Alphabet {
    /// From the list that PP-OCR's files carry: one character a line. Class 0 comes before it and the blank after.
    #[must_use]
    pub fn of_list(list: &str) -> Self {
        let mut classes = vec![String::new()];
        classes.extend(list.lines().map(str::to_owned));
        let space = classes.len();
        classes.push(" ".to_owned());
        Self { classes, space }
    }

    /// Number of classes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.classes.len()
    }

    /// It has no characters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.classes.len() <= 2
    }
}

/// One recognised character.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Character {
    /// Mostly one `char`.
    pub text: String,
    /// Middle of its time steps, in pixels of the strip.
    pub x: f32,
    /// The network's certainty, 0 to 1.
    pub confidence: f32,
}

/// What a strip says, before words are made of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// From left to right, blanks among them.
    pub characters: Vec<Character>,
    /// Certainty of a blank at each time step.
    pub blanks: Vec<f32>,
    /// Pixels of the strip in a time step.
    pub step: f32,
}

impl Reading {
    /// Mean certainty of its characters; 0 if there are none.
    pub(super) fn confidence(&self) -> f32 {
        let letters = || self.characters.iter().filter(|character| character.text != " ");
        #[allow(clippy::cast_precision_loss, reason = "a count")]
        let count = letters().count() as f32;
        if count == 0.0 { 0.0 } else { letters().map(|character| character.confidence).sum::<f32>() / count }
    }
}

/// Reads `strips`, in batches of like widths.
pub(super) fn read_strips(
    network: &dyn Network,
    alphabet: &Alphabet,
    strips: &[Strip],
) -> Result<Vec<Reading>, OcrError> {
    let mut order: Vec<usize> = (0..strips.len()).collect();
    let width =
        |index: usize| strips.get(index).map_or(1, |strip| strip.width.div_ceil(WIDTH_STEP)) * WIDTH_STEP;
    order.sort_by_key(|index| (width(*index), *index));
    let mut readings = vec![Reading::default(); strips.len()];
    let mut rest = order.as_slice();
    while !rest.is_empty() {
        // Widths grow, so the last one decides.
        let fits =
            |count: &usize| rest.get(count - 1).is_some_and(|last| count * width(*last) <= MAX_BATCH_WIDTH);
        let count = (1..=rest.len()).take_while(|count| fits(count)).last().unwrap_or(1);
        let (batch, after) = rest.split_at(count);
        rest = after;
        let columns = batch.last().map_or(WIDTH_STEP, |last| width(*last));
        let chosen: Vec<&Strip> = batch.iter().filter_map(|index| strips.get(*index)).collect();
        for (index, reading) in batch.iter().zip(read_batch(network, alphabet, &chosen, columns)?) {
            if let Some(place) = readings.get_mut(*index) {
                *place = reading;
            }
        }
    }
    Ok(readings)
}

fn read_batch(
    network: &dyn Network,
    alphabet: &Alphabet,
    strips: &[&Strip],
    columns: usize,
) -> Result<Vec<Reading>, OcrError> {
    let plane = STRIP_HEIGHT * columns;
    // Padded with mid grey, which is 0 to the network.
    let mut input = vec![0.0_f32; strips.len() * 3 * plane];
    for (strip, values) in strips.iter().zip(input.chunks_exact_mut(3 * plane)) {
        for (channel, values) in values.chunks_exact_mut(plane).enumerate() {
            let rows = strip.rgb.chunks_exact(3 * strip.width.max(1));
            for (row, values) in rows.zip(values.chunks_exact_mut(columns)) {
                for (pixel, value) in row.as_chunks::<3>().0.iter().zip(values) {
                    // Blue, green, red.
                    *value = f32::from(pixel[2 - channel.min(2)]) / 127.5 - 1.0;
                }
            }
        }
    }
    let Output { data, shape } = network.run(&input, [strips.len(), 3, STRIP_HEIGHT, columns])?;
    let [count, steps, classes] = shape[..] else {
        return Err(OcrError::Run(format!("the recogniser gave {shape:?}")));
    };
    if count != strips.len()
        || classes != alphabet.len()
        || steps == 0
        || data.len() != count * steps * classes
    {
        let known = alphabet.len();
        return Err(OcrError::Run(format!("the recogniser gave {shape:?} for {known} characters")));
    }
    #[allow(clippy::cast_precision_loss, reason = "widths")]
    let step = columns as f32 / steps as f32;
    let readings = strips.iter().zip(data.chunks_exact(steps * classes)).map(|(strip, scores)| {
        #[allow(clippy::cast_precision_loss, reason = "widths")]
        let inside = |index: &usize| (*index as f32) * step < strip.width as f32;
        let rows: Vec<&[f32]> = scores
            .chunks_exact(classes)
            .enumerate()
            .take_while(|(index, _)| inside(index))
            .map(|(_, row)| row)
            .collect();
        decode(&rows, alphabet, step)
    });
    Ok(readings.collect())
}

/// The best class of each time step; equal ones in a row are one character (best path decoding).
fn decode(rows: &[&[f32]], alphabet: &Alphabet, step: f32) -> Reading {
    let mut characters: Vec<Character> = Vec::new();
    let mut open: Option<(usize, usize, usize, f32)> = None;
    let mut close = |open: Option<(usize, usize, usize, f32)>| {
        let Some((class, first, last, confidence)) = open else { return };
        let Some(text) = alphabet.classes.get(class).filter(|text| !text.is_empty()) else { return };
        #[allow(clippy::cast_precision_loss, reason = "time steps")]
        let x = (0.5 * (first + last) as f32 + 0.5) * step;
        characters.push(Character { text: text.clone(), x, confidence });
    };
    for (at, row) in rows.iter().enumerate() {
        let (mut class, mut best) = (0, f32::MIN);
        for (index, score) in row.iter().enumerate() {
            if *score > best {
                (class, best) = (index, *score);
            }
        }
        match &mut open {
            Some((same, _, last, confidence)) if *same == class => {
                *last = at;
                *confidence = confidence.max(best);
            }
            _ => {
                close(open.take());
                open = (class != 0).then_some((class, at, at, best));
            }
        }
    }
    close(open);
    let blanks = rows.iter().map(|row| row.get(alphabet.space).copied().unwrap_or(0.0)).collect();
    Reading { characters, blanks, step }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says `a` once for each strip, at the step where its first dark column is.
    struct Fake;

    impl Network for Fake {
        fn run(&self, input: &[f32], shape: [usize; 4]) -> Result<Output, OcrError> {
            let [count, _, rows, columns] = shape;
            let steps = columns / 8;
            let mut data = vec![0.0; count * steps * 4];
            for strip in 0..count {
                let row = &input[strip * 3 * rows * columns..][..columns];
                let dark = row.iter().position(|value| *value < -0.5).unwrap_or(0) / 8;
                for step in 0..steps {
                    data[(strip * steps + step) * 4 + usize::from(step == dark || step == dark + 1)] = 0.9;
                }
            }
            Ok(Output { data, shape: vec![count, steps, 4] })
        }
    }

    fn strip(width: usize, dark: usize) -> Strip {
        let pixel = |at: usize| if at % width == dark { 0 } else { 255 };
        let rgb = (0..width * STRIP_HEIGHT).flat_map(|at| [pixel(at); 3]).collect();
        Strip { width, rgb, scale: (1.0, 1.0) }
    }

    #[test]
    fn batches_give_each_strip_its_own_reading() {
        let alphabet = Alphabet::of_list("a\nb");
        let strips: Vec<Strip> =
            [900, 40, 3000, 3000, 64].iter().map(|width| strip(*width, width / 2)).collect();
        let readings = read_strips(&Fake, &alphabet, &strips).unwrap();
        for (strip, reading) in strips.iter().zip(&readings) {
            assert_eq!(reading.characters.len(), 1);
            assert!((reading.characters[0].x - strip.width as f32 / 2.0).abs() < 12.0);
            assert_eq!(reading.confidence(), 0.9);
        }
        assert!(read_strips(&Fake, &Alphabet::of_list("a\nb\nc"), &strips).is_err(), "another alphabet");
    }

    #[test]
    fn equal_classes_in_a_row_are_one_character_and_parted_ones_two() {
        let alphabet = Alphabet::of_list("a\nb");
        let row =
            |class: usize| -> Vec<f32> { (0..4).map(|at| if at == class { 0.8 } else { 0.1 }).collect() };
        let rows: Vec<Vec<f32>> = [1, 1, 0, 1, 2, 3, 2].into_iter().map(row).collect();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let reading = decode(&rows, &alphabet, 8.0);
        let text: String = reading.characters.iter().map(|c| c.text.as_str()).collect();
        assert_eq!(text, "aab b");
        assert_eq!(reading.characters[0].x, 8.0);
        assert_eq!(reading.blanks[5], 0.8);
    }
}
