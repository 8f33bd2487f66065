//! How near a model's outputs are to reference outputs, and how near quantised weights are to the same weights
//! as float32.

mod blip;
mod check;
mod t5;

pub use check::{Check, ParityError, Precision, ReferenceFiles, check_blip, check_t5};

use candle_core::{Result, Tensor};

/// The largest relative error that counts as equal for hidden states in float32.
pub const HIDDEN_STATE_TOLERANCE: f64 = 1e-3;

/// The least cosine similarity of the logits of quantised weights to those of the same weights dequantised.
pub const LEAST_COSINE: f64 = 0.9995;

/// How large the largest difference of the best logits may be, as part of the range of the reference's.
pub const LOGIT_TOLERANCE: f64 = 1e-3;

/// `found · expected / (‖found‖ ‖expected‖)` over all elements.
///
/// # Errors
///
/// When they cannot be read as float32.
pub fn cosine_similarity(found: &Tensor, expected: &Tensor) -> Result<f64> {
    let (found, expected) =
        (found.flatten_all()?.to_vec1::<f32>()?, expected.flatten_all()?.to_vec1::<f32>()?);
    let dot = |left: &[f32], right: &[f32]| -> f64 {
        left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
    };
    let norms = (dot(&found, &found) * dot(&expected, &expected)).sqrt();
    Ok(dot(&found, &expected) / norms.max(f64::MIN_POSITIVE))
}

/// `‖found - expected‖ / ‖expected‖` over all elements.
///
/// # Errors
///
/// When the shapes differ.
pub fn relative_error(found: &Tensor, expected: &Tensor) -> Result<f64> {
    let squares = |tensor: Tensor| -> Result<f64> {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        Ok(values.into_iter().map(|value| f64::from(value) * f64::from(value)).sum())
    };
    Ok((squares((found - expected)?)? / squares(expected.clone())?.max(f64::MIN_POSITIVE)).sqrt())
}

/// The ids of the `count` largest of `logits`, largest first.
#[must_use]
pub fn best_ids(logits: &[f32], count: usize) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..logits.len() as u32).collect();
    let logit = |id: &u32| logits.get(*id as usize).copied().unwrap_or(f32::NEG_INFINITY);
    ids.sort_by(|left, right| logit(right).total_cmp(&logit(left)).then(left.cmp(right)));
    ids.truncate(count);
    ids
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn errors_are_relative_to_the_whole() {
        let expected = Tensor::new(&[3.0f32, 4.0], &Device::Cpu).unwrap();
        let found = Tensor::new(&[3.0f32, 4.5], &Device::Cpu).unwrap();
        assert!((relative_error(&found, &expected).unwrap() - 0.1).abs() < 1e-6);
    }

    #[test]
    fn best_come_first_and_ties_in_order() {
        assert_eq!(best_ids(&[1.0, 3.0, 2.0, 3.0], 3), [1, 3, 2]);
    }

    #[test]
    fn cosines_forget_length() {
        let left = Tensor::new(&[3.0f32, 4.0], &Device::Cpu).unwrap();
        let right = Tensor::new(&[6.0f32, 8.0], &Device::Cpu).unwrap();
        let across = Tensor::new(&[-4.0f32, 3.0], &Device::Cpu).unwrap();
        assert!((cosine_similarity(&left, &right).unwrap() - 1.0).abs() < 1e-12);
        assert!(cosine_similarity(&left, &across).unwrap().abs() < 1e-12);
    }
}
