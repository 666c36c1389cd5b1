//! Variables that begin as Seatrial's do and that nothing reads: mostly misspelt ones.

use crate::config::VARIABLES;

/// The prefix of Seatrial's own variables.
const PREFIX: &str = "SEATRIAL_";

/// Variables that Seatrial sets for others, and prefixes that its own tests use.
const OTHERS: [&str; 5] =
    ["SEATRIAL_TEST_NAME", "SEATRIAL_CASE", "SEATRIAL_EXEC", "SEATRIAL_CRASH_SEED", "SEATRIAL_TESTS_"];

/// Returns a warning for each of these names that begins with `SEATRIAL_` and is none of Seatrial's variables. Names the
/// nearest variable, if one is near.
pub(crate) fn warnings(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut unknown: Vec<_> = names.into_iter().filter(|name| is_unknown(name)).collect();
    unknown.sort();
    unknown.into_iter().map(|name| warning(&name)).collect()
}

fn is_unknown(name: &str) -> bool {
    let is_other = |other: &str| if other.ends_with('_') { name.starts_with(other) } else { name == other };
    let is_known =
        VARIABLES.iter().any(|(known, _)| *known == name) || OTHERS.iter().any(|other| is_other(other));
    name.starts_with(PREFIX) && !is_known
}

fn warning(name: &str) -> String {
    let nearest = nearest(name).map_or_else(String::new, |known| format!("; did you mean `{known}`?"));
    format!("the environment variable `{name}` means nothing to Seatrial{nearest}")
}

/// Returns the variable of ours that takes the fewest edits, if these are at most a third of its own part of the name.
fn nearest(name: &str) -> Option<&'static str> {
    let ours = VARIABLES.iter().map(|(known, _)| *known).filter(|known| known.starts_with(PREFIX));
    let (edits, known) = ours.map(|known| (edits(name, known), known)).min()?;
    (edits <= (known.len() - PREFIX.len()).div_ceil(3)).then_some(known)
}

/// Returns the number of letters to insert, delete, replace, or swap with their neighbours, to get from one text to the
/// other (the optimal string alignment distance).
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings_of(names: &[&str]) -> Vec<String> {
        warnings(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn a_misspelt_variable_is_named_with_the_nearest_one() {
        for (name, meant) in [
            ("SEATRIAL_REEPER", "SEATRIAL_REAPER"),
            ("SEATRIAL_REAPPER", "SEATRIAL_REAPER"),
            ("SEATRIAL_KEPE", "SEATRIAL_KEEP"),
            ("SEATRIAL_STARTUP_TIME_OUT", "SEATRIAL_STARTUP_TIMEOUT"),
            ("SEATRIAL_REAPERIMAGE", "SEATRIAL_REAPER_IMAGE"),
            ("SEATRIAL_SESSION", "SEATRIAL_SESSION_ID"),
            ("SEATRIAL_PARALELISM", "SEATRIAL_PARALLELISM"),
        ] {
            let expected = format!(
                "the environment variable `{name}` means nothing to Seatrial; did you mean `{meant}`?"
            );
            assert_eq!(warnings_of(&[name]), [expected]);
        }
    }

    #[test]
    fn a_variable_that_is_like_none_is_named_alone() {
        let expected = "the environment variable `SEATRIAL_COLOUR_OF_THE_SKY` means nothing to Seatrial";
        assert_eq!(warnings_of(&["SEATRIAL_COLOUR_OF_THE_SKY"]), [expected]);
    }

    #[test]
    fn variables_of_seatrial_and_of_others_are_not_warned_of() {
        let ours = VARIABLES.iter().map(|(name, _)| *name);
        let others = ["PATH", "SEATRIAL", "SEATRIALS_KEEP", "SEATRIAL_TEST_NAME", "SEATRIAL_TESTS_SCENARIO"];
        assert_eq!(warnings_of(&ours.chain(others).collect::<Vec<_>>()), [""; 0]);
    }

    #[test]
    fn edits_are_counted() {
        for (from, to, expected) in
            [("", "", 0), ("a", "", 1), ("abc", "acb", 1), ("abc", "axc", 1), ("abc", "b", 2)]
        {
            assert_eq!((edits(from, to), edits(to, from)), (expected, expected), "{from} {to}");
        }
    }
}
