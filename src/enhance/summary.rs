//! A document's text to its synopsis: without a model at once, with one section by section (map) and then
//! for the whole (reduce).

use super::chunk::chunks;
use super::extractive;
use super::keywords;
use super::plausible;
use super::prompts::{Prompts, fill, prompts};
use super::sections::{Section, sections};
use super::sentences::sentences;
use super::words::count_words;
use crate::document::{Document, Generated, Method, SectionSummary, Synopsis};
use crate::models::{Generation, GenerationEnd, GenerationOptions, TextModel};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Tokens of a summary at most: about 70 words.
const SUMMARY_TOKENS: usize = 96;
/// Tokens of a title at most.
const TITLE_TOKENS: usize = 24;
/// Words a summary must have.
const SUMMARY_MIN_WORDS: usize = 4;
/// Chunks that a model reads of one document, about: each takes seconds. Of a longer document it is given
/// the most telling sentences of each section.
const MAX_CHUNKS: usize = 40;
/// Words per token, about, for English in T5's vocabulary.
const WORDS_PER_TOKEN: f64 = 0.7;
/// Rounds of reducing at most: each makes the text at least four times shorter, so that three suffice for
/// [`MAX_CHUNKS`] chunks.
const MAX_ROUNDS: usize = 4;

/// What is told while a synopsis is made. The answer `Break` ends the work.
#[derive(Debug)]
pub enum Told<'a> {
    /// A piece of work begins.
    Working {
        /// `section` or `document`.
        activity: &'static str,
        /// Pieces finished.
        done: u32,
        /// Pieces in all, about.
        total: u32,
        /// Pieces that the model has before it together.
        at_once: u32,
    },
    /// The model writes.
    Writing {
        /// So far.
        text: &'a str,
        /// Tokens so far.
        tokens: usize,
    },
    /// There is more of it, or better.
    Made(&'a Synopsis),
}

/// Hears what is told.
pub type Listener<'a> = dyn FnMut(Told<'_>) -> ControlFlow<()> + 'a;

/// A synopsis and how it came to be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// As far as it got; none if the document has no running text.
    pub synopsis: Option<Synopsis>,
    /// Tokens generated.
    pub tokens: usize,
    /// Characters of running text that it was made of.
    pub characters: u64,
    /// Texts the model was asked for.
    pub asked: usize,
    /// Texts that had to be picked by rule although there is a model, with the reason for the first.
    pub fallbacks: usize,
    /// Why the first of them had to.
    pub reason: Option<String>,
    /// It was ended before it was whole.
    pub stopped: bool,
}

/// Makes the synopsis of `document`. First everything is made by rule and told, then, with a model (its id
/// in the registry, and the model), replaced text by text.
pub fn make_synopsis(
    document: &Document,
    model: Option<(&str, &mut dyn TextModel)>,
    listen: &mut Listener<'_>,
) -> Made {
    let sections = sections(document);
    let mut made = Made { characters: characters(&sections), ..Made::default() };
    if sections.is_empty() {
        return made;
    }
    let synopsis = by_rule(document, &sections);
    made.stopped = listen(Told::Made(&synopsis)).is_break();
    made.synopsis = Some(synopsis);
    if let Some((id, model)) = model.filter(|_| !made.stopped) {
        Writer { id, model, prompts: prompts(id), made: &mut made, listen, done: 0, total: 0 }
            .write(document, &sections);
    }
    made
}

fn characters(sections: &[Section]) -> u64 {
    let sentences = sections.iter().flat_map(|section| &section.sentences);
    sentences.map(|sentence| sentence.text.chars().count() as u64).sum()
}

/// The synopsis that needs no model.
fn by_rule(document: &Document, sections: &[Section]) -> Synopsis {
    let sentences = sections.iter().flat_map(|section| &section.sentences);
    let keywords = keywords::keywords(sentences.map(|sentence| sentence.text.as_str()));
    let keywords_method = (!keywords.is_empty()).then(|| Method::Extractive(keywords::NAME.to_owned()));
    let title = if extractive::has_title(document) { None } else { extractive::title(sections) };
    // The only section is the whole.
    let own = sections.iter().filter(|_| sections.len() > 1);
    let summaries = own.filter_map(|section| {
        let summary = extractive::section_summary(section)?;
        let (heading, first_page, last_page) =
            (section.heading.clone(), section.first_page, section.last_page);
        Some(SectionSummary { heading, first_page, last_page, summary })
    });
    let sections_made = summaries.collect();
    let summary = extractive::whole_summary(sections);
    Synopsis { title, summary, keywords, keywords_method, sections: sections_made }
}

