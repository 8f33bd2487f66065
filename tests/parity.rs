//! The models against Hugging Face transformers, through GGUF files made by this project.
//!
//! `RECTO_REFERENCE=FOLDER` adds models stored as checkpoints: each subfolder with `config.json`,
//! `model.safetensors`, `cases.json` and `expected.safetensors` in the form of `tests/models`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

mod reference_model;

use candle_core::Tensor;
use recto::models::blip::{self, Blip};
use recto::models::generation::{Decoder, Written, write};
use recto::models::gguf::{ElementType, GgufReader};
use recto::models::parity::{
    HIDDEN_STATE_TOLERANCE, Precision, ReferenceFiles, best_ids, check_blip as compare_blip,
    check_t5 as compare_t5, relative_error,
};
use recto::models::quantize::quantize;
use recto::models::safetensors::SafetensorsReader;
use recto::models::tokenizer::TextTokenizer;
use recto::models::{GenerationEnd, GenerationOptions, TextModel, load_text, t5::T5};
use serde::Deserialize;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

const T5_TOKENS: usize = 24;
const BLIP_TOKENS: usize = 20;
const BLIP_EOS: u32 = 102;
const T5_EOS: u32 = 1;
const BEST: usize = 16;

#[derive(Debug, Deserialize)]
struct Cases<C> {
    cases: Vec<C>,
}

#[derive(Debug, Deserialize)]
struct T5Case {
    input_ids: Vec<u32>,
    #[serde(alias = "decoder_input_ids")]
    decoder_ids: Vec<u32>,
    greedy_ids: Vec<u32>,
    beam4_ids: Vec<u32>,
    reined_ids: Option<Vec<u32>>,
    reined_beam3_ids: Option<Vec<u32>>,
}

