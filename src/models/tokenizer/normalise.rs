//! Text to the characters that a vocabulary is made of.

use super::file::{NormalizerForm, PatternForm};
use tokenizers::normalizers::{BertNormalizer, Precompiled, Strip};
use tokenizers::{NormalizedString, Normalizer};

/// The steps of a file, in their order.
#[derive(Clone, Debug)]
pub(super) struct Normaliser(Vec<Step>);

#[derive(Clone, Debug)]
enum Step {
    Characters(Box<Precompiled>),
    Strip(Strip),
    Bert(BertNormalizer),
    /// Runs of this many spaces or more become this text.
    Spaces(usize, String),
}

impl Normaliser {
    /// The steps that a file states; none for a file without.
    pub(super) fn new(form: Option<NormalizerForm>) -> Result<Self, String> {
        let mut steps = Vec::new();
        if let Some(form) = form {
            add(form, &mut steps)?;
        }
        Ok(Self(steps))
    }

    pub(super) fn normalise(&self, text: &str) -> Result<NormalizedString, tokenizers::Error> {
        let mut text = NormalizedString::from(text);
        for step in &self.0 {
            match step {
                Step::Characters(map) => map.normalize(&mut text)?,
                Step::Strip(strip) => strip.normalize(&mut text)?,
                Step::Bert(bert) => bert.normalize(&mut text)?,
                Step::Spaces(least, content) => {
                    text = NormalizedString::from(replace_spaces(text.get(), *least, content));
                }
            }
        }
        Ok(text)
    }
}

fn add(form: NormalizerForm, steps: &mut Vec<Step>) -> Result<(), String> {
    match form {
        NormalizerForm::Sequence { normalizers } => {
            for form in normalizers {
                add(form, steps)?;
            }
        }
        NormalizerForm::Precompiled(map) => steps.push(Step::Characters(Box::new(map.into_map()?))),
        NormalizerForm::Strip { strip_left, strip_right } => {
            steps.push(Step::Strip(Strip::new(strip_left, strip_right)));
        }
        NormalizerForm::BertNormalizer { clean_text, handle_chinese_chars, strip_accents, lowercase } => {
            let bert = BertNormalizer::new(clean_text, handle_chinese_chars, strip_accents, lowercase);
            steps.push(Step::Bert(bert));
        }
        NormalizerForm::Replace { pattern: PatternForm::Regex(pattern), content } if pattern == " {2,}" => {
            steps.push(Step::Spaces(2, content));
        }
        NormalizerForm::Replace { pattern: PatternForm::String(pattern), content } if pattern == " " => {
            steps.push(Step::Spaces(1, content));
        }
        NormalizerForm::Replace { pattern: PatternForm::Regex(text) | PatternForm::String(text), .. } => {
            return Err(format!("it replaces {text:?}, which is not known here"));
        }
    }
    Ok(())
}

/// Each run of spaces (each space, if `least` is 1) becomes `content`.
fn replace_spaces(text: &str, least: usize, content: &str) -> String {
    if least == 1 {
        return text.replace(' ', content);
    }
    let mut replaced = String::with_capacity(text.len());
    let mut run = 0;
    let end_run = |run: &mut usize, replaced: &mut String| {
        match *run >= least {
            true => replaced.push_str(content),
            false => replaced.extend(std::iter::repeat_n(' ', *run)),
        }
        *run = 0;
    };
    for character in text.chars() {
        if character == ' ' {
            run += 1;
        } else {
            end_run(&mut run, &mut replaced);
            replaced.push(character);
        }
    }
    end_run(&mut run, &mut replaced);
    replaced
}
