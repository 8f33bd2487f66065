//! The language of a text, told by its script and by its commonest words.
//!
//! Function words are so frequent that a page is enough (Ingle 1976; Grefenstette 1995, "Comparing two language
//! identification schemes", finds them as good as trigrams from a sentence or two on).

use std::collections::HashMap;
use unicode_segmentation::UnicodeSegmentation;

/// Words that are looked at: a few pages.
const MAX_WORDS: usize = 6_000;
/// Fewer hits than this say nothing.
const MIN_HITS: u32 = 8;

/// The commonest words of languages in the Latin and Cyrillic scripts. Words that two neighbouring languages share
/// stand with both.
#[rustfmt::skip]
const PROFILES: [(&str, &str); 18] = [
    ("en", "the of and to in is that for was with are this be as by not have from which were it on an or at has can"),
    ("de", "der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch werden aus wird sind oder bei nach einer"),
    ("fr", "les des et est une dans que pour par sur qui du au avec ne pas sont cette ou plus aux ces leur être nous la le un en"),
    ("es", "los las del que una por con para se como más su al este entre sobre son sin fue está también la el un en y es"),
    ("it", "che della di il per una con del non nel sono dei alla le gli delle come più anche dal nella questo è la un si da"),
    ("pt", "que não uma para com os dos da em por mais as são como foi ao pela pelo também ou seu sua das nos é o um na no"),
    ("nl", "het een van de en dat voor met niet zijn op aan die te worden ook als bij door naar er wordt deze uit is in om"),
    ("sv", "och att det som en är på av för den med till inte har om ett ska kan från eller vid denna vi de var i"),
    ("da", "og at det er en af på til som med for den ikke der de har et kan fra ved om blev efter eller også skal i"),
    ("no", "og i det er på som en av til for med at ikke den de har et kan fra om ved eller ble etter også skal var"),
    ("fi", "ja on ei että se oli ovat hän mutta myös tai kuin sekä joka ole mukaan voidaan jos niin kun sen tämä"),
    ("pl", "w i na z do się nie to że jest od przez po dla jak oraz lub za są który ma być tym które ze"),
    ("cs", "a v na se je že o s z do pro to jsou za by ve není které jako nebo podle po který při jeho bylo"),
    ("ro", "și în de la cu este pe nu că din pentru un o care sunt se mai prin sau fost ale al după fi"),
    ("hu", "a az és hogy nem is egy van meg mint csak vagy el ez de volt ki kell már azt lehet még szerint"),
    ("tr", "ve bir bu için ile olarak da de olan en çok daha gibi kadar sonra ise olduğu göre her ancak veya"),
    ("ru", "и в не на что с по как это для из к от а при или но его был также так же они быть может"),
    ("uk", "і в не на що з по як це для із до від а та або у є його бути також при які може та"),
];

/// The language of the text that `texts` make up, as an ISO 639-1 code; none if that is not plain.
#[must_use]
pub(super) fn detect_language<'a>(texts: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let mut hits = [0_u32; PROFILES.len()];
    let known = languages_of_words();
    let mut words = 0_usize;
    let mut scripts = [0_u32; SCRIPTS.len()];
    let (mut letters, mut kana) = (0_u32, 0_u32);
    'texts: for text in texts {
        for word in text.unicode_words() {
            words += 1;
            if words > MAX_WORDS {
                break 'texts;
            }
            for character in word.chars().filter(|c| c.is_alphabetic()) {
                letters += 1;
                kana += u32::from(matches!(character, '\u{3041}'..='\u{30fa}'));
                for (count, (_, ranges)) in scripts.iter_mut().zip(&SCRIPTS) {
                    *count += u32::from(ranges.iter().any(|range| range.contains(&character)));
                }
            }
            for &language in known.get(word.to_lowercase().as_str()).into_iter().flatten() {
                if let Some(count) = hits.get_mut(language) {
                    *count += 1;
                }
            }
        }
    }
    // Kana beside Han characters is Japanese.
    if kana * 20 > letters.max(1) {
        return Some("ja");
    }
    if let Some((_, (code, _))) = scripts.iter().zip(&SCRIPTS).find(|(count, _)| **count * 2 > letters.max(1))
    {
        return (letters > 20).then_some(*code);
    }
    let mut order: Vec<(u32, &str)> =
        hits.iter().zip(&PROFILES).map(|(hits, (code, _))| (*hits, *code)).collect();
    order.sort_by_key(|(hits, _)| std::cmp::Reverse(*hits));
    let [(first, code), (second, _), ..] = order.as_slice() else { return None };
    // Neighbours share many words: Danish and Norwegian lie within a few hits of each other.
    let plain =
        *first >= MIN_HITS && *first * 100 >= *second * 104 && *first as usize * 12 >= words.min(MAX_WORDS);
    plain.then_some(*code)
}

