//! `recto self-check` with the OCR models of `public/models/ocr`, without caption and text models, and without any.

#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::path::Path;
use std::process::{Command, Output};

fn self_check(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_recto")).arg("self-check").args(arguments).output().unwrap()
}

/// The lines of standard output, each parted into outcome, name and the rest.
fn checks(output: &Output) -> Vec<(String, String, String)> {
    let told = String::from_utf8(output.stdout.clone()).unwrap();
    let parted = told.lines().filter_map(|line| {
        let (outcome, rest) = line.split_once(": ")?;
        let (name, detail) = rest.split_once(" (")?;
        Some((outcome.to_owned(), name.to_owned(), detail.to_owned()))
    });
    parted.collect()
}

#[test]
fn every_stage_works_natively() {
    let folder = tempfile::tempdir().unwrap();
    let (pdf, models) = (
        folder.path().join("self-check.pdf"),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("public/models/ocr"),
    );
    let output = self_check(&["--ocr-models", models.to_str().unwrap(), "--pdf", pdf.to_str().unwrap()]);
    let found = checks(&output);
    assert_eq!(output.status.code(), Some(0), "{found:#?} {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(found.len(), 13, "{found:#?}");
    for (outcome, name, detail) in &found {
        let expected = if name == "Descriptions" { "skipped" } else { "passed" };
        assert_eq!(outcome, expected, "{name}: {detail}");
    }
    let last = String::from_utf8_lossy(&output.stdout).lines().last().unwrap().to_owned();
    assert_eq!(last, "12 of 13 checks passed and none failed. Skipped: Descriptions.");
    assert_eq!(std::fs::read(pdf).unwrap(), recto::selfcheck::pdf());
}

#[test]
fn a_stage_that_cannot_work_fails_the_command() {
    let empty = tempfile::tempdir().unwrap();
    let output = self_check(&["--ocr-models", empty.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let found = checks(&output);
    let failed: Vec<_> = found.iter().filter(|(outcome, ..)| outcome == "failed").collect();
    assert_eq!(failed.len(), 1, "{found:#?}");
    assert!(failed[0].1 == "Scanned page" && failed[0].2.contains("ppocrv6_det.onnx"), "{found:#?}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("1 of 13 checks failed: Scanned page."), "{errors}");
}
