//! Words, as the methods here count them.

use unicode_segmentation::UnicodeSegmentation;

/// Words that say nothing of a text's matter, in the languages most PDFs are written in. One list for all:
/// a document may mix languages, and few of these words matter in another of them. Sorted.
#[rustfmt::skip]
const STOP_WORDS: &[&str] = &[
    "a", "aber", "about", "above", "after", "again", "against", "al", "all", "alle", "als", "also",
    "although", "am", "among", "an", "and", "any", "are", "as", "at", "au", "auch", "auf", "aus", "aux",
    "avec", "based", "be", "because", "been", "before", "bei", "being", "below", "between", "both", "but",
    "by", "can", "cannot", "ce", "ces", "che", "como", "con", "could", "d", "da", "dans", "das", "dass",
    "de", "dei", "del", "della", "dem", "den", "der", "des", "di", "did", "die", "do", "does", "doing",
    "done", "down", "du", "due", "durch", "during", "e", "each", "eg", "ein", "eine", "einem", "einen",
    "einer", "either", "el", "elle", "en", "er", "es", "est", "et", "etc", "eu", "ever", "every", "few",
    "for", "from", "further", "für", "gibt", "given", "had", "has", "hat", "have", "having", "he",
    "hence", "her", "here", "his", "how", "however", "i", "ie", "if", "il", "ils", "im", "in", "into",
    "is", "ist", "it", "its", "itself", "je", "just", "l", "la", "las", "le", "les", "leur", "lo", "los",
    "made", "mais", "make", "many", "may", "mehr", "might", "mit", "more", "most", "much", "must", "my",
    "n", "nach", "ne", "neither", "nicht", "no", "noch", "non", "nor", "not", "nous", "nur", "o", "ob",
    "oder", "of", "off", "on", "one", "only", "or", "other", "ou", "our", "out", "over", "own", "par",
    "para", "pas", "per", "plus", "por", "pour", "que", "qui", "s", "same", "se", "ser", "several", "she",
    "should", "si", "sich", "sie", "since", "sind", "so", "some", "son", "sont", "su", "such", "sur", "t",
    "than", "that", "the", "their", "them", "then", "there", "therefore", "these", "they", "this",
    "those", "though", "through", "thus", "to", "too", "two", "um", "un", "una", "und", "under", "une",
    "until", "up", "upon", "us", "use", "used", "using", "van", "very", "via", "vom", "von", "vor", "was",
    "we", "well", "werden", "were", "what", "when", "where", "whereas", "whether", "which", "while",
    "who", "whose", "why", "wie", "will", "wir", "wird", "with", "within", "without", "would", "y", "yet",
    "you", "your", "zu", "zum", "zur", "über",
];

/// Whether `word`, in lower case, says nothing of a text's matter.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// The words of `text` in lower case.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words().map(str::to_lowercase)
}

/// How many words `text` has.
pub(super) fn count_words(text: &str) -> usize {
    text.unicode_words().count()
}

/// The telling words of `text`, brought to one form: in lower case, without stop words, and without the
/// plural's ending (the S stemmer of Harman, "How effective is suffixing?", 1991).
pub(super) fn terms(text: &str) -> impl Iterator<Item = String> + '_ {
    words(text).filter(|word| !is_stop_word(word)).map(singular)
}

fn singular(mut word: String) -> String {
    let ends =
        |ending: &str, but: &[&str]| word.ends_with(ending) && !but.iter().any(|but| word.ends_with(but));
    if word.len() < 4 {
        return word;
    }
    if ends("ies", &["eies", "aies"]) {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if ends("es", &["aes", "ees", "oes"]) || ends("s", &["us", "ss", "es"]) {
        word.truncate(word.len() - 1);
    }
    word
}

/// The natural logarithm of `x` >= 1 by additions, multiplications and divisions alone, so that it is the
/// same to the last bit natively and in a browser, whose mathematical libraries differ.
pub(super) fn ln(x: f64) -> f64 {
    let (mut mantissa, mut doublings) = (x.max(1.0), 0.0);
    while mantissa > 1.5 && doublings < 1100.0 {
        mantissa /= 2.0;
        doublings += 1.0;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)); |r| <= 1/5, so that 12 terms are past double precision.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let (mut power, mut sum) = (ratio, 0.0);
    for term in 0..12_u32 {
        sum += power / f64::from(2 * term + 1);
        power *= square;
    }
    2.0 * sum + doublings * std::f64::consts::LN_2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted_by(|left, right| left < right));
    }

    #[test]
    fn terms_drop_plurals_and_stop_words() {
        let found: Vec<String> =
            terms("The studies of glaciers, and their Classes: bus, glass, ice").collect();
        assert_eq!(found, ["study", "glacier", "classe", "bus", "glass", "ice"]);
    }

    #[test]
    fn logarithm_is_close() {
        for x in [1.0, 1.000_1, 1.5, 2.0, 3.0, 10.0, 12345.678, 1e300] {
            let expected = f64::ln(x);
            assert!((ln(x) - expected).abs() <= 1e-12 * expected.max(1.0), "{x}: {} {expected}", ln(x));
        }
        assert!(ln(0.0).abs() < f64::EPSILON && ln(f64::NAN).abs() < f64::EPSILON);
        assert!(ln(f64::INFINITY).is_finite() || ln(f64::INFINITY).is_nan() || ln(f64::INFINITY) > 0.0);
    }
}
