//! Formats measurements as Markdown tables. No I/O.

use crate::rounds::Series;
use crate::stats::{median_ratio, summary};

/// A column of values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// The name with the unit, as in `start, ms`.
    pub(crate) name: &'static str,
    pub(crate) decimals: usize,
}

/// Returns a Markdown table with each value as `median [p10–p90]`, and the ratio of the first column to the first row.
pub(crate) fn of_series(columns: &[Column], series: &[Series]) -> String {
    let names: Vec<String> = columns.iter().map(|column| column.name.to_owned()).collect();
    let mut rows = vec![[vec![String::new()], names, vec!["ratio".to_owned(), "rounds".to_owned()]].concat()];
    let base = series.first().map(|first| first.column(0)).unwrap_or_default();
    for one in series {
        let mut row = vec![one.name.clone()];
        row.extend(columns.iter().enumerate().map(|(at, column)| cell(&one.column(at), column.decimals)));
        let ratio = median_ratio(&one.column(0), &base);
        row.push(ratio.map_or("–".to_owned(), in_words));
        row.push(one.successes().to_string());
        rows.push(row);
    }
    let mut text = of_rows(&rows);
    for one in series {
        if let Some(failure) = &one.failure {
            text.push_str(&format!("\n{} failed: {}\n", one.name, failure.replace('\n', " ")));
        }
    }
    text
}

/// Returns a Markdown table whose first row is the head. All columns but the first are aligned to the right.
pub(crate) fn of_rows(rows: &[Vec<String>]) -> String {
    let mut lines: Vec<String> = rows.iter().map(|row| format!("| {} |", row.join(" | "))).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let rule = format!("|---|{}", "---:|".repeat(columns.saturating_sub(1)));
    lines.insert(lines.len().min(1), rule);
    lines.join("\n") + "\n"
}

/// Formats a ratio with two decimals; with more if it is small, with none if it is large.
fn in_words(ratio: f64) -> String {
    match ratio {
        ..0.1 => format!("{ratio:.4}"),
        100.0.. => format!("{ratio:.0}"),
        _ => format!("{ratio:.2}"),
    }
}

fn cell(values: &[f64], decimals: usize) -> String {
    summary(values).map_or("–".to_owned(), |summary| {
        format!("{:.decimals$} [{:.decimals$}–{:.decimals$}]", summary.median, summary.p10, summary.p90)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rounds::{Variant, interleaved};

    #[test]
    fn a_table_has_medians_spreads_and_ratios() {
        let variants = vec![
            Variant::new("raw", || Ok(vec![100.0, f64::NAN])),
            Variant::new("ours", || Ok(vec![150.0, 2.0])),
        ];
        let columns = [Column { name: "start, ms", decimals: 1 }, Column { name: "CPU, ms", decimals: 0 }];
        assert_eq!(
            of_series(&columns, &interleaved("test", variants, 3)),
            "|  | start, ms | CPU, ms | ratio | rounds |\n\
             |---|---:|---:|---:|---:|\n\
             | raw | 100.0 [100.0–100.0] | – | 1.00 | 3 |\n\
             | ours | 150.0 [150.0–150.0] | 2 [2–2] | 1.50 | 3 |\n"
        );
    }
}
