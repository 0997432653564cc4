//! Tempi that a curve of onsets may have.

/// Tempi that are looked at, in beats per minute.
const RANGE: (f64, f64) = (40.0, 250.0);
/// Tempi that are proposed.
const PROPOSED: (f64, f64) = (50.0, 215.0);
/// Steps of the first look, 1.3 % each.
const STEPS: usize = 140;

/// How alike a curve is to itself after each lag.
#[derive(Debug)]
pub(crate) struct Periodicity {
    frame_rate: f64,
    /// The autocorrelation by lag, 1 at lag 0.
    likeness: Vec<f64>,
}

impl Periodicity {
    pub(crate) fn new(curve: &[f32], frame_rate: f64) -> Self {
        let mean = curve.iter().map(|&x| f64::from(x)).sum::<f64>() / curve.len().max(1) as f64;
        let curve: Vec<f32> = curve.iter().map(|&x| x - mean as f32).collect();
        // Four beats and a half of the slowest, as far as a quarter of the curve still overlaps.
        let lags = (4.5 * 60.0 / RANGE.0 * frame_rate) as usize;
        let lags = lags.clamp(2, 1 << 14).min(curve.len() * 3 / 4);
        let energy = product(&curve, &curve).max(f64::MIN_POSITIVE);
        let likeness = (0..lags)
            .map(|lag| {
                let overlap = (curve.len() - lag) as f64 / curve.len() as f64;
                product(&curve[lag..], &curve) / energy / overlap
            })
            .collect();
        Self {
            frame_rate,
            likeness,
        }
    }

    /// Between lags on a straight line.
    fn at(&self, lag: f64) -> Option<f64> {
        let (whole, part) = (lag as usize, lag.fract());
        Some(self.likeness.get(whole)? * (1.0 - part) + self.likeness.get(whole + 1)? * part)
    }

    /// The mean likeness after one to four periods of so many frames, half a frame more or less; those
    /// beyond the last lag are left out.
    pub(crate) fn comb(&self, period: f64) -> f64 {
        let tooth = |k: u32| {
            let lag = period * f64::from(k);
            let near = [lag - 0.5, lag, lag + 0.5]
                .into_iter()
                .map(|lag| self.at(lag));
            near.collect::<Option<Vec<_>>>()
        };
        let teeth: Vec<Vec<f64>> = (1..=4).map_while(tooth).collect();
        let best = |near: &Vec<f64>| near.iter().fold(f64::NEG_INFINITY, |m, &x| m.max(x));
        teeth.iter().map(best).sum::<f64>() / teeth.len().max(1) as f64
    }

    /// The three strongest combs, their halves, doubles, thirds and triples; never none.
    pub(crate) fn candidates(&self) -> Vec<f64> {
        let ratio = (RANGE.1 / RANGE.0).powf(1.0 / (STEPS - 1) as f64);
        let tempo = |step: usize| RANGE.0 * ratio.powi(step as i32);
        let combs: Vec<f64> = (0..STEPS)
            .map(|step| self.comb(self.frame_rate * 60.0 / tempo(step)))
            .collect();
        let mut peaks: Vec<usize> = (1..STEPS - 1)
            .filter(|&i| combs[i] > combs[i - 1] && combs[i] >= combs[i + 1])
            .collect();
        peaks.sort_by(|&a, &b| combs[b].total_cmp(&combs[a]));
        peaks.truncate(3);
        let mut tempi: Vec<f64> = Vec::new();
        for peak in peaks {
            for factor in [1.0, 2.0, 0.5, 3.0, 1.0 / 3.0] {
                let bpm = self.refined(tempo(peak) * factor);
                let fits = (PROPOSED.0..=PROPOSED.1).contains(&bpm);
                if fits && tempi.iter().all(|x| (x / bpm).ln().abs() > 0.035) {
                    tempi.push(bpm);
                }
            }
        }
        if tempi.is_empty() {
            tempi.push(120.0);
        }
        tempi
    }

    /// The best tempo within 3 %, by the likeness after one to eight beats.
    fn refined(&self, bpm: f64) -> f64 {
        let near = (-12..=12).map(|i| bpm * (1.0 + 0.0025 * f64::from(i)));
        let likeness = |bpm: f64| -> f64 {
            let period = self.frame_rate * 60.0 / bpm;
            let at = |k: u32| self.at(period * f64::from(k)).unwrap_or(0.0);
            (1..=8).map(at).sum()
        };
        let best = near.map(|bpm| (likeness(bpm), bpm));
        best.fold(
            (f64::NEG_INFINITY, bpm),
            |a, b| if b.0 > a.0 { b } else { a },
        )
        .1
    }
}

/// The sum of products, in eight sums that do not wait for each other.
fn product(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0f32; 8];
    let len = a.len().min(b.len());
    let (a, b) = (a[..len].chunks_exact(8), b[..len].chunks_exact(8));
    let rest: f32 = a
        .remainder()
        .iter()
        .zip(b.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (a, b) in a.zip(b) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    f64::from(sums.iter().sum::<f32>() + rest)
}

/// A curve above its mean over `reach` frames on both sides, else 0.
pub(crate) fn spread(curve: &[f32], reach: usize) -> Vec<f32> {
    let mut sums = vec![0.0f64];
    sums.extend(curve.iter().scan(0.0, |sum, &x| {
        *sum += f64::from(x);
        Some(*sum)
    }));
    let above = |(i, &x): (usize, &f32)| {
        let (from, to) = (i.saturating_sub(reach), curve.len().min(i + reach + 1));
        let mean = (sums[to] - sums[from]) / (to - from) as f64;
        (f64::from(x) - mean).max(0.0) as f32
    };
    curve.iter().enumerate().map(above).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_are_alike_after_their_period() {
        let mut clicks = vec![0.0; 1200];
        (5..1200).step_by(20).for_each(|i| clicks[i] = 1.0);
        let periodicity = Periodicity::new(&clicks, 40.0);
        assert!((periodicity.comb(20.0) - 1.0).abs() < 0.02);
        assert!(periodicity.comb(13.0) < 0.1);
        let tempi = periodicity.candidates();
        assert!(
            tempi.iter().any(|bpm| (bpm - 120.0).abs() < 0.5),
            "{tempi:?}"
        );
        assert!(
            tempi.iter().any(|bpm| (bpm - 60.0).abs() < 0.5),
            "{tempi:?}"
        );
    }

    #[test]
    fn nothing_at_all_still_has_a_candidate() {
        for len in [0, 1, 2, 7] {
            assert!(
                !Periodicity::new(&vec![0.0; len], 43.0)
                    .candidates()
                    .is_empty()
            );
        }
    }
}
