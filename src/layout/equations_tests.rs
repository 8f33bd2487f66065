use super::*;

fn line(pieces: &[(&str, bool, Option<Script>)]) -> Line {
    let bbox = Rect::new(150.0, 100.0, 250.0, 112.0);
    let pieces = pieces.iter().map(|&(text, italic, script)| Piece {
        text: text.to_owned(),
        bbox,
        italic,
        script,
        ..Piece::default()
    });
    Line {
        bbox,
        baseline: 110.0,
        size: 10.0,
        pieces: pieces.collect(),
        bold: false,
        mono: false,
        artifact: false,
        gap: None,
        face: crate::layout::lines::Face::default(),
    }
}

fn group<'a>(lines: &'a [Line]) -> Group<'a> {
    Group { lines: lines.iter().collect(), bbox: lines[0].bbox, marker: None }
}

const REGION: Rect = Rect { x0: 50.0, y0: 50.0, x1: 350.0, y1: 700.0 };

#[test]
fn one_line_with_known_signs_is_latex() {
    let (up, down) = (Some(Script::Super), Some(Script::Sub));
    let lines = [line(&[
        ("E", true, None),
        (" = ", false, None),
        ("mc", true, None),
        ("2", false, up),
        (" + α", false, None),
        ("i", true, down),
        (" sin ", false, None),
        ("x", true, None),
        (" (3)", false, None),
    ])];
    assert!(is_equation(&group(&lines), &REGION, 10.0));
    assert_eq!(latex(&group(&lines)).as_deref(), Some("E = mc^{2} + \\alpha_{i} \\sin x \\tag{3}"));
}

#[test]
fn what_is_not_certain_is_not_latex() {
    let sum = [line(&[("S", true, None), (" = ∑", false, None), ("x", true, None)])];
    assert!(is_equation(&group(&sum), &REGION, 10.0));
    assert_eq!(latex(&group(&sum)), None);
    let two = [line(&[("x = ", true, None)]), line(&[("y", true, None)])];
    assert_eq!(latex(&group(&two)), None, "a fraction is not guessed at");
    let open = [line(&[("f(x = y", true, None)])];
    assert_eq!(latex(&group(&open)), None);
}

#[test]
fn text_with_numbers_is_no_equation() {
    for text in ["The mean was n = 25 in all of these groups", "Table of results", "p = 0.05", "Mean = 3"] {
        let lines = [line(&[(text, false, None)])];
        assert!(!is_equation(&group(&lines), &REGION, 10.0), "{text}");
    }
    // At the column's edge it is text that goes on.
    let mut lines = [line(&[("x = y + z", true, None)])];
    lines[0].bbox = Rect::new(50.0, 100.0, 150.0, 112.0);
    assert!(!is_equation(&group(&lines), &REGION, 10.0));
}

#[test]
fn numbers_of_equations_are_told_from_factors() {
    assert_eq!(equation_number("a = b (3.1)"), Some(("a = b", "3.1")));
    assert_eq!(equation_number("(12)"), Some(("", "12")));
    assert_eq!(equation_number("f(3)"), None);
    assert_eq!(equation_number("a (b)"), None);
}
