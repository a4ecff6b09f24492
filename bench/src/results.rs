//! The figures of all rounds, and their medians.

use std::collections::BTreeMap;

/// Figures of a round, each with its name: `init` and `cold` in ms, `warm` and `cpu` in µs, `peak`, `growth` and
/// `size` in MiB, `requests`, `reads` and `writes`.
pub type Round = Vec<(&'static str, f64)>;

/// The samples of each figure of each candidate.
#[derive(Debug, Default)]
pub struct Results(BTreeMap<(String, String), Vec<f64>>);

impl Results {
    /// Adds a round of a candidate.
    pub fn add(&mut self, candidate: &str, round: Round) {
        for (figure, value) in round {
            let key = (figure.to_owned(), candidate.to_owned());
            self.0.entry(key).or_default().push(value);
        }
    }

    /// The median of a figure; `None` if it was not measured.
    pub fn median(&self, figure: &str, candidate: &str) -> Option<f64> {
        median(self.samples(figure, candidate))
    }

    /// The median of the ratios of each round. A slow machine slows both sides of a ratio.
    pub fn ratio(&self, figure: &str, candidate: &str, to: &str) -> Option<f64> {
        let [ours, theirs] = [candidate, to].map(|name| self.samples(figure, name).iter());
        let ratios = ours.zip(theirs).map(|(ours, theirs)| ours / theirs);
        median(&ratios.collect::<Vec<_>>())
    }

    fn samples(&self, figure: &str, candidate: &str) -> &[f64] {
        let key = (figure.to_owned(), candidate.to_owned());
        self.0.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// The middle sample; of an even number, halfway between the middle two.
pub fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(f64::midpoint(sorted[(sorted.len() - 1) / 2], upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_sample_or_between_the_middle_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_ratio_is_taken_in_each_round() {
        let mut results = Results::default();
        for (hello, ours) in [(1.0, 2.0), (10.0, 11.0), (2.0, 3.0)] {
            results.add("hello", vec![("init", hello)]);
            results.add("ours", vec![("init", ours)]);
        }
        assert_eq!(results.ratio("init", "ours", "hello"), Some(1.5));
        assert_eq!(results.median("init", "ours"), Some(3.0));
        assert_eq!(results.ratio("cpu", "ours", "hello"), None);
    }
}
