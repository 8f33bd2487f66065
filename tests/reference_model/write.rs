//! Writes the tiny random models of `tests/models` as a hub would serve them, for tests that need files:
//!
//! ```text
//! cargo run --example reference_models -- OUT_DIR [TYPE]
//! ```
//!
//! makes `OUT_DIR/<model>/{model.safetensors,model.gguf,config.json,tokenizer.json}`; `TYPE` is that of
//! `recto quantize --to`'s matrices in the GGUF file, float32 if left out (or `q8_0`).

#[path = "mod.rs"]
mod reference_model;

use recto::models::gguf::ElementType;
use recto::models::quantize::quantize;
use recto::models::safetensors::SafetensorsReader;
use std::io::Cursor;
use std::path::PathBuf;

const MODELS: [(&str, &str); 3] =
    [("t5-flan-tiny", "t5"), ("t5-v1-tiny", "t5"), ("blip-tiny", "bert-base-uncased")];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let element = match arguments.next().as_deref() {
        None | Some("f32") => ElementType::F32,
        Some("q8_0") => ElementType::Q8_0,
        Some(other) => return Err(format!("{other}: f32 or q8_0").into()),
    };
    for (name, tokenizer) in MODELS {
        let folder = out.join(name);
        std::fs::create_dir_all(&folder)?;
        let checkpoint = reference_model::safetensors(name);
        std::fs::write(folder.join("model.safetensors"), &checkpoint)?;
        let mut shards = [SafetensorsReader::open(Cursor::new(checkpoint))?];
        let gguf = quantize(&mut shards, element, Vec::new(), &mut |_| {})?;
        std::fs::write(folder.join("model.gguf"), gguf)?;
        std::fs::copy(reference_model::folder(name).join("config.json"), folder.join("config.json"))?;
        let tokenizer = reference_model::folder("tokenizers").join(tokenizer).join("tokenizer.json");
        std::fs::copy(tokenizer, folder.join("tokenizer.json"))?;
    }
    Ok(())
}
