//! The table of promises in `docs/contracts.md` against the tests that name them: it is true, and nothing is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use walkdir::WalkDir;

use crate::workspace;

/// Which files hold a promise, by its id.
type Table = BTreeMap<String, BTreeSet<String>>;

/// The letters that ids begin with.
const LETTERS: &str = "ACDEMPRSX";

/// What the document says.
fn of_document(text: &str) -> Table {
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.splitn(2, " | ");
        let (id, rest) = (cells.next()?, cells.next()?);
        ids(id).first()?;
        let (_, files) = rest.strip_suffix(" |")?.rsplit_once('|')?;
        let files = files.split("<br>").map(|file| file.trim().trim_matches('`').to_owned());
        Some((id.to_owned(), files.filter(|file| !file.is_empty()).collect()))
    });
    rows.collect()
}

/// What the documentation comments of all packages say.
fn of_sources(root: &Path) -> Table {
    let mut table = Table::new();
    let is_source = |path: &Path| path.extension().is_some_and(|extension| extension == "rs");
    let is_elsewhere = |name: &str| name == "target" || name == "bench" || name.starts_with('.');
    let files = WalkDir::new(root).min_depth(1).into_iter().filter_entry(|entry| {
        !entry.file_type().is_dir() || !entry.file_name().to_str().is_some_and(is_elsewhere)
    });
    for file in files.filter_map(Result::ok).filter(|file| is_source(file.path())) {
        let text = std::fs::read_to_string(file.path()).expect("a source");
        let name = file.path().strip_prefix(root).expect("it is inside").display().to_string();
        let lines = text.lines().map(str::trim_start);
        let comments = lines.filter_map(|line| line.strip_prefix("///").or(line.strip_prefix("//!")));
        for id in comments.flat_map(ids) {
            table.entry(id).or_default().insert(name.clone());
        }
    }
    table
}

/// The ids in a text, where `A1–A3` is three of them.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric() && char != '–');
    let ranges = words.filter_map(|word| {
        let (first, last) = word.split_once('–').unwrap_or((word, word));
        let ((letter, from), (other, to)) = (id(first)?, id(last)?);
        (letter == other).then(|| (from..=to).map(move |number| format!("{letter}{number}")))
    });
    ranges.flatten().collect()
}

fn id(word: &str) -> Option<(char, u32)> {
    let letter = word.chars().next().filter(|letter| LETTERS.contains(*letter))?;
    Some((letter, word[1..].parse().ok()?))
}

#[test]
fn ids_are_found_in_texts() {
    assert_eq!(ids(" C1, E12: *pure*. Not B1, A, E2BIG or xA1."), ["C1", "E12"]);
    assert_eq!(ids("Cases (A1–A3)."), ["A1", "A2", "A3"]);
    let row =
        "| P1 | A promise: `a` | b. | `x.rs`<br>`y.rs` |\n| P2 | Built. |  |\n| id | promise | tests |\n";
    let table = of_document(row);
    assert_eq!(table["P1"], BTreeSet::from(["x.rs".to_owned(), "y.rs".to_owned()]));
    assert!(table["P2"].is_empty() && table.len() == 2);
}

#[test]
fn each_promise_names_the_files_that_name_it_and_no_others() {
    let root = workspace::root();
    let document = std::fs::read_to_string(root.join("docs/contracts.md")).expect("the document");
    let (said, shown) = (of_document(&document), of_sources(&root));
    let none = BTreeSet::new();
    let mut wrong = Vec::new();
    for id in said.keys().chain(shown.keys()).collect::<BTreeSet<_>>() {
        if !said.contains_key(id) {
            wrong.push(format!("{id} is not in the table"));
        }
        let (said, shown) = (said.get(id).unwrap_or(&none), shown.get(id).unwrap_or(&none));
        wrong.extend(said.difference(shown).map(|file| format!("{id}: `{file}` does not name it")));
        wrong.extend(shown.difference(said).map(|file| format!("{id}: `{file}` is not in its row")));
    }
    assert!(wrong.is_empty(), "`docs/contracts.md` is not true:\n{}", wrong.join("\n"));
}