#[derive(Debug, Deserialize)]
struct BlipCase {
    prompt_ids: Vec<u32>,
    decoder_ids: Vec<u32>,
    greedy_ids: Vec<u32>,
    beam4_ids: Option<Vec<u32>>,
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn to_gguf(checkpoint: Vec<u8>, element: ElementType) -> Vec<u8> {
    let mut shards = [SafetensorsReader::open(Cursor::new(checkpoint)).unwrap()];
    quantize(&mut shards, element, Vec::new(), &mut |_| {}).unwrap()
}

fn tokenizer_json(name: &str) -> Vec<u8> {
    read(&reference_model::folder("tokenizers").join(name).join("tokenizer.json"))
}

fn load_t5(folder: &Path, gguf: Vec<u8>) -> recto::models::t5::T5TextModel {
    load_text(Cursor::new(gguf), &read(&folder.join("config.json")), &tokenizer_json("t5")).unwrap()
}

fn load_blip(folder: &Path, gguf: Vec<u8>) -> Blip {
    let config = blip::Config::from_json(&read(&folder.join("config.json"))).unwrap();
    Blip::load(Cursor::new(gguf), &config).unwrap()
}

fn go_on() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Checks the 16 best ids after each position.
fn check_logits(
    logits: &Tensor,
    expected: &mut SafetensorsReader<Cursor<Vec<u8>>>,
    index: usize,
    name: &str,
) {
    let ids = expected.read_i32(&format!("{index}.logits_top_ids")).unwrap();
    let values = expected.read_f32(&format!("{index}.logits_top")).unwrap().to_vec2::<f32>().unwrap();
    let rows = logits.to_vec2::<f32>().unwrap();
    assert_eq!(rows.len() * BEST, ids.len(), "{name} {index}: positions");
    for (position, row) in rows.iter().enumerate() {
        let wanted: Vec<u32> =
            ids[position * BEST..][..BEST].iter().map(|&id| u32::try_from(id).unwrap()).collect();
        assert_eq!(best_ids(row, BEST), wanted, "{name} {index}: best ids after position {position}");
        for (id, value) in wanted.iter().zip(&values[position]) {
            let found = row[*id as usize];
            assert!((found - value).abs() <= 1e-3 * value.abs().max(1.0), "{name} {index}: {found} {value}");
        }
    }
}

fn check_states(states: &Tensor, expected: &Tensor, name: &str) {
    let error = relative_error(states, expected).unwrap();
    assert!(error < HIDDEN_STATE_TOLERANCE, "{name}: hidden states are off by {error}");
}

fn with_prompt(prompt: &[u32], written: &Written) -> Vec<u32> {
    prompt.iter().chain(&written.ids).copied().collect()
}

fn check_t5(name: &str, folder: &Path, checkpoint: Vec<u8>) {
    let text_model = load_t5(folder, to_gguf(checkpoint, ElementType::F32));
    let model: &T5 = text_model.model();
    let cases: Cases<T5Case> = serde_json::from_slice(&read(&folder.join("cases.json"))).unwrap();
    let mut expected =
        SafetensorsReader::open(Cursor::new(read(&folder.join("expected.safetensors")))).unwrap();
    for (index, case) in cases.cases.iter().enumerate() {
        let states = model.encode(&case.input_ids, &mut go_on).unwrap();
        let wanted = expected.read_f32(&format!("{index}.encoder")).unwrap();
        check_states(&states, &wanted, &format!("{name} {index}"));
        let logits = model.decoder(&states).unwrap().advance_all(&case.decoder_ids).unwrap();
        check_logits(&logits, &mut expected, index, name);
        let start = [model.config().start_token()];
        let generate = |options: &GenerationOptions| {
            let mut decoder = model.decoder(&states).unwrap();
            let written = write(&mut decoder, &start, T5_EOS, options, &mut |_| go_on()).unwrap();
            with_prompt(&start, &written)
        };
        let greedy = GenerationOptions { max_tokens: T5_TOKENS, ..Default::default() };
        assert_eq!(generate(&greedy), case.greedy_ids, "{name} {index}: greedy");
        let beam4 = GenerationOptions { beams: 4, ..greedy.clone() };
        assert_eq!(generate(&beam4), case.beam4_ids, "{name} {index}: four beams");
        let reined = GenerationOptions { no_repeat_ngram: 2, repetition_penalty: 1.5, ..greedy };
        if let Some(ids) = &case.reined_ids {
            assert_eq!(&generate(&reined), ids, "{name} {index}: reined");
        }
        if let Some(ids) = &case.reined_beam3_ids {
            let beam3 = GenerationOptions { beams: 3, length_penalty: 0.6, ..reined };
            assert_eq!(&generate(&beam3), ids, "{name} {index}: reined, three beams");
        }
    }
}

/// `stored_pixels`: the inputs are in `expected.safetensors`, not made from their names.
fn check_blip(name: &str, folder: &Path, checkpoint: Vec<u8>, stored_pixels: bool) {
    let model = load_blip(folder, to_gguf(checkpoint, ElementType::F32));
    let cases: Cases<BlipCase> = serde_json::from_slice(&read(&folder.join("cases.json"))).unwrap();
    let mut expected =
        SafetensorsReader::open(Cursor::new(read(&folder.join("expected.safetensors")))).unwrap();
    for (index, case) in cases.cases.iter().enumerate() {
        let pixels = match stored_pixels {
            true => expected.read_f32(&format!("{index}.pixel_values")).unwrap(),
            false => made_pixels(&model, index),
        };
        let states = model.encode(&pixels, &mut go_on).unwrap();
        let wanted = expected.read_f32(&format!("{index}.vision")).unwrap();
        check_states(&states, &wanted, &format!("{name} {index}"));
        let logits = model.decoder(&states).unwrap().advance_all(&case.decoder_ids).unwrap();
        check_logits(&logits, &mut expected, index, name);
        let generate = |options: &GenerationOptions| {
            let mut decoder = model.decoder(&states).unwrap();
            let written = write(&mut decoder, &case.prompt_ids, BLIP_EOS, options, &mut |_| go_on()).unwrap();
            with_prompt(&case.prompt_ids, &written)
        };
        let greedy = GenerationOptions { max_tokens: BLIP_TOKENS, ..Default::default() };
        assert_eq!(generate(&greedy), case.greedy_ids, "{name} {index}: greedy");
        if let Some(ids) = &case.beam4_ids {
            let beam4 = GenerationOptions { beams: 4, ..greedy };
            assert_eq!(&generate(&beam4), ids, "{name} {index}: four beams");
        }
    }
}

fn made_pixels(model: &Blip, index: usize) -> Tensor {
    let side = model.config().vision_config.image_size;
    let values = reference_model::make_tensor(&format!("pixels.{index}"), 3 * side * side, 0.0, 1.0);
    Tensor::from_vec(values, (3, side, side), &candle_core::Device::Cpu).unwrap()
}

#[test]
fn t5_version_1_1_is_that_of_the_reference() {
    let name = "t5-flan-tiny";
    check_t5(name, &reference_model::folder(name), reference_model::safetensors(name));
}

#[test]
fn t5_version_1_0_is_that_of_the_reference() {
    let name = "t5-v1-tiny";
    check_t5(name, &reference_model::folder(name), reference_model::safetensors(name));
}

#[test]
fn blip_is_that_of_the_reference() {
    let name = "blip-tiny";
    check_blip(name, &reference_model::folder(name), reference_model::safetensors(name), false);
}

#[test]
fn stored_references_are_met_too() {
    let Some(root) = std::env::var_os("RECTO_REFERENCE") else { return };
    let mut checked = 0;
    for entry in std::fs::read_dir(PathBuf::from(root)).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.join("model.safetensors").exists() {
            continue;
        }
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let checkpoint = read(&folder.join("model.safetensors"));
        match name.starts_with("blip") {
            true => check_blip(&name, &folder, checkpoint, true),
            false => check_t5(&name, &folder, checkpoint),
        }
        checked += 1;
    }
    assert!(checked > 0, "no model in RECTO_REFERENCE");
}

