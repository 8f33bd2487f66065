//! `recto convert` from PDF files to written files, with the tiny models through `recto quantize`.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

mod reference_model;

use recto::document::{Document, Method};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/fixtures").join(name)
}

fn recto(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recto")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn document(path: &Path) -> Document {
    recto::export::document_from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// `name` as `--models` wants it, its weights made by `recto quantize`.
fn store_model(models: &Path, name: &str, tokenizer: &str) {
    let folder = models.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let checkpoint = models.join(format!("{name}.safetensors"));
    std::fs::write(&checkpoint, reference_model::safetensors(name)).unwrap();
    let weights = folder.join("model.gguf");
    let output = recto(&["quantize", text(&checkpoint), text(&weights), "--to", "q8_0", "--quiet"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::copy(reference_model::folder(name).join("config.json"), folder.join("config.json")).unwrap();
    let tokenizer = reference_model::folder("tokenizers").join(tokenizer).join("tokenizer.json");
    std::fs::copy(tokenizer, folder.join("tokenizer.json")).unwrap();
}

#[test]
fn a_page_is_described_and_summarised_by_the_tiny_models() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    store_model(&models, "blip-tiny", "bert-base-uncased");
    store_model(&models, "t5-flan-tiny", "t5");
    let (out, input) = (folder.path().join("out"), fixture("table-and-figure.pdf"));
    let mut arguments = vec!["convert", text(&input), "-o", text(&out), "--models", text(&models), "--json"];
    arguments.extend(["--caption-model", "blip-tiny", "--text-model", "t5-flan-tiny"]);
    let output = recto(&arguments);
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 3)), "{errors}");

    let report: serde_json::Value = serde_json::from_str(&told).unwrap();
    let stages: Vec<&str> =
        report["stages"].as_array().unwrap().iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["extraction", "vision", "text"]);
    assert_eq!(report["stages"][1]["models"][0], "blip-tiny");

    let made = document(&out.join("document.json"));
    let figure = made.figures.first().unwrap();
    assert!(out.join(&figure.file).is_file(), "{}", figure.file);
    let description = figure.description.as_ref().unwrap();
    assert_eq!(description.model.as_deref(), Some("blip-tiny"));
    assert!(!description.text.is_empty());
    let synopsis = made.synopsis.unwrap();
    // Random weights write nonsense, which may be a loop: then the document's own sentences stand there.
    let method = synopsis.summary.unwrap().method;
    let by = [Method::Model("t5-flan-tiny".to_owned()), Method::Extractive("TextRank".to_owned())];
    assert!(by.contains(&method), "{method:?}");
    assert!(!synopsis.keywords.is_empty());
    let markdown = std::fs::read_to_string(out.join("table-and-figure.md")).unwrap();
    assert!(markdown.contains(&figure.file), "{markdown}");
}

#[test]
fn without_models_the_same_file_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let input = fixture("paper.pdf");
    let written = ["one", "two"].map(|name| {
        let out = folder.path().join(name);
        let output = recto(&["convert", text(&input), "-o", text(&out), "--quiet"]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty());
        std::fs::read(out.join("document.json")).unwrap()
    });
    assert_eq!(written[0], written[1]);
    let made = document(&folder.path().join("one/document.json"));
    assert_eq!(made.pages.len(), made.metadata.page_count as usize);
    let summary = made.synopsis.unwrap().summary.unwrap();
    assert_eq!(summary.method, Method::Extractive("TextRank".to_owned()));
}

#[test]
fn a_bad_file_does_not_keep_the_others_and_shows_in_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let (bad, missing) = (folder.path().join("bad.pdf"), folder.path().join("missing.pdf"));
    std::fs::write(&bad, b"not a PDF").unwrap();
    let (good, locked, out) = (fixture("figures.pdf"), fixture("password.pdf"), folder.path().join("out"));
    let inputs = [text(&bad), text(&missing), text(&locked), text(&good)];
    let output = recto(&[&["convert"][..], &inputs, &["-o", text(&out), "--no-summary"]].concat());
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr);
    for name in ["bad.pdf", "missing.pdf", "password.pdf"] {
        assert!(errors.lines().any(|line| line.contains(name)), "{errors}");
    }
    assert!(errors.contains("needs a password"), "{errors}");
    assert!(out.join("figures/figures.md").is_file() && out.join("figures/document.json").is_file());
    assert!(document(&out.join("figures/document.json")).synopsis.is_none());
}

#[test]
fn wrong_arguments_are_told_apart_from_failures() {
    assert_eq!(recto(&["convert"]).status.code(), Some(2));
    assert_eq!(recto(&["convert", "x.pdf", "-o", "y", "--text-model", "z"]).status.code(), Some(2));
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (fixture("figures.pdf"), folder.path().join("out"));
    let arguments = ["convert", text(&input), "-o", text(&out), "--models", text(folder.path())];
    let output = recto(&[&arguments[..], &["--text-model", "no-such-model"]].concat());
    assert_eq!(output.status.code(), Some(1), "a model asked for by name must be there");
}

#[test]
fn other_forms_are_written_when_asked_for_and_only_they() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (fixture("paper.pdf"), folder.path().join("out"));
    let options = ["--format", "html,text,chunks", "--chunk-tokens", "120", "--no-summary", "--quiet"];
    let output = recto(&[&["convert", text(&input), "-o", text(&out)][..], &options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<String> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name != "images")
        .collect();
    names.sort();
    assert_eq!(names, ["paper.chunks.jsonl", "paper.html", "paper.txt"]);
    let html = std::fs::read_to_string(out.join("paper.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("Content-Security-Policy"), "{html}");
    let chunks = std::fs::read_to_string(out.join("paper.chunks.jsonl")).unwrap();
    let chunks: Vec<recto::export::Chunk> =
        chunks.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(chunks.len() > 5);
    for (index, chunk) in chunks.iter().enumerate() {
        assert_eq!(chunk.index as usize, index);
        assert!((1..=120).contains(&chunk.tokens) && !chunk.blocks.is_empty() && !chunk.pages.is_empty());
    }
    let both = ["convert", text(&input), "-o", text(&out), "--markdown-only", "--format", "text"];
    assert_eq!(recto(&both).status.code(), Some(2));
}

#[test]
fn a_page_of_the_layout_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let (input, out) = (fixture("tables.pdf"), folder.path().join("page.png"));
    let output = recto(&["debug-layout", text(&input), "--page", "1", "-o", text(&out), "--width", "300"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(std::fs::read(&out).unwrap().starts_with(b"\x89PNG"));
    let output = recto(&["debug-layout", text(&input), "--page", "99", "-o", text(&out)]);
    assert_eq!(output.status.code(), Some(1));
}
