//! `contracts`: writes the tests columns of `docs/contracts.md` from the ids in the tests' doc comments.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};

use crate::tidy::{Source, Workspace};
use crate::workspace;

/// The document, from the workspace's root.
const DOCUMENT: &str = "docs/contracts.md";

/// The letters that ids begin with.
const LETTERS: &str = "ACDEMPRSX";

/// The paths of the files whose doc comments name a contract, by the contract's id.
type Table = BTreeMap<String, BTreeSet<String>>;

/// Writes the tests columns anew.
///
/// # Errors
/// If a source names a contract that the document does not have, or a file cannot be read or written.
pub(crate) fn contracts() -> Result<()> {
    let path = workspace::root().join(DOCUMENT);
    let (before, after) = documents()?;
    if before == after {
        println!("{DOCUMENT} is up to date");
        return Ok(());
    }
    std::fs::write(&path, after).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{DOCUMENT} was written");
    Ok(())
}

/// Returns the document as it is, and as the sources want it.
fn documents() -> Result<(String, String)> {
    let root = workspace::root();
    let document = std::fs::read_to_string(root.join(DOCUMENT))
        .with_context(|| format!("cannot read {DOCUMENT} in {}", root.display()))?;
    let table = table(&Workspace::read(&root)?.sources);
    let known: BTreeSet<_> = document.lines().filter_map(row).map(|row| row.id).collect();
    let unknown: Vec<_> = table.iter().filter(|(id, _)| !known.contains(id.as_str())).collect();
    ensure!(
        unknown.is_empty(),
        "{DOCUMENT} has no row for these contracts, which doc comments name: {unknown:?}"
    );
    let written = write(&document, &table);
    Ok((document, written))
}

/// Returns the document with the tests columns that the table wants.
fn write(document: &str, table: &Table) -> String {
    let line = |line: &str| match row(line) {
        Some(Row { id, promise }) => {
            let mut files: Vec<_> =
                table.get(id).into_iter().flatten().map(|file| format!("`{file}`")).collect();
            // Those that need an engine come first, then those of a `src/`.
            files.sort_by_key(|file| file.contains("/src/"));
            let files = files.join("<br>");
            let gap = if files.is_empty() { "" } else { " " };
            format!("| {id} | {promise} | {files}{gap}|\n")
        }
        None => format!("{line}\n"),
    };
    document.lines().map(line).collect()
}

/// A contract's row in the document, without its tests.
struct Row<'line> {
    id: &'line str,
    promise: &'line str,
}

/// Reads a line of the document, if it is the row of a contract.
fn row(line: &str) -> Option<Row<'_>> {
    let (id, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
    self::id(id)?;
    let (promise, _) = rest.strip_suffix('|')?.rsplit_once(" |")?;
    Some(Row { id, promise })
}

/// Returns the contracts that the sources' doc comments name. Benchmarks show none.
fn table(sources: &[Source]) -> Table {
    let mut table = Table::new();
    for source in sources.iter().filter(|source| !source.path.starts_with("bench/")) {
        let lines = source.text.lines().map(str::trim_start);
        let comments = lines.filter_map(|line| line.strip_prefix("///").or(line.strip_prefix("//!")));
        for id in comments.flat_map(ids) {
            table.entry(id).or_default().insert(source.path.clone());
        }
    }
    table
}

/// Returns the ids in a text; two ids with an en dash between them stand for all from the first to the last.
fn ids(text: &str) -> Vec<String> {
    let words = text.split(|char: char| !char.is_alphanumeric() && char != '–');
    let ranges = words.filter_map(|word| {
        let (first, last) = word.split_once('–').unwrap_or((word, word));
        let ((letter, from), (other, to)) = (id(first)?, id(last)?);
        (letter == other).then(|| (from..=to).map(move |number| format!("{letter}{number}")))
    });
    ranges.flatten().collect()
}

/// Returns the letter and the number of an id.
fn id(word: &str) -> Option<(char, u32)> {
    let letter = word.chars().next().filter(|letter| LETTERS.contains(*letter))?;
    Some((letter, word[1..].parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_texts() {
        assert_eq!(ids(" C1, E12: *pure*. Not B1, A, E2BIG or xA1."), ["C1", "E12"]);
        assert_eq!(ids("Cases (A1–A3)."), ["A1", "A2", "A3"]);
    }

    #[test]
    fn only_the_tests_columns_are_written() {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        let sources = [
            source("a/src/y.rs", "/// P1: it holds.\n"),
            source("x.rs", "//! P1, P3.\n// P2\n"),
            source("bench/z.rs", "/// P1.\n"),
        ];
        let document = "# P1\n| id | promise | tests |\n| P1 | A promise: `a` | b. | `z.rs` |\n| P2 | Built. | `x.rs` |\n";
        let written = "# P1\n| id | promise | tests |\n| P1 | A promise: `a` | b. | `x.rs`<br>`a/src/y.rs` |\n| P2 | Built. | |\n";
        assert_eq!(write(document, &table(&sources)), written);
        assert_eq!(write(written, &table(&sources)), written);
    }

    #[test]
    fn the_tests_columns_are_up_to_date() {
        let (before, after) = documents().expect("the document");
        let stale: Vec<_> =
            before.lines().zip(after.lines()).filter(|(before, after)| before != after).collect();
        assert!(before == after, "`cargo xtask contracts` writes these rows anew:\n{stale:#?}");
    }
}
