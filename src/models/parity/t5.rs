//! T5 against its reference.

use super::check::{
    Check, Expected, ParityError, Precision, ReferenceFiles, check_cosine, check_logits, check_tokens,
    dequantised, to_gguf,
};
use super::{HIDDEN_STATE_TOLERANCE, relative_error};
use crate::models::GenerationOptions;
use crate::models::generation::{Decoder, write};
use crate::models::t5::{Config, T5};
use crate::models::weights::Weights;
use serde::Deserialize;
use std::io::Cursor;
use std::ops::ControlFlow;

/// Tokens that the references write.
const TOKENS: usize = 24;

#[derive(Debug, Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
struct Case {
    input_ids: Vec<u32>,
    #[serde(alias = "decoder_input_ids")]
    decoder_ids: Vec<u32>,
    greedy_ids: Vec<u32>,
    beam4_ids: Option<Vec<u32>>,
}

fn load(config: &Config, gguf: Vec<u8>) -> Result<T5, ParityError> {
    Ok(T5::load(&mut Weights::open(Cursor::new(gguf))?, config)?)
}

fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Compares every case of a T5 in one precision.
///
/// # Errors
///
/// When a file is not as it should be.
pub fn check_t5(files: &ReferenceFiles<'_>, precision: Precision) -> Result<Vec<Check>, ParityError> {
    let config = Config::from_json(files.config)?;
    let cases: Cases = serde_json::from_slice(files.cases)?;
    let gguf = to_gguf(files.checkpoint, precision)?;
    if precision != Precision::F32 {
        let exact = load(&config, dequantised(&gguf)?)?;
        let lossy = load(&config, gguf)?;
        let mut checks = Vec::new();
        for (index, case) in cases.cases.iter().enumerate() {
            let logits = |model: &T5| -> Result<_, ParityError> {
                let states = model.encode(&case.input_ids, &mut go_on)?;
                Ok(model.decoder(&states)?.advance_all(&case.decoder_ids)?)
            };
            checks.push(check_cosine(precision, index, &logits(&lossy)?, &logits(&exact)?)?);
        }
        return Ok(checks);
    }
    let model = load(&config, gguf)?;
    let mut expected = Expected::open(Cursor::new(files.expected))?;
    let mut checks = Vec::new();
    for (index, case) in cases.cases.iter().enumerate() {
        let states = model.encode(&case.input_ids, &mut go_on)?;
        let error = relative_error(&states, &expected.read_f32(&format!("{index}.encoder"))?)?;
        let bound = HIDDEN_STATE_TOLERANCE;
        checks.push(Check { precision, case: index, what: "encoder states", error, bound });
        let logits = model.decoder(&states)?.advance_all(&case.decoder_ids)?;
        checks.extend(check_logits(&logits, &mut expected, index)?);
        let generate = |beams: usize| -> Result<Vec<u32>, ParityError> {
            let options = GenerationOptions { max_tokens: TOKENS, beams, ..Default::default() };
            let start = [config.start_token()];
            let mut decoder = model.decoder(&states)?;
            let written = write(&mut decoder, &start, config.eos_token_id, &options, &mut |_| go_on())?;
            Ok(start.into_iter().chain(written.ids).collect())
        };
        checks.push(check_tokens("greedy tokens", index, &generate(1)?, &case.greedy_ids));
        if let Some(ids) = &case.beam4_ids {
            checks.push(check_tokens("tokens of four beams", index, &generate(4)?, ids));
        }
    }
    Ok(checks)
}
