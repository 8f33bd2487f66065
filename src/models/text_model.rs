//! What a stage may ask of a model that turns text into text.

use std::ops::ControlFlow;

/// How a text is generated.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationOptions {
    /// At most this many tokens, at least 1.
    pub max_tokens: usize,
    /// Hypotheses kept in beam search; 1 is greedy.
    pub beams: usize,
    /// No run of this many tokens may occur twice in the output; 0 lets all through.
    pub no_repeat_ngram: usize,
    /// Logits of tokens already in the output are divided by this where positive and multiplied where not
    /// (CTRL, arXiv:1909.05858, section 4.1); 1 changes nothing.
    pub repetition_penalty: f32,
    /// Beam scores are divided by length to this power; 1 is the mean log probability.
    pub length_penalty: f32,
}

impl Default for GenerationOptions {
    /// Greedy, 64 tokens, without a rein on repetition.
    fn default() -> Self {
        Self { max_tokens: 64, beams: 1, no_repeat_ngram: 0, repetition_penalty: 1.0, length_penalty: 1.0 }
    }
}

/// What has been generated when the callback is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoFar<'a> {
    /// The text so far: empty while the input is being read. With beams it is the best hypothesis, which may
    /// change in its whole length.
    pub text: &'a str,
    /// Tokens so far.
    pub tokens: usize,
}

/// Asked between the layers of the encoder and after each token. `Break` ends the generation there; what is
/// finished is returned, marked [`GenerationEnd::Stopped`].
pub type TokenCallback<'a> = dyn FnMut(SoFar<'_>) -> ControlFlow<()> + 'a;

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenerationEnd {
    /// The model said so.
    EndOfText,
    /// [`GenerationOptions::max_tokens`] are made.
    MaxTokens,
    /// The callback said so.
    Stopped,
}

/// What a model wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    /// The text, without special tokens.
    pub text: String,
    /// Tokens of the prompt, end marker included, after cutting.
    pub prompt_tokens: usize,
    /// Tokens generated, end marker included.
    pub tokens: usize,
    /// Why it ended.
    pub end: GenerationEnd,
}

/// Why a text model could not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TextModelError {
    /// The prompt could not be split into tokens.
    #[error("the tokenizer failed: {0}")]
    Tokenizer(String),
    /// A computation on tensors failed.
    #[error("inference failed: {0}")]
    Inference(#[from] candle_core::Error),
}

/// A model that turns text into text.
pub trait TextModel {
    /// Answers `prompt`. A prompt longer than [`TextModel::max_prompt_tokens`] is cut at its end.
    ///
    /// # Errors
    ///
    /// When the tokenizer or a computation fails. To be stopped by `on_token` is no error.
    fn generate(
        &mut self,
        prompt: &str,
        options: &GenerationOptions,
        on_token: &mut TokenCallback<'_>,
    ) -> Result<Generation, TextModelError>;

    /// Answers several prompts, each as [`TextModel::generate`] would. `on_token` hears of the first that is not
    /// finished, and of the tokens of all. Whatever was not finished when it broke is marked so.
    ///
    /// # Errors
    ///
    /// When the tokenizer or a computation fails.
    fn generate_several(
        &mut self,
        prompts: &[String],
        options: &GenerationOptions,
        on_token: &mut TokenCallback<'_>,
    ) -> Result<Vec<Generation>, TextModelError> {
        prompts.iter().map(|prompt| self.generate(prompt, options, on_token)).collect()
    }

    /// How many prompts are best answered together; 1 where that is no quicker.
    fn prompts_at_once(&self) -> usize {
        1
    }

    /// How many tokens `text` takes in a prompt, without the end marker.
    fn count_tokens(&self, text: &str) -> usize;

    /// The window: tokens of a prompt that the model reads, end marker included.
    fn max_prompt_tokens(&self) -> usize;
}
