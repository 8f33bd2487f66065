//! Display equations: which groups of lines are one, and their LaTeX where one line of glyphs says it all.
//!
//! The signs are those of the classic systems (Fateman et al. 1996, "Optical character recognition and parsing of
//! typeset mathematics"; `InftyReader`, Suzuki et al. 2003): set apart from the text, with relations and operators,
//! single italic letters and raised or lowered signs, and hardly a word. Two-dimensional ones (fractions, limits,
//! roots, matrices) are not guessed at: they are shown as pictures with their text.

use super::lines::{Line, Piece};
use super::paragraphs::Group;
use crate::document::{Rect, Script};

/// Longer text is not an equation, in characters.
const MAX_LENGTH: usize = 320;
/// Lines that an equation with fractions and limits may be cut into.
const MAX_LINES: usize = 14;
/// An equation is set in from its column by this many ems, or centred.
const INDENT_EMS: f32 = 0.9;

/// What counts for an equation in some text.
#[derive(Clone, Copy, Debug, Default)]
struct Signs {
    relations: u32,
    operators: u32,
    /// Greek letters, signs that only mathematics has, and single italic letters.
    symbols: u32,
    scripts: u32,
    /// Words of four letters or more that are no function's name.
    words: u32,
    /// Single letters and numbers.
    atoms: u32,
    /// Characters that are not blank.
    length: u32,
}

fn is_relation(c: char) -> bool {
    matches!(
        c,
        '=' | '<'
            | '>'
            | '≤'
            | '≥'
            | '≈'
            | '≡'
            | '≠'
            | '∼'
            | '≃'
            | '∝'
            | '∈'
            | '⊂'
            | '⊆'
            | '→'
            | '⇒'
            | '⇔'
            | '≪'
            | '≫'
            | '↦'
            | '≅'
            | '≜'
    )
}

fn is_operator(c: char) -> bool {
    matches!(
        c,
        '+' | '−'
            | '±'
            | '×'
            | '·'
            | '÷'
            | '∑'
            | '∏'
            | '∫'
            | '∂'
            | '∇'
            | '√'
            | '∞'
            | '∪'
            | '∩'
            | '⊗'
            | '⊕'
            | '∗'
            | '∆'
            | '∀'
            | '∃'
            | '∧'
            | '∨'
            | '¬'
            | '⟨'
            | '⟩'
            | '‖'
            | '∮'
    )
}

fn is_greek(c: char) -> bool {
    matches!(c, '\u{391}'..='\u{3c9}' | 'ϕ' | 'ϵ' | 'ϑ' | 'ϱ' | 'ϖ' | '\u{1d400}'..='\u{1d7ff}' | 'ℝ' | 'ℕ' | 'ℤ' | 'ℂ' | 'ℓ' | 'ℏ')
}

const FUNCTIONS: [&str; 32] = [
    "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log",
    "ln", "exp", "min", "max", "sup", "inf", "lim", "det", "dim", "ker", "gcd", "deg", "arg", "mod", "Pr",
    "sgn", "tr", "argmax", "argmin",
];

fn signs_of(lines: &[&Line]) -> Signs {
    let mut signs = Signs::default();
    for piece in lines.iter().flat_map(|line| &line.pieces) {
        if piece.script.is_some() && !piece.text.trim().is_empty() {
            signs.scripts += 1;
        }
        for word in piece.text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let letters = word.chars().filter(|c| c.is_alphabetic()).count();
            let single = word.chars().count() == 1;
            if single || letters == 0 {
                signs.atoms += 1;
            }
            if single && piece.italic && letters == 1 {
                signs.symbols += 1;
            }
            if letters >= 4
                && piece.script.is_none()
                && !FUNCTIONS.contains(&word)
                && !word.chars().all(is_greek)
            {
                signs.words += 1;
            }
        }
        for c in piece.text.chars() {
            signs.length += u32::from(!c.is_whitespace());
            signs.relations += u32::from(is_relation(c));
            signs.operators += u32::from(is_operator(c));
            signs.symbols +=
                u32::from(is_greek(c) || matches!(c, '∑' | '∏' | '∫' | '∂' | '∇' | '√' | '∞' | '∈'));
        }
    }
    signs
}