/// What the types that lose something lose here, as the relative error of the encoder's states. Weights are
/// random, so errors do not average out as they do in trained models.
#[test]
fn quantised_models_stay_near() {
    // Rows of 32 to 96 numbers are no whole blocks of 256, so q4k falls back to float32 everywhere.
    for (element, limit) in [(ElementType::F16, 3e-3), (ElementType::Q8_0, 1.5e-1), (ElementType::Q4K, 1e-6)]
    {
        for name in ["t5-flan-tiny", "t5-v1-tiny"] {
            let folder = reference_model::folder(name);
            let exact = load_t5(&folder, to_gguf(reference_model::safetensors(name), ElementType::F32));
            let lossy = load_t5(&folder, to_gguf(reference_model::safetensors(name), element));
            let ids = [100, 200, 300, 1];
            let wanted = exact.model().encode(&ids, &mut go_on).unwrap();
            let states = lossy.model().encode(&ids, &mut go_on).unwrap();
            let error = relative_error(&states, &wanted).unwrap();
            assert!(error < limit, "{name} as {element:?}: {error}");
            let logits = lossy.model().decoder(&states).unwrap().advance(&[0], 1).unwrap();
            assert_eq!(logits.dims(), [1, 32_128]);
        }
        let folder = reference_model::folder("blip-tiny");
        let exact = load_blip(&folder, to_gguf(reference_model::safetensors("blip-tiny"), ElementType::F32));
        let lossy = load_blip(&folder, to_gguf(reference_model::safetensors("blip-tiny"), element));
        let pixels = made_pixels(&exact, 0);
        let wanted = exact.encode(&pixels, &mut go_on).unwrap();
        let states = lossy.encode(&pixels, &mut go_on).unwrap();
        let error = relative_error(&states, &wanted).unwrap();
        assert!(error < limit, "BLIP as {element:?}: {error}");
    }
}

