use super::*;
use std::path::Path;

fn json(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/tokenizers").join(name);
    std::fs::read(folder.join("tokenizer.json")).unwrap()
}

/// Numbers without an end, the same in each run (xorshift).
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

/// Texts of pieces that tokenizers treat in ways of their own.
fn texts() -> Vec<String> {
    let pieces = [
        "the",
        "Recto",
        " ",
        "  ",
        "   ",
        "\n",
        "\t",
        "\u{a0}",
        "\u{3000}",
        "\u{2581}",
        "naïve",
        "ﬁn",
        "½",
        "e\u{301}",
        "Å",
        "日本語",
        "한국어",
        "\u{645}\u{631}",
        "</s>",
        "<pad>",
        "<extra_id_0>",
        "<extra_id_12>",
        "<extra_id_",
        "[SEP]",
        "[MASK]",
        "[sep]",
        ".",
        ",",
        "'s",
        "n't",
        "--",
        "\u{2014}",
        "3.14",
        "x²",
        "👩\u{200d}🔬",
        "\u{0}",
        "\u{fffd}",
        "antidisestablishmentarianism",
        "http://a.b/c?d=e",
        "(",
        ")",
        "\u{200b}",
        "\u{ad}",
        "IJsselmeer",
        "ŉ",
    ];
    let mut numbers = numbers();
    let mut next = move |below: usize| (numbers.next().unwrap() % below as u64) as usize;
    let mut texts = vec![String::new(), " ".to_owned(), "a".repeat(300)];
    for _ in 0..600 {
        let length = next(12);
        texts.push((0..length).map(|_| pieces[next(pieces.len())]).collect());
    }
    texts
}

#[test]
fn ids_and_texts_are_those_of_the_whole_tokenizer() {
    for name in ["t5", "bert-base-uncased"] {
        let own = TextTokenizer::from_json(&json(name)).unwrap();
        let whole = tokenizers::Tokenizer::from_bytes(json(name)).unwrap();
        for text in texts() {
            let ids = own.encode(&text).unwrap();
            assert_eq!(ids, whole.encode(text.as_str(), true).unwrap().get_ids(), "{name}: {text:?}");
            let decoded = tidy_spaces(whole.decode(&ids, true).unwrap());
            assert_eq!(own.decode(&ids).unwrap(), decoded, "{name}: {ids:?}");
        }
    }
}

#[test]
fn any_ids_have_a_text() {
    for (name, size) in [("t5", 33_000), ("bert-base-uncased", 31_000)] {
        let own = TextTokenizer::from_json(&json(name)).unwrap();
        let whole = tokenizers::Tokenizer::from_bytes(json(name)).unwrap();
        let mut numbers = numbers();
        for _ in 0..200 {
            let ids: Vec<u32> = numbers.by_ref().take(9).map(|number| (number % size) as u32).collect();
            assert_eq!(own.decode(&ids).unwrap(), tidy_spaces(whole.decode(&ids, true).unwrap()), "{ids:?}");
        }
    }
}

#[test]
fn older_files_name_the_same_things_differently() {
    let mut file: serde_json::Value = serde_json::from_slice(&json("t5")).unwrap();
    let metaspace =
        serde_json::json!({"type": "Metaspace", "replacement": "\u{2581}", "add_prefix_space": true});
    file["decoder"] = metaspace.clone();
    file["pre_tokenizer"] =
        serde_json::json!({"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, metaspace]});
    let bytes = serde_json::to_vec(&file).unwrap();
    let own = TextTokenizer::from_json(&bytes).unwrap();
    let whole = tokenizers::Tokenizer::from_bytes(&bytes).unwrap();
    for text in texts() {
        assert_eq!(
            own.encode(&text).unwrap(),
            whole.encode(text.as_str(), true).unwrap().get_ids(),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_not_known_is_refused() {
    let changed = |change: fn(&mut serde_json::Value)| {
        let mut file: serde_json::Value = serde_json::from_slice(&json("t5")).unwrap();
        change(&mut file);
        TextTokenizer::from_json(&serde_json::to_vec(&file).unwrap())
    };
    assert!(changed(|_| {}).is_ok());
    let changes: [fn(&mut serde_json::Value); 4] = [
        |file| file["added_tokens"][0]["lstrip"] = true.into(),
        |file| file["normalizer"]["normalizers"][2]["pattern"]["Regex"] = r"\s+".into(),
        |file| file["pre_tokenizer"]["type"] = "ByteLevel".into(),
        |file| file["model"]["unk_id"] = 1_000_000.into(),
    ];
    for change in changes {
        assert!(matches!(changed(change), Err(LoadError::Tokenizer(_))));
    }
}

#[test]
fn spaces_before_punctuation_go() {
    assert_eq!(tidy_spaces("it 's a cat , is n't it ?".to_owned()), "it's a cat, isn't it?");
}

#[test]
fn nonsense_is_no_tokenizer() {
    assert!(matches!(TextTokenizer::from_json(b"{}"), Err(LoadError::Tokenizer(_))));
    assert!(matches!(TextTokenizer::from_json(b"\xff"), Err(LoadError::Tokenizer(_))));
}
