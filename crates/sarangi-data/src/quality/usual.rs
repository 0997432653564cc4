//! What is usual in a class.

use super::QualitySpec;

/// Fewer have no usual value.
const LEAST: usize = 3;
/// The standard deviation of a normal distribution is so many median absolute deviations.
const NORMAL: f64 = 1.4826;

/// The values that are usual: the median, and how far from it one may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usual {
    pub(super) median: f64,
    reach: f64,
}

impl Usual {
    /// What is usual among these; nothing, if there are few.
    pub(super) fn of(values: impl IntoIterator<Item = f64>, spec: &QualitySpec) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        if values.len() < LEAST {
            return None;
        }
        let centre = median(&mut values);
        let mut distances: Vec<f64> = values.iter().map(|x| (x - centre).abs()).collect();
        let deviation = NORMAL * median(&mut distances);
        let reach = (spec.usual_share * centre).max(spec.usual_deviations * deviation);
        Some(Self {
            median: centre,
            reach,
        })
    }

    pub(super) fn has(&self, value: f64) -> bool {
        (value - self.median).abs() <= self.reach
    }
}

/// The middle of the values, which it sorts.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let (half, odd) = (values.len() / 2, values.len() % 2 == 1);
    match values.get(half) {
        Some(&middle) if odd || half == 0 => middle,
        Some(&middle) => (values[half - 1] + middle) / 2.0,
        None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_of_one_length_show_the_short_one_and_songs_differ() {
        let spec = QualitySpec::default();
        let clips = [30.0, 30.0, 30.01, 29.99, 30.65, 27.0];
        let usual = Usual::of(clips, &spec).unwrap();
        assert!((usual.median - 30.0).abs() < 1e-9);
        let odd: Vec<f64> = clips.into_iter().filter(|&x| !usual.has(x)).collect();
        assert_eq!(odd, [27.0]);

        let songs = [182.0, 240.0, 205.0, 331.0, 268.0, 2150.0];
        let usual = Usual::of(songs, &spec).unwrap();
        let odd: Vec<f64> = songs.into_iter().filter(|&x| !usual.has(x)).collect();
        assert_eq!(odd, [2150.0]);
        assert_eq!(Usual::of([1.0, 9.0], &spec), None);
    }
}