/// Answers that are written side by side are those that are written alone, whenever each ends.
#[test]
fn several_prompts_get_their_own_answers() {
    for name in ["t5-flan-tiny", "t5-v1-tiny"] {
        let folder = reference_model::folder(name);
        let mut model = load_t5(&folder, to_gguf(reference_model::safetensors(name), ElementType::Q8_0));
        let prompts: Vec<String> =
            ["ice", "a river of ice and stones goes to the sea", "", "two words", "summarize: all"]
                .map(str::to_owned)
                .into();
        for options in [
            GenerationOptions { max_tokens: 12, no_repeat_ngram: 2, ..Default::default() },
            GenerationOptions { max_tokens: 6, beams: 3, ..Default::default() },
        ] {
            let alone: Vec<_> = prompts
                .iter()
                .map(|prompt| model.generate(prompt, &options, &mut |_| go_on()).unwrap())
                .collect();
            let together = model.generate_several(&prompts, &options, &mut |_| go_on()).unwrap();
            assert_eq!(together, alone, "{name}");
        }
        let options = GenerationOptions { max_tokens: 12, ..Default::default() };
        let mut heard = 0;
        let stopped = model.generate_several(&prompts, &options, &mut |so_far| {
            heard += 1;
            if so_far.tokens >= 10 { ControlFlow::Break(()) } else { go_on() }
        });
        let stopped = stopped.unwrap();
        assert!(heard > 5 && stopped.iter().all(|one| one.tokens == 2 && one.end == GenerationEnd::Stopped));
    }
}

