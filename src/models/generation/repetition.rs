//! Reins on repetition.

use crate::models::GenerationOptions;

/// Changes `scores` of the tokens that may follow `sequence` (prompt included, as Hugging Face transformers
/// counts it).
pub(super) fn rein_in(scores: &mut [f32], sequence: &[u32], options: &GenerationOptions) {
    let penalty = options.repetition_penalty;
    if penalty != 1.0 && penalty > 0.0 {
        let mut seen = sequence.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for token in seen {
            if let Some(score) = scores.get_mut(token as usize) {
                *score = if *score < 0.0 { *score * penalty } else { *score / penalty };
            }
        }
    }
    forbid_repeated_runs(scores, sequence, options.no_repeat_ngram);
}

/// Forbids each token that would write a run of `length` tokens a second time.
fn forbid_repeated_runs(scores: &mut [f32], sequence: &[u32], length: usize) {
    if length == 0 || sequence.len() + 1 < length {
        return;
    }
    let ending = sequence.get(sequence.len() + 1 - length..).unwrap_or_default();
    for run in sequence.windows(length) {
        if let Some((&last, start)) = run.split_last()
            && start == ending
            && let Some(score) = scores.get_mut(last as usize)
        {
            *score = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_not_written_twice() {
        let mut scores = vec![0.0; 5];
        forbid_repeated_runs(&mut scores, &[1, 2, 3, 1], 2);
        assert_eq!(scores, [0.0, 0.0, f32::NEG_INFINITY, 0.0, 0.0]);
        let mut scores = vec![0.0; 3];
        forbid_repeated_runs(&mut scores, &[1], 1);
        assert_eq!(scores, [0.0, f32::NEG_INFINITY, 0.0]);
    }

    #[test]
    fn seen_tokens_lose_once() {
        let mut scores = vec![2.0, -2.0, 2.0];
        let options = GenerationOptions { repetition_penalty: 2.0, ..Default::default() };
        rein_in(&mut scores, &[0, 1, 0, 7], &options);
        assert_eq!(scores, [1.0, -4.0, 2.0]);
    }
}