/// The places in [`PROFILES`] of the languages that have a word, each once.
fn languages_of_words() -> HashMap<&'static str, Vec<usize>> {
    let mut known: HashMap<&str, Vec<usize>> = HashMap::new();
    for (language, (_, profile)) in PROFILES.iter().enumerate() {
        for word in profile.split(' ') {
            let languages = known.entry(word).or_default();
            if languages.last() != Some(&language) {
                languages.push(language);
            }
        }
    }
    known
}

/// Scripts of one language, or of one far before the others.
const SCRIPTS: [(&str, &[std::ops::RangeInclusive<char>]); 7] = [
    ("el", &['\u{370}'..='\u{3ff}', '\u{1f00}'..='\u{1fff}']),
    ("he", &['\u{590}'..='\u{5ff}', '\u{fb1d}'..='\u{fb4f}']),
    ("ar", &['\u{600}'..='\u{6ff}', '\u{750}'..='\u{77f}', '\u{fb50}'..='\u{fdff}', '\u{fe70}'..='\u{feff}']),
    ("hi", &['\u{900}'..='\u{97f}']),
    ("th", &['\u{e00}'..='\u{e7f}']),
    ("ko", &['\u{1100}'..='\u{11ff}', '\u{ac00}'..='\u{d7af}']),
    ("zh", &['\u{4e00}'..='\u{9fff}', '\u{3400}'..='\u{4dbf}']),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_told_by_a_few_sentences() {
        for (code, text) in [
            (
                "en",
                "The results of this study show that the method is as good as the one that was used before, and that it can be applied to all of the data which were collected for it.",
            ),
            (
                "de",
                "Die Ergebnisse der Studie zeigen, dass das Verfahren nicht schlechter ist als die anderen, und dass es auch auf die Daten angewendet werden kann, die für den Versuch erhoben wurden.",
            ),
            (
                "fr",
                "Les résultats de cette étude montrent que la méthode est aussi bonne que les autres, et que les données sont dans le tableau qui est présenté pour la première fois par les auteurs.",
            ),
            (
                "es",
                "Los resultados de este estudio muestran que el método es tan bueno como los otros, y que los datos que se presentan en la tabla son también para una investigación sobre el tema.",
            ),
            (
                "nl",
                "De resultaten van het onderzoek laten zien dat de methode niet slechter is dan de andere, en dat het ook voor de gegevens die zijn verzameld kan worden gebruikt.",
            ),
            (
                "ru",
                "Результаты этого исследования показывают, что метод не хуже других и что он может быть применён для данных, которые также были собраны при работе на месте и в лаборатории.",
            ),
        ] {
            assert_eq!(detect_language(std::iter::once(text)), Some(code), "{text}");
        }
        assert_eq!(
            detect_language(std::iter::once("これは日本語の文章です。漢字と仮名が混ざっています。")),
            Some("ja")
        );
        assert_eq!(
            detect_language(std::iter::once("这是一个中文文档的测试内容没有假名也没有英文字母全部是汉字")),
            Some("zh")
        );
    }

    #[test]
    fn numbers_and_names_have_no_language() {
        assert_eq!(detect_language(std::iter::once("12 345 Smith Jones 2019 kg m 7.5")), None);
        assert_eq!(detect_language(std::iter::empty()), None);
    }
}
