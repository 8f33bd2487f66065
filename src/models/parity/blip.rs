//! BLIP against its reference.

use super::check::{
    Check, Expected, ParityError, Precision, ReferenceFiles, check_cosine, check_logits, check_tokens,
    dequantised, to_gguf,
};
use super::{HIDDEN_STATE_TOLERANCE, relative_error};
use crate::models::GenerationOptions;
use crate::models::blip::{Blip, Config};
use crate::models::generation::{Decoder, write};
use candle_core::Tensor;
use serde::Deserialize;
use std::io::Cursor;
use std::ops::ControlFlow;

/// Tokens that the references write.
const TOKENS: usize = 20;

#[derive(Debug, Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    prompt_ids: Vec<u32>,
    decoder_ids: Vec<u32>,
    greedy_ids: Vec<u32>,
    beam4_ids: Option<Vec<u32>>,
}

fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Compares every case of a BLIP in one precision.
///
/// # Errors
///
/// When a file is not as it should be.
pub fn check_blip(files: &ReferenceFiles<'_>, precision: Precision) -> Result<Vec<Check>, ParityError> {
    let config = Config::from_json(files.config)?;
    let cases: Cases = serde_json::from_slice(files.cases)?;
    let gguf = to_gguf(files.checkpoint, precision)?;
    let mut expected = Expected::open(Cursor::new(files.expected))?;
    let mut pixels = |index: usize| expected.read_f32(&format!("{index}.pixel_values"));
    if precision != Precision::F32 {
        let exact = Blip::load(Cursor::new(dequantised(&gguf)?), &config)?;
        let lossy = Blip::load(Cursor::new(gguf), &config)?;
        let mut checks = Vec::new();
        for (index, case) in cases.cases.iter().enumerate() {
            let pixels = pixels(index)?;
            let logits = |model: &Blip| -> Result<Tensor, ParityError> {
                let states = model.encode(&pixels, &mut go_on)?;
                Ok(model.decoder(&states)?.advance_all(&case.decoder_ids)?)
            };
            checks.push(check_cosine(precision, index, &logits(&lossy)?, &logits(&exact)?)?);
        }
        return Ok(checks);
    }
    let model = Blip::load(Cursor::new(gguf), &config)?;
    let mut checks = Vec::new();
    for (index, case) in cases.cases.iter().enumerate() {
        let states = model.encode(&expected.read_f32(&format!("{index}.pixel_values"))?, &mut go_on)?;
        let error = relative_error(&states, &expected.read_f32(&format!("{index}.vision"))?)?;
        let bound = HIDDEN_STATE_TOLERANCE;
        checks.push(Check { precision, case: index, what: "vision states", error, bound });
        let logits = model.decoder(&states)?.advance_all(&case.decoder_ids)?;
        checks.extend(check_logits(&logits, &mut expected, index)?);
        let generate = |beams: usize| -> Result<Vec<u32>, ParityError> {
            let options = GenerationOptions { max_tokens: TOKENS, beams, ..Default::default() };
            let mut decoder = model.decoder(&states)?;
            let eos = config.text_config.sep_token_id;
            let written = write(&mut decoder, &case.prompt_ids, eos, &options, &mut |_| go_on())?;
            Ok(case.prompt_ids.iter().copied().chain(written.ids).collect())
        };
        checks.push(check_tokens("greedy tokens", index, &generate(1)?, &case.greedy_ids));
        if let Some(ids) = &case.beam4_ids {
            checks.push(check_tokens("tokens of four beams", index, &generate(4)?, ids));
        }
    }
    Ok(checks)
}
