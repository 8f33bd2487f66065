//! From logits to tokens: greedy and beam search over any [`Decoder`].

mod beam;
mod repetition;

use super::{GenerationEnd, GenerationOptions};
use candle_core::{Result, Tensor};
use std::ops::ControlFlow;

/// More hypotheses than this bring nothing and cost memory.
const MAX_BEAMS: usize = 16;

/// A model in the middle of writing, with what it remembers of the tokens so far.
pub trait Decoder {
    /// Goes on by `tokens`, the same number for each of `hypotheses`, one hypothesis after the other, and
    /// gives the logits of what may follow each: `[hypotheses, vocabulary]`.
    ///
    /// # Errors
    ///
    /// When a computation fails.
    fn advance(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Tensor>;

    /// Goes on by `tokens` in one hypothesis and gives the logits after each: `[tokens, vocabulary]`.
    ///
    /// # Errors
    ///
    /// When a computation fails.
    fn advance_all(&mut self, tokens: &[u32]) -> Result<Tensor>;

    /// Makes hypothesis `i` go on from what was hypothesis `parents[i]`; there are then as many as parents.
    ///
    /// # Errors
    ///
    /// When a computation fails.
    fn reorder(&mut self, parents: &[u32]) -> Result<()>;
}

/// Why an encoder gave no states.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// The callback said so.
    #[error("stopped")]
    Stopped,
    /// A computation failed.
    #[error(transparent)]
    Failed(#[from] candle_core::Error),
}

/// What has been written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// New tokens, the end marker included where it came.
    pub ids: Vec<u32>,
    /// Why it ended.
    pub end: GenerationEnd,
}

/// Writes on from `prompt` until `eos`, the limit of `options`, or until `on_tokens` breaks. `on_tokens` gets
/// the new tokens so far, with beams those of the best hypothesis.
///
/// # Errors
///
/// When a computation fails.
pub fn write(
    decoder: &mut impl Decoder,
    prompt: &[u32],
    eos: u32,
    options: &GenerationOptions,
    on_tokens: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
) -> Result<Written> {
    if options.beams > 1 {
        beam::search(decoder, prompt, eos, options, options.beams.min(MAX_BEAMS), on_tokens)
    } else {
        greedy(decoder, prompt, eos, options, on_tokens)
    }
}

/// Takes the best token each time.
fn greedy(
    decoder: &mut impl Decoder,
    prompt: &[u32],
    eos: u32,
    options: &GenerationOptions,
    on_tokens: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
) -> Result<Written> {
    let mut sequence = prompt.to_vec();
    let mut logits = decoder.advance(prompt, 1)?;
    loop {
        let mut scores = logits.flatten_all()?.to_vec1::<f32>()?;
        repetition::rein_in(&mut scores, &sequence, options);
        let token = best(&scores);
        sequence.push(token);
        let ids = sequence.get(prompt.len()..).unwrap_or_default();
        let end = if token == eos {
            Some(GenerationEnd::EndOfText)
        } else if on_tokens(ids).is_break() {
            Some(GenerationEnd::Stopped)
        } else if ids.len() >= options.max_tokens {
            Some(GenerationEnd::MaxTokens)
        } else {
            None
        };
        if let Some(end) = end {
            return Ok(Written { ids: ids.to_vec(), end });
        }
        logits = decoder.advance(&[token], 1)?;
    }
}

/// Writes an answer to each of `count` inputs, which `decoder` has side by side as hypotheses, all from `start`, each
/// as greedily as [`write`] would. `on_tokens` gets the new tokens so far of each.
///
/// # Errors
///
/// When a computation fails.
pub fn write_several(
    decoder: &mut impl Decoder,
    count: usize,
    start: u32,
    eos: u32,
    options: &GenerationOptions,
    on_tokens: &mut dyn FnMut(&[Written]) -> ControlFlow<()>,
) -> Result<Vec<Written>> {
    let unfinished = Written { ids: Vec::new(), end: GenerationEnd::Stopped };
    let mut written = vec![unfinished; count];
    let mut active: Vec<usize> = (0..count).collect();
    let mut tokens = vec![start; count];
    while !active.is_empty() {
        let logits = decoder.advance(&tokens, active.len())?.to_vec2::<f32>()?;
        tokens.clear();
        let mut places = Vec::new();
        let mut still_active = Vec::new();
        for ((place, &index), mut scores) in (0u32..).zip(&active).zip(logits) {
            let Some(one) = written.get_mut(index) else { continue };
            let sequence: Vec<u32> = std::iter::once(start).chain(one.ids.iter().copied()).collect();
            repetition::rein_in(&mut scores, &sequence, options);
            let token = best(&scores);
            one.ids.push(token);
            if token == eos {
                one.end = GenerationEnd::EndOfText;
            } else if one.ids.len() >= options.max_tokens {
                one.end = GenerationEnd::MaxTokens;
            } else {
                tokens.push(token);
                places.push(place);
                still_active.push(index);
            }
        }
        if on_tokens(&written).is_break() {
            break;
        }
        if !places.is_empty() && places.len() < active.len() {
            decoder.reorder(&places)?;
        }
        active = still_active;
    }
    Ok(written)
}

