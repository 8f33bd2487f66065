//! Beam search that stops as soon as it has as many finished texts as hypotheses: the rules of Hugging Face
//! transformers' `generate(num_beams=…, early_stopping=True)`, which the reference outputs follow.

use super::{Decoder, Written, repetition};
use crate::models::{GenerationEnd, GenerationOptions};
use candle_core::Result;
use std::cmp::Ordering;
use std::ops::ControlFlow;

/// A text being written.
#[derive(Clone, Debug)]
struct Hypothesis {
    /// Prompt included.
    sequence: Vec<u32>,
    /// Sum of log probabilities.
    score: f32,
}

/// A way a hypothesis may go on.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    score: f32,
    parent: u32,
    token: u32,
}

/// Finished texts, best last.
struct Finished {
    texts: Vec<(f32, Vec<u32>)>,
    room: usize,
    length_penalty: f32,
}

impl Finished {
    /// Keeps `ids` if they are among the best: by the mean log probability over `length` tokens.
    fn add(&mut self, ids: Vec<u32>, sum: f32, length: usize) {
        let score = sum / (length as f32).powf(self.length_penalty);
        if self.is_full() && self.texts.first().is_some_and(|(worst, _)| score <= *worst) {
            return;
        }
        let place = self.texts.partition_point(|(other, _)| other.total_cmp(&score) != Ordering::Greater);
        self.texts.insert(place, (score, ids));
        if self.texts.len() > self.room {
            self.texts.remove(0);
        }
    }

    fn is_full(&self) -> bool {
        self.texts.len() >= self.room
    }
}

pub(super) fn search(
    decoder: &mut impl Decoder,
    prompt: &[u32],
    eos: u32,
    options: &GenerationOptions,
    beams: usize,
    on_tokens: &mut dyn FnMut(&[u32]) -> ControlFlow<()>,
) -> Result<Written> {
    let mut finished = Finished { texts: Vec::new(), room: beams, length_penalty: options.length_penalty };
    let mut running = vec![Hypothesis { sequence: prompt.to_vec(), score: 0.0 }];
    let mut logits = decoder.advance(prompt, 1)?;
    let mut written = 0;
    let end = loop {
        let rows = logits.to_vec2::<f32>()?;
        written += 1;
        let mut next: Vec<Hypothesis> = Vec::with_capacity(beams);
        let mut parents = Vec::with_capacity(beams);
        for (rank, candidate) in candidates(rows, &running, beams, options).into_iter().enumerate() {
            let Some(parent) = running.get(candidate.parent as usize) else { continue };
            let mut sequence = parent.sequence.clone();
            sequence.push(candidate.token);
            if candidate.token != eos {
                next.push(Hypothesis { sequence, score: candidate.score });
                parents.push(candidate.parent);
            } else if rank < beams {
                let ids = sequence.get(prompt.len()..).unwrap_or_default().to_vec();
                finished.add(ids, candidate.score, written);
            }
            if next.len() == beams {
                break;
            }
        }
        running = next;
        if finished.is_full() || running.is_empty() {
            break GenerationEnd::EndOfText;
        }
        let best = running.first().and_then(|best| best.sequence.get(prompt.len()..)).unwrap_or_default();
        if on_tokens(best).is_break() {
            break GenerationEnd::Stopped;
        }
        if written >= options.max_tokens {
            break GenerationEnd::MaxTokens;
        }
        decoder.reorder(&parents)?;
        let last: Vec<u32> = running.iter().filter_map(|one| one.sequence.last().copied()).collect();
        logits = decoder.advance(&last, last.len())?;
    };
    if end != GenerationEnd::EndOfText {
        for one in running {
            let ids = one.sequence.get(prompt.len()..).unwrap_or_default().to_vec();
            finished.add(ids, one.score, written);
        }
    }
    let ids = finished.texts.pop().map(|(_, ids)| ids).unwrap_or_default();
    // The best text may have ended before the others were cut.
    let ended = ids.last() == Some(&eos) && end == GenerationEnd::MaxTokens;
    Ok(Written { end: if ended { GenerationEnd::EndOfText } else { end }, ids })
}

/// The best `2 * beams` ways to go on, best first: enough even if half of them end.
fn candidates(
    rows: Vec<Vec<f32>>,
    running: &[Hypothesis],
    beams: usize,
    options: &GenerationOptions,
) -> Vec<Candidate> {
    let wanted = 2 * beams;
    let mut best: Vec<Candidate> = Vec::with_capacity(wanted + 1);
    for ((parent, hypothesis), mut scores) in (0u32..).zip(running).zip(rows) {
        to_log_probabilities(&mut scores);
        repetition::rein_in(&mut scores, &hypothesis.sequence, options);
        for (token, &log_probability) in (0u32..).zip(&scores) {
            let score = hypothesis.score + log_probability;
            let enters = best.len() < wanted || best.last().is_some_and(|worst| score > worst.score);
            if enters && score > f32::NEG_INFINITY {
                let place = best.partition_point(|other| other.score >= score);
                best.insert(place, Candidate { score, parent, token });
                best.truncate(wanted);
            }
        }
    }
    best
}

/// Softmax, then logarithm.
fn to_log_probabilities(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = scores.iter().map(|&score| f64::from(score - max).exp()).sum();
    let log_sum = sum.ln() as f32;
    for score in scores {
        *score = *score - max - log_sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_probabilities_sum_to_one() {
        let mut scores = vec![1000.0, 999.0, 998.0];
        to_log_probabilities(&mut scores);
        let sum: f32 = scores.iter().map(|score| score.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
    }

    #[test]
    fn finished_texts_compete_by_mean() {
        let mut finished = Finished { texts: Vec::new(), room: 2, length_penalty: 1.0 };
        finished.add(vec![1], -4.0, 1);
        finished.add(vec![2, 2], -4.0, 2);
        finished.add(vec![3, 3, 3, 3], -4.0, 4);
        let kept: Vec<_> = finished.texts.iter().map(|(score, ids)| (*score, ids.len())).collect();
        assert_eq!(kept, [(-2.0, 2), (-1.0, 4)]);
    }
}