/// Whether a group is a display equation. `region`: the column it stands in; `em`: the body's font size.
pub(super) fn is_equation(group: &Group<'_>, region: &Rect, em: f32) -> bool {
    if group.lines.len() > MAX_LINES || group.lines.iter().all(|line| line.mono) {
        return false;
    }
    let signs = signs_of(&group.lines);
    let length = signs.length as usize;
    if !(3..=MAX_LENGTH).contains(&length) || signs.relations == 0 || signs.symbols == 0 {
        return false;
    }
    let set_in = group.bbox.x0 - region.x0 > INDENT_EMS * em;
    let tight = group.lines.len() > 1 && group.bbox.width() < 0.6 * region.width();
    if !set_in && !(tight && group.bbox.x0 > region.x0) {
        return false;
    }
    let weight = 2 * signs.relations + signs.operators + signs.symbols + signs.scripts + signs.atoms / 2;
    // One word (`where`, `otherwise`) for each six signs.
    weight >= 5 && signs.words * 6 <= weight && weight * 8 >= signs.length
}

/// Whether a group is a part of an equation beside it: a numerator, a limit, a number in brackets.
fn is_fragment(group: &Group<'_>, region: &Rect, em: f32) -> bool {
    let signs = signs_of(&group.lines);
    let text: String = group.lines.iter().map(|line| line.text()).collect();
    let numbered = equation_number(text.trim()).is_some_and(|(rest, _)| rest.is_empty());
    let set_in = group.bbox.x0 - region.x0 > INDENT_EMS * em;
    let mathematical = signs.symbols + signs.operators + signs.relations + signs.scripts + signs.atoms > 0;
    group.lines.len() <= 3 && (numbered || (set_in && signs.words == 0 && signs.length < 80 && mathematical))
}

/// Puts an equation's parts together, which different baselines keep apart.
pub(super) fn join_equations<'a>(groups: Vec<Group<'a>>, region: &Rect, em: f32) -> Vec<Group<'a>> {
    let equations: Vec<bool> = groups.iter().map(|group| is_equation(group, region, em)).collect();
    let parts: Vec<bool> = groups
        .iter()
        .zip(&equations)
        .map(|(group, equation)| *equation || is_fragment(group, region, em))
        .collect();
    let mut joined: Vec<Group<'a>> = Vec::with_capacity(groups.len());
    // Of the last group: whether it is a part, and whether an equation is in it.
    let mut last_is = (false, false);
    for ((group, equation), part) in groups.into_iter().zip(equations).zip(parts) {
        let apart = joined.last().map_or(f32::INFINITY, |last| group.bbox.y0 - last.bbox.y1);
        let room = joined.last().is_some_and(|last| last.lines.len() + group.lines.len() <= MAX_LINES);
        // Two equations below each other stay two, unless they reach into each other.
        let touches = if equation && last_is.1 { apart < -0.1 * em } else { apart < 0.45 * em };
        if last_is.0
            && part
            && (equation || last_is.1)
            && touches
            && room
            && let Some(last) = joined.last_mut()
        {
            last.bbox = last.bbox.union(&group.bbox);
            last.lines.extend(group.lines);
            last.marker = None;
            last_is.1 |= equation;
            continue;
        }
        last_is = (part, equation);
        joined.push(group);
    }
    joined
}

