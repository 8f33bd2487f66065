//! Text to sentences.

use unicode_segmentation::UnicodeSegmentation;

/// Abbreviations after which a sentence goes on, without their last stop, in lower case. Sorted.
const ABBREVIATIONS: &[&str] = &[
    "abb", "al", "app", "approx", "art", "bd", "bzw", "ca", "cap", "cf", "ch", "co", "col", "corp", "dr",
    "e.g", "ed", "eds", "eq", "eqs", "esp", "ex", "fig", "figs", "gen", "hr", "i.e", "inc", "jr", "lt",
    "ltd", "max", "min", "mr", "mrs", "ms", "no", "nos", "nr", "op", "p", "pp", "prof", "ref", "refs",
    "resp", "s", "sec", "sect", "sr", "st", "supp", "tab", "u.s", "univ", "vgl", "viz", "vol", "vols", "vs",
    "z.b",
];

/// The sentences of `text`, without the space around them. Sentence ends are found by Unicode Standard
/// Annex 29, which takes the stop of `Fig. 3` or `J. Smith` for one: such pieces are joined again.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let (mut start, mut end) = (0, 0);
    for piece in text.split_sentence_bounds() {
        end += piece.len();
        let so_far = text.get(start..end).unwrap_or_default();
        if !goes_on_after(so_far.trim_end()) {
            found.push(so_far.trim());
            start = end;
        }
    }
    found.push(text.get(start..).unwrap_or_default().trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// Whether what ends like `text` ends with an abbreviation rather than as a sentence.
fn goes_on_after(text: &str) -> bool {
    let Some(body) = text.strip_suffix('.') else {
        // UAX 29 also breaks at paragraph separators; there are none here. A piece without any sentence
        // end is the last one.
        return false;
    };
    let last = body.rsplit(|c: char| c.is_whitespace() || "([{\"“‘".contains(c)).next().unwrap_or_default();
    let mut letters = last.chars();
    let initial = letters.next().is_some_and(char::is_uppercase) && letters.next().is_none();
    // `J.R.R.` is a run of initials as well.
    let initials = !last.is_empty()
        && last.contains('.')
        && last.split('.').all(|part| part.chars().count() == 1 && part.chars().all(char::is_uppercase));
    initial || initials || ABBREVIATIONS.binary_search(&last.to_lowercase().as_str()).is_ok()
}

/// Cuts `sentence` into pieces for which `fits` holds: at a comma, semicolon or colon where possible, else
/// between words, and never within one. A single word that does not fit is left as it is.
pub(super) fn split_long<'a>(sentence: &'a str, fits: &dyn Fn(&str) -> bool) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let mut rest = sentence.trim();
    while !rest.is_empty() && !fits(rest) {
        let Some(cut) = longest_head(rest, fits) else { break };
        let (head, tail) = rest.split_at(cut);
        pieces.push(head.trim());
        rest = tail.trim_start();
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

/// Where to cut `text` so that its head fits; none if there is no place.
fn longest_head(text: &str, fits: &dyn Fn(&str) -> bool) -> Option<usize> {
    let spaces: Vec<usize> =
        text.match_indices(char::is_whitespace).map(|(at, _)| at).filter(|at| *at > 0).collect();
    let fitting = spaces.partition_point(|at| text.get(..*at).is_some_and(fits));
    let candidates = spaces.get(..fitting).unwrap_or_default();
    // A clause's end in the second half of what fits is worth the shorter piece.
    let clause = candidates.iter().rev().find(|at| {
        text.get(..**at).is_some_and(|head| head.ends_with([',', ';', ':']))
            && candidates.last().is_some_and(|last| **at * 2 >= *last)
    });
    // Not even the first word fits: it goes alone.
    clause.or(candidates.last()).or(spaces.first()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_sorted() {
        assert!(ABBREVIATIONS.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn abbreviations_and_initials_do_not_end_a_sentence() {
        let text =
            "As Fig. 3 shows, J. R. R. Smith et al. (2010) were right. It is so! Was it (cf. Eq. 2)? Yes.";
        let expected = [
            "As Fig. 3 shows, J. R. R. Smith et al. (2010) were right.",
            "It is so!",
            "Was it (cf. Eq. 2)?",
            "Yes.",
        ];
        assert_eq!(sentences(text), expected);
        assert_eq!(
            sentences("Dr. Who met Prof. X. Then 3.5 m of ice."),
            ["Dr. Who met Prof. X. Then 3.5 m of ice."]
        );
        assert_eq!(sentences("The end.  Next one"), ["The end.", "Next one"]);
        assert_eq!(sentences(" \u{a0} "), Vec::<&str>::new());
        assert_eq!(sentences("これは文です。次の文です。"), ["これは文です。", "次の文です。"]);
    }

    #[test]
    fn a_text_is_kept_whole() {
        let text = "One. Two e.g. three. Vol.";
        assert_eq!(sentences(text).join(" "), text);
    }

    #[test]
    fn long_sentences_break_at_clauses_and_never_within_words() {
        let fits = |text: &str| text.len() <= 20;
        let pieces = split_long("one two three, four five six seven eight nine ten", &fits);
        assert_eq!(pieces, ["one two three,", "four five six seven", "eight nine ten"]);
        let word = "x".repeat(50);
        assert_eq!(split_long(&word, &fits), [word.as_str()]);
        assert_eq!(split_long(&format!("{word} a b"), &fits), [word.as_str(), "a b"]);
        assert_eq!(split_long("", &fits), Vec::<&str>::new());
    }
}
