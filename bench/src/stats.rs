//! Medians, percentiles and ratios.

/// What is shown of many samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// The summary of samples; `None` if there are none.
#[must_use]
pub fn summary(samples: &[f64]) -> Option<Summary> {
    let sorted = sorted(samples);
    Some(Summary {
        median: median(&sorted)?,
        min: *sorted.first()?,
        max: *sorted.last()?,
    })
}

/// The middle one of the samples; of an even number, halfway between the middle two.
#[must_use]
pub fn median(samples: &[f64]) -> Option<f64> {
    let sorted = sorted(samples);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// The smallest sample that at least `percent` % of the samples do not exceed (nearest rank).
#[must_use]
pub fn percentile(samples: &[f64], percent: usize) -> Option<f64> {
    let sorted = sorted(samples);
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.max(1) - 1).copied()
}

/// The ratios of two figures, round by round: both were measured within the same seconds, so what
/// slowed the machine slowed both.
#[must_use]
pub fn ratios(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    let pairs = ours.iter().zip(theirs);
    pairs.map(|(ours, theirs)| ours / theirs).collect()
}

/// The differences of two figures, round by round.
#[must_use]
pub fn differences(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    let pairs = ours.iter().zip(theirs);
    pairs.map(|(ours, theirs)| ours - theirs).collect()
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// A count as a number to calculate with: exact up to 2^53, which no count here reaches.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
#[must_use]
pub const fn from_u64(count: u64) -> f64 {
    count as f64
}

/// The same for a length.
#[must_use]
pub fn from_usize(count: usize) -> f64 {
    from_u64(count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_has_the_median_the_least_and_the_most() {
        let all = summary(&[3.0, 1.0, 2.0]);
        assert_eq!(
            all,
            Some(Summary {
                median: 2.0,
                min: 1.0,
                max: 3.0
            })
        );
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(summary(&[]), None);
    }

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        for (percent, expected) in [(0, 1.0), (1, 2.0), (50, 100.0), (99, 198.0), (100, 200.0)] {
            assert_eq!(percentile(&samples, percent), Some(expected), "{percent}");
        }
        assert_eq!(percentile(&[7.0], 99), Some(7.0));
        assert_eq!(percentile(&[], 99), None);
    }

    #[test]
    fn ratios_and_differences_are_of_the_same_round() {
        assert_eq!(ratios(&[2.0, 9.0], &[1.0, 3.0]), [2.0, 3.0]);
        assert_eq!(ratios(&[2.0, 9.0], &[1.0]), [2.0]);
        assert_eq!(differences(&[2.0, 9.0], &[1.0, 12.0]), [1.0, -3.0]);
    }
}