/// The text of an equation, line by line.
pub(super) fn equation_text(group: &Group<'_>) -> String {
    let lines = group.lines.iter().map(|line| line.text().trim().to_owned());
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// An equation's text without its number, and the number: `a = b (3.1)`.
fn equation_number(text: &str) -> Option<(&str, &str)> {
    let inner = text.trim_end().strip_suffix(')')?;
    let (rest, number) = inner.rsplit_once('(')?;
    let plausible = !number.is_empty()
        && number.len() <= 6
        && number.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_uppercase())
        && number.chars().any(|c| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    (plausible && (rest.is_empty() || rest.ends_with(' '))).then(|| (rest.trim_end(), number))
}

/// The LaTeX of an equation on one line, if each of its signs is known and stands where it can mean only one
/// thing; none otherwise.
pub(super) fn latex(group: &Group<'_>) -> Option<String> {
    let [line] = group.lines.as_slice() else { return None };
    let mut out = String::new();
    let mut pieces: Vec<Piece> = line.pieces.clone();
    let mut tag = None;
    if let Some(last) = pieces.iter_mut().rev().find(|piece| !piece.text.trim().is_empty())
        && last.script.is_none()
    {
        // The number may be a piece of its own or the end of one.
        let padded = format!(" {}", last.text);
        if let Some((rest, number)) = equation_number(&padded) {
            tag = Some(number.to_owned());
            last.text = rest.to_owned();
        }
    }
    for piece in &pieces {
        let text = piece.text.trim();
        if text.is_empty() {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
            continue;
        }
        let inner = latex_of(&piece.text, piece.italic, piece.script.is_some())?;
        match piece.script {
            Some(script) => {
                if out.trim_end().is_empty() {
                    return None;
                }
                out.truncate(out.trim_end().len());
                let mark = if script == Script::Super { '^' } else { '_' };
                // `x_{i}^{2}` is fine, `x^{2}^{3}` is not LaTeX and not certain.
                if out.ends_with('}') && last_script(&out) == Some(mark) {
                    return None;
                }
                out.push_str(&format!("{mark}{{{}}}", inner.trim()));
                if piece.text.ends_with(' ') {
                    out.push(' ');
                }
            }
            None => {
                if inner.starts_with(|c: char| c.is_ascii_alphabetic()) && ends_in_command(&out) {
                    out.push(' ');
                }
                out.push_str(&inner);
            }
        }
    }
    let out = tidy(&out);
    let balanced = [('(', ')'), ('[', ']')]
        .iter()
        .all(|(open, close)| out.matches(*open).count() == out.matches(*close).count());
    let whole = balanced && out.chars().any(is_ascii_relation) || out.contains('\\') && balanced;
    whole.then(|| match tag {
        Some(tag) => format!("{out} \\tag{{{tag}}}"),
        None => out,
    })
}

fn is_ascii_relation(c: char) -> bool {
    matches!(c, '=' | '<' | '>')
}

/// The mark of the script that `out` ends with.
fn last_script(out: &str) -> Option<char> {
    let open = out.rfind('{')?;
    out.get(..open)?.chars().next_back().filter(|c| matches!(c, '^' | '_'))
}

/// Whether a letter put behind would become part of a command's name.
fn ends_in_command(out: &str) -> bool {
    let letters = out.len() - out.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
    letters > 0 && out.get(..out.len() - letters).is_some_and(|rest| rest.ends_with('\\'))
}

fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !(c == ' ' && (out.is_empty() || out.ends_with(' '))) {
            out.push(c);
        }
    }
    out.trim_end().to_owned()
}

/// Text in one style as LaTeX; none if a sign in it is not known for certain.
fn latex_of(text: &str, italic: bool, script: bool) -> Option<String> {
    let mut out = String::new();
    let mut word = String::new();
    let close = |word: &mut String, out: &mut String| {
        if word.is_empty() {
            return;
        }
        let single = word.chars().count() == 1;
        if ends_in_command(out) {
            out.push(' ');
        }
        if FUNCTIONS[..27].contains(&word.as_str()) && !italic && !matches!(word.as_str(), "mod") {
            out.push_str(&format!("\\{word}"));
        } else if italic || single {
            out.push_str(word);
        } else {
            out.push_str(&format!("\\mathrm{{{word}}}"));
        }
        word.clear();
    };
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            word.push(c);
            continue;
        }
        close(&mut word, &mut out);
        match c {
            '0'..='9'
            | '+'
            | '='
            | '<'
            | '>'
            | '('
            | ')'
            | '['
            | ']'
            | ','
            | '.'
            | ';'
            | ':'
            | '/'
            | '!'
            | '|'
            | '\'' => {
                out.push(c);
            }
            '-' | '−' | '–' => out.push('-'),
            '′' => out.push('\''),
            c if c.is_whitespace() => out.push(' '),
            c => {
                let command = command(c)?;
                out.push_str(command);
                // Kept apart from what follows; in scripts blanks do not matter either.
                if !script && command.starts_with('\\') {
                    out.push(' ');
                }
            }
        }
    }
    close(&mut word, &mut out);
    Some(out)
}

