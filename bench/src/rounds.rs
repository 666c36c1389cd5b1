//! Measures variants in turn (A B C A B C …), so that other load on the machine affects all of them alike.

use anyhow::Result;

/// A variant to be measured; one measurement gives one value per column.
pub(crate) struct Variant<'a> {
    pub(crate) name: String,
    measure: Box<dyn FnMut() -> Result<Vec<f64>> + 'a>,
}

/// The measurements of one variant.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// The values of each round; NaN in all columns if the round failed.
    rounds: Vec<Vec<f64>>,
    /// The last failure, if there was one.
    pub(crate) failure: Option<String>,
}

impl<'a> Variant<'a> {
    pub(crate) fn new(name: impl Into<String>, measure: impl FnMut() -> Result<Vec<f64>> + 'a) -> Self {
        Self { name: name.into(), measure: Box::new(measure) }
    }
}

impl Series {
    /// Returns the values of one column, one per round.
    pub(crate) fn column(&self, column: usize) -> Vec<f64> {
        self.rounds.iter().map(|values| values.get(column).copied().unwrap_or(f64::NAN)).collect()
    }

    /// Adds the result of a round.
    fn take(&mut self, measured: Result<Vec<f64>>) {
        match measured {
            Ok(values) => self.rounds.push(values),
            Err(error) => {
                self.rounds.push(Vec::new());
                self.failure = Some(format!("{error:#}"));
            }
        }
    }

    /// Returns the number of rounds that did not fail.
    pub(crate) fn successes(&self) -> usize {
        self.rounds.iter().filter(|values| !values.is_empty()).count()
    }
}

/// Runs all variants once to warm up, and then in `rounds` rounds. A variant that fails is tried again in the next
/// round.
pub(crate) fn interleaved(title: &str, mut variants: Vec<Variant<'_>>, rounds: usize) -> Vec<Series> {
    let mut series: Vec<Series> = variants
        .iter()
        .map(|variant| Series { name: variant.name.clone(), rounds: Vec::new(), failure: None })
        .collect();
    for round in 0..=rounds {
        match round {
            0 => eprintln!("{title}: warm-up"),
            _ => eprintln!("{title}: round {round} of {rounds}"),
        }
        for (variant, series) in variants.iter_mut().zip(&mut series) {
            let measured = (variant.measure)();
            if let Err(error) = &measured {
                eprintln!("{title}: {}: {error:#}", variant.name);
            }
            if round > 0 {
                series.take(measured);
            }
        }
    }
    series
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use anyhow::bail;

    use super::*;

    #[test]
    fn variants_run_in_turn_after_a_warm_up() {
        let order = RefCell::new(String::new());
        let variant = |name: &'static str| {
            let order = &order;
            Variant::new(name, move || {
                order.borrow_mut().push_str(name);
                Ok(vec![1.0])
            })
        };
        let series = interleaved("test", vec![variant("a"), variant("b")], 2);
        assert_eq!(*order.borrow(), "ababab");
        assert_eq!(series[1].column(0), [1.0, 1.0]);
    }

    #[test]
    fn a_failed_round_is_missing_and_named() {
        let mut round = 0;
        let variant = Variant::new("a", || {
            round += 1;
            if round == 2 {
                bail!("no luck")
            }
            Ok(vec![f64::from(round)])
        });
        let series = interleaved("test", vec![variant], 2);
        assert_eq!((series[0].successes(), series[0].failure.as_deref()), (1, Some("no luck")));
        assert!(series[0].column(0)[0].is_nan());
    }
}
