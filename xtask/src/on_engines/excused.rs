//! The tests that an engine cannot pass, from the table in `docs/engines.md`, which has a reason for each.

use anyhow::{Context, Result, ensure};

use crate::engine::guest::Recipe;
use crate::workspace;

/// The header of the table.
const HEADER: &str = "| test | engines | reason |";

/// Returns the names of the tests that are not run on an engine, as the test harness knows them.
///
/// # Errors
/// Fails if the table is missing or a row of it is not valid.
pub(crate) fn on(engine: &str) -> Result<Vec<String>> {
    let path = workspace::root().join("docs/engines.md");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("failed to read `{}`", path.display()))?;
    let rows = rows(&text)?;
    Ok(rows
        .into_iter()
        .filter(|row| row.engines.iter().any(|name| name == engine))
        .map(|row| row.test)
        .collect())
}

/// Returns the filter that leaves tests out.
pub(crate) fn filter(tests: &[String]) -> String {
    let names: Vec<_> = tests.iter().map(|test| format!("test(={test})")).collect();
    format!("not ({})", names.join(" | "))
}

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    test: String,
    engines: Vec<String>,
}

fn rows(text: &str) -> Result<Vec<Row>> {
    let mut lines = text.lines().skip_while(|line| *line != HEADER);
    lines.next().with_context(|| format!("`docs/engines.md` has no table with the header `{HEADER}`"))?;
    lines.skip(1).take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> Result<Row> {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    ensure!(
        cells.len() == 3 && !cells[2].is_empty(),
        "the row `{line}` of `docs/engines.md` should have a test, engines and a reason"
    );
    let names = |cell: &str| -> Vec<String> {
        cell.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect()
    };
    let engines = names(cells[1]);
    for engine in &engines {
        Recipe::named(engine)
            .with_context(|| format!("the row `{line}` of `docs/engines.md` is not valid"))?;
    }
    Ok(Row { test: cells[0].trim_matches('`').to_owned(), engines })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_document_has_a_test_known_engines_and_a_reason() {
        for recipe in Recipe::known() {
            on(&recipe.name).expect("the table is valid");
        }
    }

    #[test]
    fn rows_are_read_up_to_the_end_of_the_table() {
        let text =
            format!("text\n\n{HEADER}\n|---|---|---|\n| `a::b` | `podman-4`, `podman-5` | so |\n\n| x |\n");
        let row = Row { test: "a::b".into(), engines: vec!["podman-4".into(), "podman-5".into()] };
        assert_eq!(rows(&text).expect("it is valid"), [row]);
        assert_eq!(filter(&["a::b".into(), "c".into()]), "not (test(=a::b) | test(=c))");
    }

    #[test]
    fn a_row_without_reason_or_with_an_unknown_engine_is_refused() {
        for line in ["| `a` | `podman-5` | |", "| `a` | `podman-9` | so |", "| `a` | `podman-5` |"] {
            assert!(rows(&format!("{HEADER}\n|---|---|---|\n{line}\n")).is_err(), "{line}");
        }
        assert!(rows("no table").is_err());
    }
}