/// Signs with one meaning. Roots, sums and integrals reach over or under what follows: not certain.
fn command(c: char) -> Option<&'static str> {
    const GREEK: [(char, &str); 40] = [
        ('α', "\\alpha"),
        ('β', "\\beta"),
        ('γ', "\\gamma"),
        ('δ', "\\delta"),
        ('ε', "\\varepsilon"),
        ('ϵ', "\\epsilon"),
        ('ζ', "\\zeta"),
        ('η', "\\eta"),
        ('θ', "\\theta"),
        ('ϑ', "\\vartheta"),
        ('ι', "\\iota"),
        ('κ', "\\kappa"),
        ('λ', "\\lambda"),
        ('μ', "\\mu"),
        ('µ', "\\mu"),
        ('ν', "\\nu"),
        ('ξ', "\\xi"),
        ('π', "\\pi"),
        ('ρ', "\\rho"),
        ('ϱ', "\\varrho"),
        ('σ', "\\sigma"),
        ('ς', "\\varsigma"),
        ('τ', "\\tau"),
        ('υ', "\\upsilon"),
        ('φ', "\\varphi"),
        ('ϕ', "\\phi"),
        ('χ', "\\chi"),
        ('ψ', "\\psi"),
        ('ω', "\\omega"),
        ('Γ', "\\Gamma"),
        ('Δ', "\\Delta"),
        ('∆', "\\Delta"),
        ('Θ', "\\Theta"),
        ('Λ', "\\Lambda"),
        ('Ξ', "\\Xi"),
        ('Π', "\\Pi"),
        ('Σ', "\\Sigma"),
        ('Φ', "\\Phi"),
        ('Ψ', "\\Psi"),
        ('Ω', "\\Omega"),
    ];
    const SIGNS: [(char, &str); 34] = [
        ('≤', "\\leq"),
        ('≥', "\\geq"),
        ('≠', "\\neq"),
        ('≈', "\\approx"),
        ('≡', "\\equiv"),
        ('∼', "\\sim"),
        ('≃', "\\simeq"),
        ('∝', "\\propto"),
        ('∈', "\\in"),
        ('⊂', "\\subset"),
        ('⊆', "\\subseteq"),
        ('→', "\\to"),
        ('⇒', "\\Rightarrow"),
        ('⇔', "\\Leftrightarrow"),
        ('≪', "\\ll"),
        ('≫', "\\gg"),
        ('↦', "\\mapsto"),
        ('±', "\\pm"),
        ('×', "\\times"),
        ('·', "\\cdot"),
        ('⋅', "\\cdot"),
        ('÷', "\\div"),
        ('∂', "\\partial"),
        ('∇', "\\nabla"),
        ('∞', "\\infty"),
        ('∪', "\\cup"),
        ('∩', "\\cap"),
        ('⊗', "\\otimes"),
        ('⊕', "\\oplus"),
        ('∗', "\\ast"),
        ('…', "\\ldots"),
        ('ℓ', "\\ell"),
        ('ℏ', "\\hbar"),
        ('∀', "\\forall"),
    ];
    GREEK.iter().chain(&SIGNS).find(|(sign, _)| *sign == c).map(|(_, command)| *command)
}

#[cfg(test)]
#[path = "equations_tests.rs"]
mod tests;
