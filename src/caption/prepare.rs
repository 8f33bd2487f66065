//! Pixels as BLIP was trained on them.

use super::Picture;
use super::resample::resize_bicubic;
use candle_core::{Device, Result, Tensor};

/// Mean of red, green and blue over CLIP's training pictures (`OPENAI_CLIP_MEAN` in Hugging Face
/// transformers).
const MEAN: [f32; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
/// Their standard deviation (`OPENAI_CLIP_STD`).
const DEVIATION: [f32; 3] = [0.268_629_54, 0.261_302_6, 0.275_777_1];

/// `picture`, squeezed into a square of `size` pixels whatever its shape, as `BlipImageProcessor` does it:
/// `[3, size, size]`, normalised.
///
/// # Errors
///
/// When candle refuses the tensor.
pub fn prepare(picture: &Picture, size: u32) -> Result<Tensor> {
    let resized = resize_bicubic(picture, size, size);
    let side = size as usize;
    let mut values = Vec::with_capacity(3 * side * side);
    for (channel, (mean, deviation)) in MEAN.into_iter().zip(DEVIATION).enumerate() {
        values.extend(
            resized
                .rgb
                .iter()
                .skip(channel)
                .step_by(3)
                .map(|&level| (f32::from(level) / 255.0 - mean) / deviation),
        );
    }
    Tensor::from_vec(values, (3, side, side), &Device::Cpu)
}
