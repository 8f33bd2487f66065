//! Checkpoints of the hub (`.safetensors`) to GGUF, as candle's own `tensor-tools quantize` does it.
//!
//! The rule: a matrix (exactly two dimensions) whose rows are whole blocks of the wanted type is stored as
//! that type, embeddings and output included; everything else (norms, biases, position tables with more
//! dimensions, convolutions, and matrices whose rows are no whole blocks) is stored as float32. Tensors of
//! integers (position ids) are left out: no model here reads them. Names stay the hub's.

use super::gguf::{ElementType, GgufError, GgufWriter, MetadataValue, TensorSpec};
use super::safetensors::{SafetensorInfo, SafetensorsError, SafetensorsReader};
use candle_core::quantized::QTensor;
use std::io::{Read, Seek, Write};

/// Why a checkpoint could not be turned into GGUF.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// The checkpoint cannot be read.
    #[error(transparent)]
    Source(#[from] SafetensorsError),
    /// The GGUF file cannot be written.
    #[error(transparent)]
    Target(#[from] GgufError),
    /// candle could not quantise a tensor.
    #[error("tensor `{name}`: {source}")]
    Tensor {
        /// The tensor.
        name: String,
        /// What it said.
        source: Box<candle_core::Error>,
    },
}

/// What became of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converted {
    /// What was written.
    pub spec: TensorSpec,
    /// It is a matrix whose rows are no whole blocks, so it was kept as float32.
    pub fallback: bool,
}

/// Writes the tensors of `shards` as one GGUF file with matrices of type `element`. `on_tensor` is told each
/// tensor once it is written. One tensor at a time is in memory, as float32 and as it is written.
///
/// # Errors
///
/// When a shard cannot be read or the file not be written.
pub fn quantize<R: Read + Seek, W: Write>(
    shards: &mut [SafetensorsReader<R>],
    element: ElementType,
    target: W,
    on_tensor: &mut dyn FnMut(&Converted),
) -> Result<W, QuantizeError> {
    let mut plan: Vec<(usize, Converted)> = Vec::new();
    for (shard, reader) in shards.iter().enumerate() {
        for (name, info) in reader.tensors().iter().filter(|(_, info)| info.is_float()) {
            plan.push((shard, convert(name, info, element)));
        }
    }
    let maker = concat!("recto ", env!("CARGO_PKG_VERSION"));
    let metadata = [("general.quantized_by".to_owned(), MetadataValue::Text(maker.to_owned()))];
    let specs = plan.iter().map(|(_, converted)| converted.spec.clone()).collect();
    let mut writer = GgufWriter::start(target, &metadata, specs)?;
    for (shard, converted) in &plan {
        let spec = &converted.spec;
        let Some(reader) = shards.get_mut(*shard) else { continue };
        let tensor = reader.read_f32(&spec.name)?;
        let quantised = tensor
            .reshape(spec.shape.as_slice())
            .and_then(|tensor| QTensor::quantize(&tensor, spec.element))
            .map_err(|source| QuantizeError::Tensor { name: spec.name.clone(), source: source.into() })?;
        writer.write(&quantised)?;
        on_tensor(converted);
    }
    Ok(writer.finish()?)
}

/// The rule of this module for one tensor.
fn convert(name: &str, info: &SafetensorInfo, element: ElementType) -> Converted {
    let whole_blocks = info.shape.last().is_some_and(|inner| inner.is_multiple_of(element.block_size()));
    let matrix = info.shape.len() == 2;
    // GGUF has no tensors without dimensions.
    let shape = if info.shape.is_empty() { vec![1] } else { info.shape.clone() };
    let element = if matrix && whole_blocks { element } else { ElementType::F32 };
    Converted {
        spec: TensorSpec { name: name.to_owned(), shape, element },
        fallback: matrix && !whole_blocks,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(shape: &[usize]) -> SafetensorInfo {
        SafetensorInfo { element: "F32".to_owned(), shape: shape.to_vec(), data_offsets: [0, 0] }
    }

    #[test]
    fn only_matrices_of_whole_blocks_are_quantised() {
        let of = |shape: &[usize], element| {
            let converted = convert("a", &info(shape), element);
            (converted.spec.element, converted.fallback)
        };
        assert_eq!(of(&[4, 64], ElementType::Q8_0), (ElementType::Q8_0, false));
        assert_eq!(of(&[4, 48], ElementType::Q8_0), (ElementType::F32, true));
        assert_eq!(of(&[64, 256], ElementType::Q4K), (ElementType::Q4K, false));
        assert_eq!(of(&[256], ElementType::Q4K), (ElementType::F32, false));
        assert_eq!(of(&[1, 37, 256], ElementType::F16), (ElementType::F32, false));
        assert_eq!(convert("a", &info(&[]), ElementType::F16).spec.shape, [1]);
    }
}
