//! A doc comment begins with a verb or a noun: "Returns the port …", "A container's identity …".
//!
//! Those that begin with a question word are counted: none on `pub` items, and few elsewhere.

use crate::tidy::reading::{Source, Workspace};

const QUESTION_WORDS: &[&str] = &["How", "Those", "What", "When", "Where", "Whether", "Who", "Whose", "Why"];

/// The share of doc comments, in percent, that may begin with such a word where no `pub` item is documented.
const MOST_PERCENT: usize = 2;

/// A doc comment's first line.
struct Opening<'text> {
    line: usize,
    text: &'text str,
    /// `true` if what it documents is `pub` without restriction.
    is_public: bool,
}

/// Returns the doc comments of `pub` items that begin with a question word, and all others where they are too many.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let (mut count, mut public, mut private) = (0, Vec::new(), Vec::new());
    for source in &workspace.sources {
        for opening in openings(source) {
            count += 1;
            let first = opening.text.split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default();
            if QUESTION_WORDS.contains(&first) {
                let reported = format!("{}:{}: {}", source.path, opening.line, opening.text);
                if opening.is_public { public.push(reported) } else { private.push(reported) }
            }
        }
    }
    let found = public.len() + private.len();
    if found * 100 <= count * MOST_PERCENT {
        return public;
    }
    let share =
        format!("{found} of {count} doc comments begin with a question word, of {MOST_PERCENT} % at most");
    public.into_iter().chain(private).chain([share]).collect()
}

/// Returns the first line of each doc comment in a source.
fn openings(source: &Source) -> Vec<Opening<'_>> {
    let lines: Vec<_> = source.text.lines().map(str::trim).collect();
    let mut openings = Vec::new();
    for (at, text) in lines.iter().enumerate() {
        let is_first = at == 0 || doc(lines[at - 1]).is_none();
        if let Some(text) = doc(text).filter(|_| is_first) {
            let item = lines[at..].iter().find(|line| doc(line).is_none() && !line.starts_with("#["));
            let is_public = item.is_some_and(|line| line.starts_with("pub "));
            openings.push(Opening { line: at + 1, text, is_public });
        }
    }
    openings
}

/// Returns the text of a line of a doc comment.
fn doc(line: &str) -> Option<&str> {
    let text = line.strip_prefix("///").or(line.strip_prefix("//!"))?;
    if text.starts_with('/') { None } else { Some(text.trim_start()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    fn of(text: &str) -> Vec<String> {
        check(&Workspace::of(&[("a.rs", text)]))
    }

    #[test]
    fn a_question_word_on_a_public_item_is_reported() {
        let many = "/// A name.\nstruct S;\n".repeat(100);
        let public = format!("/// What it is.\n/// Two lines.\n#[must_use]\npub fn f() {{}}\n{many}");
        assert_eq!(of(&public), ["a.rs:1: What it is."]);
        assert_eq!(of(&public.replace("pub fn", "pub(crate) fn")), [""; 0]);
        assert_eq!(of(&public.replace("What it is", "Whatever it is")), [""; 0]);
    }

    #[test]
    fn too_many_question_words_are_reported() {
        let reported =
            of("//! A file.\n\n/// A name.\n/// What it is, on the second line.\nx\n/// Where it is.\ny\n");
        let share = "1 of 3 doc comments begin with a question word, of 2 % at most";
        assert_eq!(reported, ["a.rs:6: Where it is.", share]);
    }

    #[test]
    fn doc_comments_begin_with_a_verb_or_a_noun() {
        assert_clean(check);
    }
}
