//! How fast models of the real sizes are on this machine, with random weights: speed does not depend on what
//! the numbers are.
//!
//! The weights are a GGUF file that is never stored: [`RandomGguf`] makes its bytes where they are read.

mod shapes;
mod weights;

pub use shapes::BenchmarkModel;
pub use weights::RandomGguf;

use super::LoadError;
use super::blip::Blip;
use super::generation::{Decoder, Interrupted};
use super::gguf::ElementType;
use super::t5::T5;
use super::weights::Weights;
use crate::registry::Measured;
use candle_core::{Device, Tensor};
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

/// Tokens of the text that T5 reads: its window.
const TEXT_TOKENS: u32 = 512;
/// Tokens written.
const WRITTEN_TOKENS: usize = 24;
/// Times that the input is read; the quickest counts.
const READINGS: usize = 3;

/// Loads `model` with matrices of type `element`, reads an input and writes tokens. `clock` gives
/// milliseconds.
///
/// # Errors
///
/// When the model cannot be made or a computation fails: never, unless memory is short.
pub fn run(
    model: BenchmarkModel,
    element: ElementType,
    clock: &dyn Fn() -> f64,
) -> Result<Measured, LoadError> {
    let mut file = RandomGguf::new(model.tensors(element)?)?;
    let began = clock();
    let file_bytes = io::copy(&mut file, &mut io::sink()).map_err(super::gguf::GgufError::from)?;
    let making = clock() - began;
    let (encode_operations, token_operations) = model.operations()?;
    let empty = Measured {
        model: model.name().to_owned(),
        threads: super::threads(),
        file_bytes,
        load: -making,
        encode: f64::INFINITY,
        prepare: 0.0,
        token: 0.0,
        encode_operations: encode_operations / 1e9,
        token_operations: token_operations / 1e9,
        memory: None,
    };
    match model {
        BenchmarkModel::T5Small | BenchmarkModel::T5Base => measure_t5(model, file, empty, clock),
        BenchmarkModel::BlipBase | BenchmarkModel::BlipLarge => measure_blip(model, file, empty, clock),
    }
}

fn measure_t5(
    model: BenchmarkModel,
    file: impl Read + Seek,
    mut measured: Measured,
    clock: &dyn Fn() -> f64,
) -> Result<Measured, LoadError> {
    let began = clock();
    let t5 = T5::load(&mut Weights::open(file)?, &model.t5_config()?)?;
    measured.load += clock() - began;
    let ids: Vec<u32> = (0..TEXT_TOKENS).map(|place| 3 + place * 61 % 32_000).collect();
    let states = best_of(&mut measured.encode, clock, || t5.encode(&ids, &mut || ControlFlow::Continue(())))?;
    let began = clock();
    let decoder = t5.decoder(&states)?;
    measured.prepare = clock() - began;
    measured.token = median_token(decoder, clock)?;
    Ok(measured)
}

fn measure_blip(
    model: BenchmarkModel,
    file: impl Read + Seek,
    mut measured: Measured,
    clock: &dyn Fn() -> f64,
) -> Result<Measured, LoadError> {
    let config = model.blip_config()?;
    let began = clock();
    let blip = Blip::load(file, &config)?;
    measured.load += clock() - began;
    let side = config.vision_config.image_size;
    let values: Vec<f32> =
        (0..3 * side * side).map(|place| (place * 31 % 257) as f32 / 128.0 - 1.0).collect();
    let pixels = Tensor::from_vec(values, (3, side, side), &Device::Cpu)?;
    let states =
        best_of(&mut measured.encode, clock, || blip.encode(&pixels, &mut || ControlFlow::Continue(())))?;
    let began = clock();
    let decoder = blip.decoder(&states)?;
    measured.prepare = clock() - began;
    measured.token = median_token(decoder, clock)?;
    Ok(measured)
}

/// What `read` gives, and in `best` the quickest of its times.
fn best_of(
    best: &mut f64,
    clock: &dyn Fn() -> f64,
    mut read: impl FnMut() -> Result<Tensor, Interrupted>,
) -> Result<Tensor, LoadError> {
    let mut states = Err(Interrupted::Stopped);
    for _ in 0..READINGS {
        let began = clock();
        states = read();
        *best = best.min(clock() - began);
    }
    states.map_err(|error| match error {
        Interrupted::Failed(error) => error.into(),
        Interrupted::Stopped => candle_core::Error::Msg("stopped".to_owned()).into(),
    })
}

fn median_token(mut decoder: impl Decoder, clock: &dyn Fn() -> f64) -> Result<f64, LoadError> {
    let mut times = Vec::with_capacity(WRITTEN_TOKENS);
    for place in 0..WRITTEN_TOKENS as u32 {
        let began = clock();
        decoder.advance(&[10 + place], 1)?;
        times.push(clock() - began);
    }
    times.sort_by(f64::total_cmp);
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::gguf::GgufReader;

    #[test]
    fn random_files_are_files_of_the_models() {
        for model in BenchmarkModel::ALL {
            let specs = model.tensors(ElementType::Q4K).unwrap();
            let count = specs.len();
            let reader = GgufReader::open(RandomGguf::new(specs).unwrap()).unwrap();
            assert_eq!(reader.header().tensors.len(), count, "{}", model.name());
        }
    }

    #[test]
    fn sizes_are_those_of_the_public_files() {
        let megabytes = |model: BenchmarkModel| {
            let specs = model.tensors(ElementType::Q4K).unwrap();
            RandomGguf::new(specs).unwrap().len() / 1_000_000
        };
        // lmz/candle-blip's large q4k file has 271 MB, metadata included.
        assert_eq!(megabytes(BenchmarkModel::BlipLarge), 270);
        assert_eq!(megabytes(BenchmarkModel::T5Base), 139);
    }

    #[test]
    fn a_small_model_is_measured() {
        let ticks = std::cell::Cell::new(0.0);
        let clock = || {
            ticks.set(ticks.get() + 1.0);
            ticks.get()
        };
        let measured = run(BenchmarkModel::T5Small, ElementType::Q8_0, &clock).unwrap();
        assert_eq!((measured.encode, measured.token), (1.0, 1.0));
        assert!(measured.encode_operations > 20.0, "{measured:?}");
    }
}