/// The tensors of a T5 whose rows are whole blocks of every type, with the reference's deviations (1.3 over the
/// root of the inputs): attention scores of 13 on average, so that a thousandth of error changes what is attended.
fn wide_t5() -> Vec<reference_model::Entry> {
    let (d, ff) = (256, 512);
    let mut entries = Vec::new();
    let mut add = |name: String, shape: &[usize], mean: f64, deviation: f64| {
        entries.push(reference_model::Entry { name, shape: shape.to_vec(), mean, deviation });
    };
    add("shared.weight".to_owned(), &[700, d], 0.0, 0.6);
    for stack in ["encoder", "decoder"] {
        let bias = format!("{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        add(bias, &[32, 4], 0.0, 0.65);
        for block in 0..2 {
            let kinds: &[&str] =
                if stack == "encoder" { &["SelfAttention"] } else { &["SelfAttention", "EncDecAttention"] };
            for (layer, kind) in kinds.iter().enumerate() {
                let layer = format!("{stack}.block.{block}.layer.{layer}");
                for (part, deviation) in [("q", 0.0812), ("k", 0.0812), ("v", 0.0812), ("o", 0.0812)] {
                    add(format!("{layer}.{kind}.{part}.weight"), &[d, d], 0.0, deviation);
                }
                add(format!("{layer}.layer_norm.weight"), &[d], 1.0, 0.2);
            }
            let layer = format!("{stack}.block.{block}.layer.{}", kinds.len());
            add(format!("{layer}.DenseReluDense.wi_0.weight"), &[ff, d], 0.0, 0.0812);
            add(format!("{layer}.DenseReluDense.wi_1.weight"), &[ff, d], 0.0, 0.0812);
            add(format!("{layer}.DenseReluDense.wo.weight"), &[d, ff], 0.0, 0.0574);
            add(format!("{layer}.layer_norm.weight"), &[d], 1.0, 0.2);
        }
        add(format!("{stack}.final_layer_norm.weight"), &[d], 1.0, 0.2);
    }
    add("lm_head.weight".to_owned(), &[700, d], 0.0, 0.0812);
    entries
}

/// The tensors of a BLIP whose rows are whole blocks of every type: the tiny one's, widened, with the deviations
/// that keep features of size one.
fn wide_blip() -> Vec<reference_model::Entry> {
    let list = std::fs::read(reference_model::folder("blip-tiny").join("tensors.json")).unwrap();
    let mut entries: Vec<reference_model::Entry> = serde_json::from_slice(&list).unwrap();
    for entry in &mut entries {
        let before = *entry.shape.last().unwrap();
        for size in &mut entry.shape {
            *size = match *size {
                48 | 64 => 256,
                96 | 128 => 512,
                192 => 768,
                30_524 => 700,
                same => same,
            };
        }
        // Positions of text are as many as the tiny model is wide.
        if entry.name.ends_with("position_embeddings.weight") {
            entry.shape = vec![64, 256];
        } else if entry.shape.len() == 2
            && entry.name.ends_with(".weight")
            && !entry.name.contains("embeddings")
        {
            entry.deviation *= (before as f64 / *entry.shape.last().unwrap() as f64).sqrt();
        }
    }
    entries
}

#[test]
fn quantised_weights_give_what_they_are_worth() {
    let t5 =
        br#"{ "vocab_size": 700, "d_model": 256, "d_kv": 64, "d_ff": 512, "num_layers": 2, "num_heads": 4,
        "feed_forward_proj": "gated-gelu", "tie_word_embeddings": false }"#;
    let ids = |count: u32| (0..count).map(|place| 3 + place * 97 % 690).collect::<Vec<_>>();
    let case =
        |count| serde_json::json!({ "input_ids": ids(count), "decoder_ids": ids(9), "greedy_ids": [] });
    let cases = serde_json::to_vec(&serde_json::json!({ "cases": [case(1), case(7), case(60)] })).unwrap();
    let checkpoint = reference_model::safetensors_of(&wide_t5());
    let files = ReferenceFiles { config: t5, checkpoint: &checkpoint, cases: &cases, expected: &[] };
    let blip = br#"{ "text_config": { "vocab_size": 700, "encoder_hidden_size": 256, "hidden_size": 256,
        "intermediate_size": 512, "max_position_embeddings": 64, "num_attention_heads": 4,
        "num_hidden_layers": 2 },
        "vision_config": { "hidden_size": 256, "image_size": 96, "intermediate_size": 512,
        "num_attention_heads": 4, "num_hidden_layers": 3 } }"#;
    let case = serde_json::json!({ "prompt_ids": [1], "decoder_ids": ids(9), "greedy_ids": [] });
    let cases = serde_json::to_vec(&serde_json::json!({ "cases": [case, case] })).unwrap();
    let checkpoint = reference_model::safetensors_of(&wide_blip());
    let pixels = |index: u32| reference_model::Entry {
        name: format!("{index}.pixel_values"),
        shape: vec![3, 96, 96],
        mean: 0.0,
        deviation: 1.0,
    };
    let expected = reference_model::safetensors_of(&[pixels(0), pixels(1)]);
    let blip = ReferenceFiles { config: blip, checkpoint: &checkpoint, cases: &cases, expected: &expected };
    for precision in [Precision::Q8_0, Precision::Q4K] {
        let mut checks = compare_t5(&files, precision).unwrap();
        checks.extend(compare_blip(&blip, precision).unwrap());
        assert_eq!(checks.len(), 5);
        for check in checks {
            // Activations are rounded, so nothing is exact.
            assert!(check.holds() && check.error != 0.0, "{check:?}");
        }
    }
}

