//! One model of a reference, checked.

use super::{LEAST_COSINE, LOGIT_TOLERANCE, best_ids, cosine_similarity};
use crate::models::LoadError;
use crate::models::generation::Interrupted;
use crate::models::gguf::{ElementType, GgufError, GgufReader, GgufWriter, TensorSpec};
use crate::models::quantize::{QuantizeError, quantize};
use crate::models::safetensors::{SafetensorsError, SafetensorsReader};
use candle_core::Tensor;
use candle_core::quantized::QTensor;
use std::io::Cursor;

pub use super::blip::check_blip;
pub use super::t5::check_t5;

/// Logits that a reference keeps at each position.
const BEST: usize = 16;

/// How the weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Against the reference.
    F32,
    /// Against the same weights dequantised.
    Q8_0,
    /// Against the same weights dequantised.
    Q4K,
}

impl Precision {
    /// All three.
    pub const ALL: [Self; 3] = [Self::F32, Self::Q8_0, Self::Q4K];

    /// As it is called in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Q8_0 => "q8_0",
            Self::Q4K => "q4k",
        }
    }

    pub(super) fn element(self) -> ElementType {
        match self {
            Self::F32 => ElementType::F32,
            Self::Q8_0 => ElementType::Q8_0,
            Self::Q4K => ElementType::Q4K,
        }
    }
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// How the weights were stored.
    pub precision: Precision,
    /// Which input.
    pub case: usize,
    /// What was compared.
    pub what: &'static str,
    /// How far off it is.
    pub error: f64,
    /// How far off it may be.
    pub bound: f64,
}

impl Check {
    /// It is within its bound; what is not a number is not.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.error <= self.bound
    }
}

/// The files of one model of a reference (`tests/models/make_reference.py` says how they are made).
#[derive(Clone, Copy, Debug)]
pub struct ReferenceFiles<'a> {
    /// `config.json`
    pub config: &'a [u8],
    /// `model.safetensors`
    pub checkpoint: &'a [u8],
    /// `cases.json`
    pub cases: &'a [u8],
    /// `expected.safetensors`
    pub expected: &'a [u8],
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParityError {
    /// The model cannot be loaded.
    #[error("the model: {0}")]
    Load(#[from] LoadError),
    /// The checkpoint cannot be quantised.
    #[error("the checkpoint: {0}")]
    Quantize(#[from] QuantizeError),
    /// The quantised file cannot be read back.
    #[error("the quantised file: {0}")]
    Gguf(#[from] GgufError),
    /// The expected outputs cannot be read.
    #[error("the expected outputs: {0}")]
    Expected(#[from] SafetensorsError),
    /// The cases cannot be read.
    #[error("the cases: {0}")]
    Cases(#[from] serde_json::Error),
    /// A computation failed.
    #[error("inference: {0}")]
    Inference(#[from] candle_core::Error),
}

impl From<Interrupted> for ParityError {
    fn from(error: Interrupted) -> Self {
        match error {
            Interrupted::Failed(error) => Self::Inference(error),
            Interrupted::Stopped => Self::Inference(candle_core::Error::Msg("stopped".to_owned())),
        }
    }
}

/// What a reference keeps of outputs.
pub(super) type Expected<'a> = SafetensorsReader<Cursor<&'a [u8]>>;

/// `checkpoint` as a GGUF file.
pub(super) fn to_gguf(checkpoint: &[u8], precision: Precision) -> Result<Vec<u8>, ParityError> {
    let mut shards = [SafetensorsReader::open(Cursor::new(checkpoint))?];
    Ok(quantize(&mut shards, precision.element(), Vec::new(), &mut |_| {})?)
}

/// A GGUF file with the same weights as float32.
pub(super) fn dequantised(gguf: &[u8]) -> Result<Vec<u8>, ParityError> {
    let mut reader = GgufReader::open(Cursor::new(gguf))?;
    let tensors = reader.header().tensors.clone();
    let spec = |name: &str, shape: &[usize]| TensorSpec {
        name: name.to_owned(),
        shape: shape.to_vec(),
        element: ElementType::F32,
    };
    let specs = tensors.iter().map(|tensor| spec(&tensor.name, &tensor.shape)).collect();
    let mut writer = GgufWriter::start(Vec::new(), &[], specs)?;
    for tensor in &tensors {
        writer.write(&QTensor::quantize(&reader.read_f32(&tensor.name)?, ElementType::F32)?)?;
    }
    Ok(writer.finish()?)
}

/// The best logits after each position: their ids, and their distances from the reference's.
pub(super) fn check_logits(
    logits: &Tensor,
    expected: &mut Expected<'_>,
    case: usize,
) -> Result<[Check; 2], ParityError> {
    let ids = expected.read_i32(&format!("{case}.logits_top_ids"))?;
    let values = expected.read_f32(&format!("{case}.logits_top"))?.flatten_all()?.to_vec1::<f32>()?;
    let (least, most) =
        values.iter().fold((f32::MAX, f32::MIN), |(least, most), &value| (least.min(value), most.max(value)));
    let range = f64::from(most - least).max(f64::MIN_POSITIVE);
    let rows = logits.to_vec2::<f32>()?;
    let mut wrong = ids.len().abs_diff(rows.len() * BEST);
    let mut distance = 0f64;
    for (row, (ids, values)) in rows.iter().zip(ids.chunks(BEST).zip(values.chunks(BEST))) {
        let found = best_ids(row, BEST);
        wrong += found.iter().zip(ids).filter(|(found, id)| i64::from(**found) != i64::from(**id)).count();
        for (id, value) in ids.iter().zip(values) {
            let found = usize::try_from(*id).ok().and_then(|id| row.get(id)).copied().unwrap_or(f32::NAN);
            let error = f64::from((found - value).abs());
            // What is not a number is infinitely far off.
            distance = if error <= distance { distance } else { error.max(0.0) };
            if error.is_nan() {
                distance = f64::INFINITY;
            }
        }
    }
    let precision = Precision::F32;
    Ok([
        Check { precision, case, what: "ids of the 16 best logits", error: wrong as f64, bound: 0.0 },
        Check { precision, case, what: "16 best logits", error: distance / range, bound: LOGIT_TOLERANCE },
    ])
}

/// How many of the tokens differ.
pub(super) fn check_tokens(what: &'static str, case: usize, found: &[u32], wanted: &[u32]) -> Check {
    let differing = found.iter().zip(wanted).filter(|(found, wanted)| found != wanted).count();
    let error = (differing + found.len().abs_diff(wanted.len())) as f64;
    Check { precision: Precision::F32, case, what, error, bound: 0.0 }
}

/// How far the cosine similarity of two models' logits is from one.
pub(super) fn check_cosine(
    precision: Precision,
    case: usize,
    found: &Tensor,
    exact: &Tensor,
) -> Result<Check, ParityError> {
    let error = 1.0 - cosine_similarity(found, exact)?;
    Ok(Check { precision, case, what: "logits, 1 - cosine", error, bound: 1.0 - LEAST_COSINE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_holds_nothing() {
        let check = |error| Check { precision: Precision::F32, case: 0, what: "", error, bound: 1.0 };
        assert!(check(1.0).holds() && !check(1.1).holds() && !check(f64::NAN).holds());
    }

    #[test]
    fn tokens_that_are_missing_count() {
        assert_eq!(check_tokens("", 0, &[1, 2, 3], &[1, 5]).error, 2.0);
        assert!(check_tokens("", 0, &[1, 2], &[1, 2]).holds());
    }
}
