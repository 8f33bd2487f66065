use super::*;
use crate::enhance::fake::Fake;
use crate::enhance::sections::tests::document;

const GLACIERS: &str = "Glaciers store most of the fresh water of the planet as ice. When glaciers melt, the \
    stored ice becomes fresh water in the sea. Fresh water from melting ice of glaciers raises the sea of the \
    planet. My neighbour owns three cats and one very old yellow bicycle in the shed behind his house.";
const WHALES: &str = "Whales travel from cold water to warm water each year. The whales travel in groups and \
    sing songs in warm water. Songs of whales travel far in cold water. Some whales travel alone and sing no \
    songs at all in the cold and dark water of the north, as far as we can hear them.";

fn two_sections() -> Document {
    document(&format!("# Glaciers\n{GLACIERS}\n---\n# Whales\n{WHALES}"))
}

fn run(document: &Document, model: Option<&mut Fake>, stop_after: usize) -> (Made, Vec<Synopsis>) {
    let mut told = Vec::new();
    let mut heard = 0;
    let model = model.map(|model| ("flan-t5-base", model as &mut dyn TextModel));
    let made = make_synopsis(document, model, &mut |what| {
        if let Told::Made(synopsis) = what {
            told.push(synopsis.clone());
        }
        heard += 1;
        if heard >= stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    (made, told)
}

fn by_model(text: &str) -> Generated {
    Generated { text: text.to_owned(), method: Method::Model("flan-t5-base".to_owned()) }
}

#[test]
fn without_a_model_everything_is_extractive_and_says_so() {
    let (made, told) = run(&two_sections(), None, usize::MAX);
    let synopsis = made.synopsis.unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told.first(), Some(&synopsis));
    let textrank = Method::Extractive("TextRank".to_owned());
    let summary = synopsis.summary.unwrap();
    assert_eq!(summary.method, textrank);
    assert!(summary.text.contains("glaciers"), "{}", summary.text);
    assert_eq!(synopsis.sections.len(), 2);
    assert_eq!((synopsis.sections[1].heading.as_str(), synopsis.sections[1].first_page), ("Whales", 2));
    assert!(!synopsis.sections[0].summary.text.contains("bicycle"));
    assert_eq!(synopsis.keywords_method, Some(Method::Extractive("RAKE".to_owned())));
    assert!(synopsis.title.is_none(), "the first heading is its title");
    assert!(!made.stopped && made.tokens == 0 && made.characters > 300);
}

#[test]
fn several_at_once_give_what_one_by_one_gives() {
    let says =
        ["Ice is melting quite fast.", "", "It all ends in the wide sea.", "Ice melts while whales sing."];
    let outcome = |at_once: usize| {
        let mut model = Fake::saying(&says);
        (model.at_once, model.window) = (at_once, 40);
        let (made, told) = run(&two_sections(), Some(&mut model), usize::MAX);
        (made, told.last().cloned(), model.prompts)
    };
    let (made, _, prompts) = outcome(1);
    assert!(prompts.len() > 5 && made.fallbacks > 0, "{prompts:?}");
    // What is asked, in which order, is the same but for the chunks that are read before others are reduced.
    for at_once in [2, 4, 9] {
        let (several, last, mut asked) = outcome(at_once);
        assert_eq!((several.asked, several.stopped), (made.asked, false), "{at_once}");
        assert_eq!(last, several.synopsis);
        asked.sort();
        let chunks = |prompts: &[String]| {
            prompts.iter().filter(|it| it.contains("whales") || it.contains("ice")).count()
        };
        assert_eq!(chunks(&asked), chunks(&prompts), "{at_once}");
    }
    for stop_after in 1..12 {
        let mut model = Fake::saying(&says);
        (model.at_once, model.window) = (4, 40);
        let (made, _) = run(&two_sections(), Some(&mut model), stop_after);
        assert!(made.stopped, "after {stop_after}");
    }
}

#[test]
fn map_then_reduce() {
    let says = ["Ice is melting fast.", "Whales travel and sing", "Ice melts while whales sing."];
    let mut model = Fake::saying(&says);
    let (made, told) = run(&two_sections(), Some(&mut model), usize::MAX);
    let synopsis = made.synopsis.unwrap();
    assert_eq!(synopsis.sections[0].summary, by_model("Ice is melting fast."));
    assert_eq!(synopsis.sections[1].summary, by_model("Whales travel and sing."));
    assert_eq!(synopsis.summary, Some(by_model("Ice melts while whales sing.")));
    assert!(model.prompts[0].contains("neighbour") && !model.prompts[0].contains("Whales travel"));
    assert!(model.prompts[2].ends_with("Ice is melting fast. Whales travel and sing."));
    assert_eq!((made.asked, made.fallbacks, made.tokens), (3, 0, 9));
    assert_eq!(told.len(), 4, "by rule, two sections, the whole");
}

#[test]
fn a_small_window_makes_chunks_and_more_rounds() {
    let mut model = Fake::saying(&["Ice and whales are in the water."]);
    model.window = 40;
    let (made, _) = run(&two_sections(), Some(&mut model), usize::MAX);
    assert!(made.asked > 5, "{}", made.asked);
    assert_eq!(made.synopsis.unwrap().summary, Some(by_model("Ice and whales are in the water.")));
    for prompt in &model.prompts {
        assert!(count_words(prompt) < 40, "{prompt}");
        assert!(!prompt.contains("\n\n ") && !prompt.ends_with("wat"), "words are whole");
    }
}

#[test]
fn a_loop_falls_back_and_is_counted() {
    let says = ["the the the the the the", "Whales travel and sing.", "Whales sing in the sea."];
    let (made, _) = run(&two_sections(), Some(&mut Fake::saying(&says)), usize::MAX);
    let synopsis = made.synopsis.unwrap();
    assert!(matches!(synopsis.sections[0].summary.method, Method::Extractive(_)));
    assert_eq!(synopsis.sections[1].summary, by_model("Whales travel and sing."));
    assert_eq!(synopsis.summary, Some(by_model("Whales sing in the sea.")));
    assert_eq!(made.fallbacks, 1);
    assert!(made.reason.unwrap().contains("repeated"));
}

#[test]
fn a_model_that_fails_leaves_the_extractive_synopsis() {
    let (with, _) = run(&two_sections(), Some(&mut Fake::failing()), usize::MAX);
    let (without, _) = run(&two_sections(), None, usize::MAX);
    assert_eq!(with.synopsis, without.synopsis);
    assert!(with.reason.unwrap().contains("broken"));
    let (silent, _) = run(&two_sections(), Some(&mut Fake::saying(&[""])), usize::MAX);
    assert_eq!(silent.synopsis, without.synopsis);
}

#[test]
fn stop_keeps_what_is_made() {
    for stop_after in 1..8 {
        let says = ["Ice is melting fast.", "Whales travel and sing.", "Ice melts while whales sing."];
        let (made, _) = run(&two_sections(), Some(&mut Fake::saying(&says)), stop_after);
        assert!(made.stopped, "{stop_after}");
        let synopsis = made.synopsis.unwrap();
        assert!(synopsis.summary.is_some());
        let by_model_now = matches!(synopsis.sections[0].summary.method, Method::Model(_));
        assert_eq!(by_model_now, stop_after > 3, "{stop_after}");
    }
}

#[test]
fn a_title_is_made_only_where_there_is_none() {
    let says = ["Ice is melting fast.", "Melting ice."];
    let (made, _) = run(&document(GLACIERS), Some(&mut Fake::saying(&says)), usize::MAX);
    let synopsis = made.synopsis.unwrap();
    assert_eq!(synopsis.summary, Some(by_model("Ice is melting fast.")));
    assert_eq!(synopsis.title, Some(by_model("Melting ice")));
    assert!(synopsis.sections.is_empty(), "the only section is the whole");
}

#[test]
fn a_huge_document_is_bounded() {
    let page = format!("{}\n---\n", GLACIERS.repeat(6));
    let huge = document(&page.repeat(300));
    let mut model = Fake::saying(&["Ice is melting fast in this part."]);
    let (made, _) = run(&huge, Some(&mut model), usize::MAX);
    assert!(made.asked <= MAX_CHUNKS + 15, "{}", made.asked);
    assert!(made.synopsis.unwrap().summary.is_some());
}

#[test]
fn no_text_gives_no_synopsis() {
    let (made, told) = run(&document("# Only a heading"), Some(&mut Fake::saying(&["x"])), usize::MAX);
    assert_eq!((made.synopsis, told.len(), made.asked), (None, 0, 0));
}

#[test]
fn text_cut_by_the_limit_ends_with_a_sentence() {
    assert_eq!(whole_sentences("One is here. Two is cut"), "One is here.");
    assert_eq!(whole_sentences("One is cut,"), "One is cut…");
    assert_eq!(whole_sentences("One is here. Two as well."), "One is here. Two as well.");
}
