//! Tokens that stand beside a vocabulary (`</s>`, `[SEP]`): found in the text as they are.

use super::file::AddedTokenForm;

/// Added tokens, longest first.
#[derive(Clone, Debug)]
pub(super) struct AddedTokens(Vec<AddedToken>);

#[derive(Clone, Debug)]
struct AddedToken {
    id: u32,
    content: String,
    special: bool,
}

impl AddedTokens {
    /// Those of a file. Fails on tokens that ask for more than to be found as they are.
    pub(super) fn new(forms: Vec<AddedTokenForm>) -> Result<Self, String> {
        let mut tokens = Vec::with_capacity(forms.len());
        for form in forms {
            let AddedTokenForm { id, content, single_word, lstrip, rstrip, normalized, special } = form;
            if single_word || lstrip || rstrip || normalized || content.is_empty() {
                return Err(format!("the added token {content:?} is of a kind that is not known here"));
            }
            tokens.push(AddedToken { id, content, special });
        }
        tokens.sort_by(|a, b| b.content.len().cmp(&a.content.len()).then(a.content.cmp(&b.content)));
        Ok(Self(tokens))
    }

    /// `text` in pieces: stretches between added tokens, and these with their ids.
    pub(super) fn cut<'t>(&self, text: &'t str) -> Vec<(&'t str, Option<u32>)> {
        let mut pieces = Vec::new();
        let (mut from, mut at) = (0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            if let Some(token) = self.0.iter().find(|token| rest.starts_with(&token.content)) {
                if let Some(piece) = text.get(from..at).filter(|piece| !piece.is_empty()) {
                    pieces.push((piece, None));
                }
                let end = at + token.content.len();
                pieces.extend(text.get(at..end).map(|piece| (piece, Some(token.id))));
                (from, at) = (end, end);
            } else {
                at += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
        if let Some(piece) = text.get(from..).filter(|piece| !piece.is_empty()) {
            pieces.push((piece, None));
        }
        pieces
    }

    pub(super) fn is_special(&self, id: u32) -> bool {
        self.0.iter().any(|token| token.id == id && token.special)
    }

    pub(super) fn content(&self, id: u32) -> Option<String> {
        self.0.iter().find(|token| token.id == id).map(|token| token.content.clone())
    }
}
