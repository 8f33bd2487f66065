//! Networks, or what is left of them, run by `rten`.

use super::{Network, Output};
use crate::ocr::OcrError;
use rten::{Model, NodeId, Value, ValueOrView};
use rten_tensor::{Layout, Tensor, TensorView};

/// A network in an ONNX file, run by `rten` as a whole.
pub struct RtenNetwork {
    model: Model,
}

fn failed(error: &dyn std::fmt::Display) -> OcrError {
    OcrError::Run(error.to_string())
}

impl RtenNetwork {
    /// Loads the bytes of an ONNX file.
    ///
    /// # Errors
    /// It is damaged, or has operators that are not known.
    pub fn load(bytes: Vec<u8>) -> Result<Self, OcrError> {
        let model = Model::load(bytes).map_err(|error| OcrError::Model(error.to_string()))?;
        Ok(Self { model })
    }

    /// Runs it on `inputs`, by name, for its only output.
    pub(super) fn run_on(&self, inputs: &[(&str, Output)]) -> Result<Output, OcrError> {
        let mut values: Vec<(NodeId, ValueOrView<'_>)> = Vec::new();
        for (name, Output { data, shape }) in inputs {
            let node = self.model.find_node(name);
            let node = node.ok_or_else(|| OcrError::Run(format!("there is no input `{name}`")))?;
            let view = TensorView::<f32>::try_from_data(shape.as_slice(), data.as_slice());
            values.push((node, view.map_err(|error| failed(&error))?.into()));
        }
        let output = self.model.output_ids().first().copied();
        let output = output.ok_or_else(|| OcrError::Run("it has no output".to_owned()))?;
        let [value] = self.model.run_n(values, [output], None).map_err(|error| failed(&error))?;
        told(value)
    }
}

/// What a value says, if it is of floats.
fn told(value: Value) -> Result<Output, OcrError> {
    let value: Tensor<f32> = value.try_into().map_err(|error| failed(&error))?;
    let shape = value.shape().to_vec();
    Ok(Output { data: value.into_data(), shape })
}

impl Network for RtenNetwork {
    fn run(&self, input: &[f32], shape: [usize; 4]) -> Result<Output, OcrError> {
        let input =
            TensorView::<f32>::try_from_data(shape.as_slice(), input).map_err(|error| failed(&error))?;
        told(self.model.run_one(input.into(), None).map_err(|error| failed(&error))?)
    }
}
