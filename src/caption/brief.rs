//! A captioner that says less: for a device that is too slow for more.

use super::{Caption, CaptionError, Captioner};
use crate::models::{GenerationEnd, SoFar, TokenCallback};
use std::ops::ControlFlow;

/// Tokens of a brief caption at most: about eight words.
const BRIEF_TOKENS: usize = 12;

/// A captioner whose captions end after a dozen tokens.
pub struct Brief<'a>(pub &'a mut dyn Captioner);

impl Captioner for Brief<'_> {
    fn caption(&mut self, image: &[u8], on_token: &mut TokenCallback<'_>) -> Result<Caption, CaptionError> {
        let mut cut = false;
        let mut caption = self.0.caption(image, &mut |so_far: SoFar<'_>| {
            on_token(so_far)?;
            cut = so_far.tokens >= BRIEF_TOKENS;
            if cut { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if cut && caption.end == GenerationEnd::Stopped {
            caption.end = GenerationEnd::MaxTokens;
        }
        Ok(caption)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says `word` until it is stopped.
    struct Endless;

    impl Captioner for Endless {
        fn caption(
            &mut self,
            _image: &[u8],
            on_token: &mut TokenCallback<'_>,
        ) -> Result<Caption, CaptionError> {
            let mut text = String::new();
            for tokens in 1..100 {
                text.push_str("word ");
                if on_token(SoFar { text: &text, tokens }).is_break() {
                    return Ok(Caption { text, tokens, end: GenerationEnd::Stopped });
                }
            }
            Ok(Caption { text, tokens: 100, end: GenerationEnd::EndOfText })
        }
    }

    #[test]
    fn what_is_cut_short_is_a_caption_and_what_is_stopped_is_not() {
        let caption = Brief(&mut Endless).caption(b"", &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((caption.tokens, caption.end), (BRIEF_TOKENS, GenerationEnd::MaxTokens));
        let stopped = Brief(&mut Endless).caption(b"", &mut |so_far| {
            if so_far.tokens == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(stopped.unwrap().end, GenerationEnd::Stopped);
    }
}