/// Why there is no text by the model.
enum NoText {
    /// The person stopped it.
    Stopped,
    /// It cannot be used, or the model failed.
    Unusable(String),
}

/// The chunks of all sections in order: those to read, and those that have been read with what came of it.
struct Readings {
    left: VecDeque<String>,
    read: VecDeque<(String, Result<String, NoText>)>,
}

struct Writer<'a> {
    id: &'a str,
    model: &'a mut dyn TextModel,
    prompts: &'static Prompts,
    made: &'a mut Made,
    listen: &'a mut Listener<'a>,
    done: u32,
    total: u32,
}

impl Writer<'_> {
    fn write(mut self, document: &Document, sections: &[Section]) {
        let plans = self.plan(sections);
        let rounds: usize = plans.iter().map(|chunks| chunks.len() + usize::from(chunks.len() > 1)).sum();
        self.total = u32::try_from(rounds).unwrap_or(u32::MAX).saturating_add(1);

        let counts: Vec<usize> = plans.iter().map(Vec::len).collect();
        let mut readings = Readings { left: plans.into_iter().flatten().collect(), read: VecDeque::new() };
        let mut texts: Vec<String> = Vec::new();
        for (section, count) in sections.iter().zip(counts) {
            match self.section(count, &mut readings) {
                Ok(text) => {
                    texts.push(text.clone());
                    self.put_section(section, sections.len(), text);
                    if self.tell().is_break() {
                        return;
                    }
                }
                Err(NoText::Stopped) => return self.made.stopped = true,
                Err(NoText::Unusable(reason)) => {
                    self.fall_back(reason);
                    texts.extend(extractive::section_summary(section).map(|summary| summary.text));
                }
            }
        }

        let whole = match texts.as_slice() {
            // The one section's summary by the model is that of the whole.
            [only] if sections.len() == 1 && self.made.fallbacks == 0 => Ok(only.clone()),
            [] => Err(NoText::Unusable("the model wrote nothing of use".to_owned())),
            _ => self.reduce(texts, "document"),
        };
        match whole {
            Ok(text) => {
                let summary = Some(self.by_model(text));
                self.change(|synopsis| synopsis.summary = summary);
                if self.tell().is_break() {
                    return;
                }
            }
            Err(NoText::Stopped) => return self.made.stopped = true,
            Err(NoText::Unusable(reason)) => self.fall_back(reason),
        }
        if !extractive::has_title(document) {
            self.title();
        }
    }

    /// The chunks to read of each section.
    fn plan(&self, sections: &[Section]) -> Vec<Vec<String>> {
        let budget = self.budget();
        let words =
            |section: &Section| section.sentences.iter().map(|sentence| count_words(&sentence.text)).sum();
        let all: usize = sections.iter().map(words).sum();
        let count = |text: &str| self.model.count_tokens(text);
        let plan = |section: &Section| {
            let own: usize = words(section);
            let share = (MAX_CHUNKS * own / all.max(1)).max(1);
            let room = (share as f64 * budget as f64 * WORDS_PER_TOKEN) as usize;
            if all > (MAX_CHUNKS as f64 * budget as f64 * WORDS_PER_TOKEN) as usize && own > room {
                chunks(extractive::condensed(section, room).into_iter(), budget, &count)
            } else {
                chunks(section.sentences.iter().map(|sentence| sentence.text.as_str()), budget, &count)
            }
        };
        sections.iter().map(plan).collect()
    }

    /// Tokens of text that fit into the window beside the instruction and the end marker.
    fn budget(&self) -> usize {
        let instruction = self.model.count_tokens(&fill(self.prompts.summary, "", ""));
        self.model.max_prompt_tokens().saturating_sub(instruction + 1).max(16)
    }

    /// Summarises the section whose `count` chunks are the next to read.
    fn section(&mut self, count: usize, readings: &mut Readings) -> Result<String, NoText> {
        let several = count > 1;
        let mut parts = Vec::new();
        let mut failed = None;
        for _ in 0..count {
            let (chunk, result) = self.read(readings)?;
            match result {
                Ok(text) => parts.push(text),
                Err(NoText::Unusable(reason)) if several => {
                    // One chunk of several: its own best sentences stand in for it.
                    self.fall_back(reason);
                    parts.extend(extractive::short_summary(&sentences(&chunk)).map(|summary| summary.text));
                }
                Err(reason) => failed = Some(reason),
            }
        }
        match failed {
            Some(reason) => Err(reason),
            None if several => self.reduce(parts, "section"),
            None => parts.pop().ok_or_else(nothing),
        }
    }

    /// The next chunk and its summary. As many are made at once as the model likes, of sections to come too.
    fn read(&mut self, readings: &mut Readings) -> Result<(String, Result<String, NoText>), NoText> {
        if readings.read.is_empty() {
            let at_once = self.model.prompts_at_once().clamp(1, readings.left.len().max(1));
            let chunks: Vec<String> = readings.left.drain(..at_once.min(readings.left.len())).collect();
            let summaries = self.summarise(&chunks, "section")?;
            readings.read.extend(chunks.into_iter().zip(summaries));
        }
        readings.read.pop_front().ok_or_else(nothing)
    }

    /// Summaries to one summary.
    fn reduce(&mut self, mut texts: Vec<String>, activity: &'static str) -> Result<String, NoText> {
        let budget = self.budget();
        for _ in 0..MAX_ROUNDS {
            let joined = chunks(texts.iter().flat_map(|text| sentences(text)), budget, &|text| {
                self.model.count_tokens(text)
            });
            if let [last] = joined.as_slice() {
                return self.summarise_one(last, activity);
            }
            self.total = self.total.saturating_add(u32::try_from(joined.len()).unwrap_or(u32::MAX));
            let mut shorter = Vec::new();
            for chunk in &joined {
                match self.summarise_one(chunk, activity) {
                    Ok(text) => shorter.push(text),
                    Err(NoText::Stopped) => return Err(NoText::Stopped),
                    Err(NoText::Unusable(reason)) => self.fall_back(reason),
                }
            }
            texts = shorter;
        }
        Err(nothing())
    }

    fn summarise_one(&mut self, text: &str, activity: &'static str) -> Result<String, NoText> {
        only(self.summarise(&[text.to_owned()], activity)?)
    }

    /// The summary of each of `texts`.
    fn summarise(
        &mut self,
        texts: &[String],
        activity: &'static str,
    ) -> Result<Vec<Result<String, NoText>>, NoText> {
        self.begin(activity, texts.len())?;
        let options = GenerationOptions {
            max_tokens: SUMMARY_TOKENS,
            // Small models loop when decoded greedily; three words in a row seldom return in a summary.
            no_repeat_ngram: 3,
            ..GenerationOptions::default()
        };
        let prompts: Vec<String> = texts.iter().map(|text| fill(self.prompts.summary, text, "")).collect();
        let summaries = self.generate(&prompts, &options, SUMMARY_MIN_WORDS)?;
        Ok(summaries.into_iter().map(|text| Ok(ended(&text?))).collect())
    }

    /// Tells that the model is given `count` texts together.
    fn begin(&mut self, activity: &'static str, count: usize) -> Result<(), NoText> {
        let (done, total) = (self.done, self.total.max(self.done + 1));
        let at_once = u32::try_from(count).unwrap_or(u32::MAX);
        match (self.listen)(Told::Working { activity, done, total, at_once }) {
            ControlFlow::Break(()) => Err(NoText::Stopped),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    fn title(&mut self) {
        let Some(template) = self.prompts.title else { return };
        let Some(summary) = self.made.synopsis.as_ref().and_then(|synopsis| synopsis.summary.clone()) else {
            return;
        };
        let options = GenerationOptions {
            max_tokens: TITLE_TOKENS,
            no_repeat_ngram: 2,
            ..GenerationOptions::default()
        };
        let prompt = fill(template, &summary.text, "");
        let made = self.begin("title", 1).and_then(|()| self.generate(&[prompt], &options, 2));
        match made.and_then(only) {
            Ok(text) => {
                let title = Some(self.by_model(text.trim_end_matches('.').to_owned()));
                self.change(|synopsis| synopsis.title = title);
                // Nothing is left to be stopped.
                let _ = self.tell();
            }
            Err(NoText::Stopped) => self.made.stopped = true,
            Err(NoText::Unusable(reason)) => self.fall_back(reason),
        }
    }

    /// What the model answers to each of `prompts`; why not, for each that it cannot.
    fn generate(
        &mut self,
        prompts: &[String],
        options: &GenerationOptions,
        min_words: usize,
    ) -> Result<Vec<Result<String, NoText>>, NoText> {
        self.made.asked += prompts.len();
        self.done = self.done.saturating_add(u32::try_from(prompts.len()).unwrap_or(u32::MAX));
        let listen = &mut *self.listen;
        let result = self.model.generate_several(prompts, options, &mut |so_far| {
            listen(Told::Writing { text: so_far.text, tokens: so_far.tokens })
        });
        let generations = match result {
            Ok(generations) => generations,
            Err(error) => {
                return Ok(prompts.iter().map(|_| Err(NoText::Unusable(error.to_string()))).collect());
            }
        };
        self.made.tokens += generations.iter().map(|generation| generation.tokens).sum::<usize>();
        if generations.iter().any(|generation| generation.end == GenerationEnd::Stopped) {
            return Err(NoText::Stopped);
        }
        let text = |generation: Generation| {
            let text = generation.text.split_whitespace().collect::<Vec<_>>().join(" ");
            plausible::check(&text, min_words).map_err(|reason| NoText::Unusable(reason.to_string()))?;
            Ok(if generation.end == GenerationEnd::MaxTokens { whole_sentences(&text) } else { text })
        };
        Ok(generations.into_iter().map(text).collect())
    }

    fn put_section(&mut self, section: &Section, count: usize, text: String) {
        if count < 2 {
            return;
        }
        let summary = self.by_model(text);
        self.change(|synopsis| {
            let same = |known: &&mut SectionSummary| {
                known.heading == section.heading && known.first_page == section.first_page
            };
            match synopsis.sections.iter_mut().find(same) {
                Some(known) => known.summary = summary,
                None => {
                    let at =
                        synopsis.sections.partition_point(|known| known.first_page <= section.first_page);
                    let heading = section.heading.clone();
                    let (first_page, last_page) = (section.first_page, section.last_page);
                    synopsis.sections.insert(at, SectionSummary { heading, first_page, last_page, summary });
                }
            }
        });
    }

    fn by_model(&self, text: String) -> Generated {
        Generated { text, method: Method::Model(self.id.to_owned()) }
    }

    fn change(&mut self, change: impl FnOnce(&mut Synopsis)) {
        if let Some(synopsis) = &mut self.made.synopsis {
            change(synopsis);
        }
    }

    fn tell(&mut self) -> ControlFlow<()> {
        let Some(synopsis) = &self.made.synopsis else { return ControlFlow::Continue(()) };
        let answer = (self.listen)(Told::Made(synopsis));
        self.made.stopped |= answer.is_break();
        answer
    }

    fn fall_back(&mut self, reason: String) {
        self.made.fallbacks += 1;
        self.made.reason.get_or_insert(reason);
    }
}

/// The answer to the one prompt that was given.
fn only(mut answers: Vec<Result<String, NoText>>) -> Result<String, NoText> {
    answers.pop().unwrap_or_else(|| Err(nothing()))
}

fn nothing() -> NoText {
    NoText::Unusable("the model wrote nothing of use".to_owned())
}

/// With a stop at its end, so that it can stand before another.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '!', '?', '…', '。', '！', '？']) {
        text.to_owned()
    } else {
        format!("{text}.")
    }
}

/// Without the last sentence, which the limit of tokens cut; all of it if there is only one.
fn whole_sentences(text: &str) -> String {
    let mut found = sentences(text);
    if found.len() < 2 {
        return format!("{}…", text.trim_end_matches(['.', ',', ';', ':']));
    }
    if !found.last().is_some_and(|last| last.ends_with(['.', '!', '?'])) {
        found.pop();
    }
    found.join(" ")
}

#[cfg(test)]
#[path = "summary_tests.rs"]
mod tests;
