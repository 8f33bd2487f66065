//! What runs the networks.

use super::OcrError;
#[cfg(feature = "ocr")]
use rten::Model;
#[cfg(feature = "ocr")]
use rten_tensor::NdTensorView;

/// What a network says: numbers and their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// As many as the product of the shape.
    pub data: Vec<f32>,
    /// Outermost first.
    pub shape: Vec<usize>,
}

/// A network with one picture batch as input.
pub trait Network {
    /// Runs it on `input` of shape `[batch, 3, height, width]`.
    ///
    /// # Errors
    /// It does not run through.
    fn run(&self, input: &[f32], shape: [usize; 4]) -> Result<Output, OcrError>;
}

#[cfg(feature = "ocr")]
/// A network in an ONNX file, run by `rten`.
pub struct RtenNetwork {
    model: Model,
}

#[cfg(feature = "ocr")]
impl RtenNetwork {
    /// Loads the bytes of an ONNX file.
    ///
    /// # Errors
    /// It is damaged, or has operators that are not known.
    pub fn load(bytes: Vec<u8>) -> Result<Self, OcrError> {
        let model = Model::load(bytes).map_err(|error| OcrError::Model(error.to_string()))?;
        Ok(Self { model })
    }

    /// An entry of the file's metadata.
    #[must_use]
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.model.metadata().get(key)
    }
}

#[cfg(feature = "ocr")]
impl Network for RtenNetwork {
    fn run(&self, input: &[f32], shape: [usize; 4]) -> Result<Output, OcrError> {
        let failed = |error: &dyn std::fmt::Display| OcrError::Run(error.to_string());
        let input = NdTensorView::try_from_data(shape, input).map_err(|error| failed(&error))?;
        let output = self.model.run_one(input.into(), None).map_err(|error| failed(&error))?;
        let output: rten_tensor::Tensor<f32> = output.try_into().map_err(|error| failed(&error))?;
        let shape = rten_tensor::Layout::shape(&output).to_vec();
        Ok(Output { data: output.into_data(), shape })
    }
}