#[test]
fn the_parity_command_tells_what_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("t5-flan-tiny");
    std::fs::create_dir(&model).unwrap();
    std::fs::write(model.join("model.safetensors"), reference_model::safetensors("t5-flan-tiny")).unwrap();
    for name in ["config.json", "cases.json", "expected.safetensors"] {
        std::fs::copy(reference_model::folder("t5-flan-tiny").join(name), model.join(name)).unwrap();
    }
    let run = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_recto"));
        let output = command.arg("parity").arg(folder.path()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, table) = run();
    assert_eq!(code, Some(0), "{table}");
    for row in
        ["| F32 | 0 | encoder states |", "| F32 | 0 | tokens of four beams |", "| Q8_0 | 0 |", "| Q4K | 0 |"]
    {
        assert!(table.contains(row), "{row} is missing in {table}");
    }
    let mut cases: serde_json::Value = serde_json::from_slice(&read(&model.join("cases.json"))).unwrap();
    cases["cases"][0]["greedy_ids"][3] = 7.into();
    std::fs::write(model.join("cases.json"), cases.to_string()).unwrap();
    let (code, table) = run();
    assert_eq!(code, Some(1));
    assert_eq!(table.matches("BROKEN").count(), 1, "{table}");
    std::fs::remove_dir_all(&model).unwrap();
    assert_eq!(run().0, Some(1), "nothing to compare");
}

#[test]
fn quantised_files_hold_what_the_rule_says() {
    let gguf = to_gguf(reference_model::safetensors("t5-v1-tiny"), ElementType::Q8_0);
    let reader = GgufReader::open(Cursor::new(gguf)).unwrap();
    let element = |name: &str| reader.info(name).unwrap().element;
    assert_eq!(element("shared.weight"), ElementType::Q8_0);
    assert_eq!(element("encoder.block.0.layer.1.DenseReluDense.wo.weight"), ElementType::Q8_0);
    // Rows of 48 numbers.
    assert_eq!(element("encoder.block.0.layer.0.SelfAttention.o.weight"), ElementType::F32);
    assert_eq!(element("encoder.final_layer_norm.weight"), ElementType::F32);
}

#[derive(Debug, Deserialize)]
struct TokenizerCase {
    text: String,
    t5_ids: Vec<u32>,
    bert_ids: Vec<u32>,
    t5_decoded: String,
}

#[test]
fn tokenizers_are_those_of_the_reference() {
    let cases = read(&reference_model::folder("tokenizers").join("cases.json"));
    let cases: Vec<TokenizerCase> = serde_json::from_slice(&cases).unwrap();
    let t5 = TextTokenizer::from_json(&tokenizer_json("t5")).unwrap();
    let bert = TextTokenizer::from_json(&tokenizer_json("bert-base-uncased")).unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        assert_eq!(t5.encode(&case.text).unwrap(), case.t5_ids, "T5: {:?}", case.text);
        assert_eq!(t5.decode(&case.t5_ids).unwrap(), case.t5_decoded, "T5: {:?}", case.text);
        assert_eq!(bert.encode(&case.text).unwrap(), case.bert_ids, "BERT: {:?}", case.text);
    }
    // BLIP's own ids are not in BERT's file.
    assert_eq!(bert.decode(&[30522, 1037, 4937, 1012, 102]).unwrap(), "a cat.");
}

#[test]
fn pictures_are_prepared_as_in_the_reference() {
    let folder = reference_model::folder("pictures");
    let mut expected =
        SafetensorsReader::open(Cursor::new(read(&folder.join("expected.safetensors")))).unwrap();
    for name in ["chelsea", "logo", "page"] {
        let picture = recto::caption::Picture::decode(&read(&folder.join(format!("{name}.png")))).unwrap();
        let values = recto::caption::prepare(&picture, 384).unwrap().to_vec3::<f32>().unwrap();
        let wanted = expected.read_f32(name).unwrap().to_vec3::<f32>().unwrap();
        let mut worst = 0f32;
        for (channel, rows) in wanted.iter().enumerate() {
            for (y, row) in rows.iter().enumerate() {
                for (x, value) in row.iter().enumerate() {
                    worst = worst.max((values[channel][8 * y][8 * x] - value).abs());
                }
            }
        }
        // The filter is Pillow's to the last bit; what is left is rounding of the normalisation.
        assert!(worst < 1e-5, "{name}: off by {worst}");
    }
}
