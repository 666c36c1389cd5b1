//! Medians, spreads and ratios of measured values. No I/O.

/// The median of some values, and their 10th and 90th percentile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) p10: f64,
    pub(crate) p90: f64,
}

/// Summarizes values; nothing if there are none. NaN counts as missing.
pub(crate) fn summary(values: &[f64]) -> Option<Summary> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() {
        return None;
    }
    let at = |share| percentile(&sorted, share);
    Some(Summary { median: at(0.5), p10: at(0.1), p90: at(0.9) })
}

/// Returns the median of the ratios of values from the same round. Rounds with a missing value are left out.
pub(crate) fn median_ratio(values: &[f64], base: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = values.iter().zip(base).map(|(value, base)| value / base).collect();
    summary(&ratios).map(|summary| summary.median)
}

/// Returns a percentile, interpolated between the two nearest ranks. `sorted` must have a value.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    let rank = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    low + (high - low) * rank.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_does_not_depend_on_the_order() {
        let values = [5.0, 1.0, 3.0, 2.0, 4.0, f64::NAN];
        assert_eq!(summary(&values), Some(Summary { median: 3.0, p10: 1.4, p90: 4.6 }));
        assert_eq!(summary(&[2.0, 1.0]).map(|summary| summary.median), Some(1.5));
    }

    #[test]
    fn nothing_has_no_summary() {
        assert_eq!(summary(&[]), None);
        assert_eq!(summary(&[f64::NAN]), None);
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        // In the last round the machine was half as fast for both.
        assert_eq!(median_ratio(&[2.0, 2.0, 4.0], &[1.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median_ratio(&[f64::NAN, 6.0], &[1.0, 2.0]), Some(3.0));
    }
}