/// The index of the largest score, the first of equals; what is not a number loses.
fn best(scores: &[f32]) -> u32 {
    let mut best = (0u32, f32::NEG_INFINITY);
    for (index, &score) in (0u32..).zip(scores) {
        if score > best.1 {
            best = (index, score);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    /// After token `t` the logits favour `t + 1`, then `t + 2`; 9 ends.
    struct Counting {
        last: Vec<u32>,
    }

    impl Counting {
        fn logits(&self) -> Result<Tensor> {
            let rows: Vec<f32> = self
                .last
                .iter()
                .flat_map(|&last| {
                    (0..10).map(move |token| match token as i64 - i64::from(last) {
                        1 => 2.0,
                        2 => 1.5,
                        _ => -4.0,
                    })
                })
                .collect();
            Tensor::from_vec(rows, (self.last.len(), 10), &Device::Cpu)
        }
    }

    impl Decoder for Counting {
        fn advance(&mut self, tokens: &[u32], hypotheses: usize) -> Result<Tensor> {
            let new = tokens.len() / hypotheses;
            self.last = tokens.chunks(new).map(|chunk| chunk[new - 1]).collect();
            self.logits()
        }

        fn advance_all(&mut self, tokens: &[u32]) -> Result<Tensor> {
            self.advance(tokens, tokens.len())
        }

        fn reorder(&mut self, parents: &[u32]) -> Result<()> {
            self.last = parents.iter().map(|&parent| self.last[parent as usize]).collect();
            Ok(())
        }
    }

    fn run(options: &GenerationOptions, stop_at: usize) -> Written {
        let mut decoder = Counting { last: Vec::new() };
        write(&mut decoder, &[3], 9, options, &mut |ids| match ids.len() >= stop_at {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
        .unwrap()
    }

    #[test]
    fn greedy_counts_to_the_end_marker() {
        let written = run(&GenerationOptions::default(), 99);
        assert_eq!(written, Written { ids: vec![4, 5, 6, 7, 8, 9], end: GenerationEnd::EndOfText });
    }

    #[test]
    fn limits_and_stops_are_kept() {
        let three = GenerationOptions { max_tokens: 3, ..Default::default() };
        assert_eq!(run(&three, 99), Written { ids: vec![4, 5, 6], end: GenerationEnd::MaxTokens });
        let stopped = run(&GenerationOptions::default(), 2);
        assert_eq!(stopped, Written { ids: vec![4, 5], end: GenerationEnd::Stopped });
    }

    #[test]
    fn beams_end_and_stop_too() {
        let beams = GenerationOptions { beams: 4, ..Default::default() };
        let written = run(&beams, 99);
        assert_eq!(written.ids.last(), Some(&9));
        assert_eq!(written.end, GenerationEnd::EndOfText);
        assert_eq!(run(&beams, 2).end, GenerationEnd::Stopped);
        let short = GenerationOptions { beams: 4, max_tokens: 2, ..Default::default() };
        assert_eq!(run(&short, 99), Written { ids: vec![4, 5], end: GenerationEnd::MaxTokens });
    }

    #[test]
    fn several_are_written_side_by_side_and_end_on_their_own() {
        let options = GenerationOptions { max_tokens: 4, ..Default::default() };
        let mut decoder = Counting { last: Vec::new() };
        // All begin alike here, so they end alike; the limit comes first.
        let both =
            write_several(&mut decoder, 2, 3, 9, &options, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(both, vec![Written { ids: vec![4, 5, 6, 7], end: GenerationEnd::MaxTokens }; 2]);
        let mut steps = 0;
        let stopped = write_several(&mut decoder, 3, 3, 9, &GenerationOptions::default(), &mut |written| {
            steps += 1;
            assert_eq!(written.len(), 3);
            if steps == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(stopped.unwrap(), vec![Written { ids: vec![4, 5], end: GenerationEnd::Stopped }; 3]);
    }

    #[test]
    fn what_is_not_a_number_is_never_chosen() {
        assert_eq!(best(&[f32::NAN, -3.0, f32::NAN, -2.0]), 3);
        assert_eq!(best(&[f32::NAN]), 0);
    }
}
