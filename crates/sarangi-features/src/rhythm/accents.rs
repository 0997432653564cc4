//! How loud new sounds are, as a beat tracker needs to know that wants to tell beats from their halves.

/// Decibels below the loudest value of the map that count.
const RANGE: f32 = 80.0;

/// Curves of new loudness, one value for each frame.
#[derive(Debug)]
pub(crate) struct Accents {
    /// The lowest twentieth of the bands, where kick drums and basses are.
    pub(crate) low: Vec<f32>,
    /// The sum of four groups of bands, each counting alike.
    pub(crate) all: Vec<f32>,
}

impl Accents {
    /// The rises of the cube of the level, which goes from 0 to 1 over the range.
    ///
    /// Onset strength in decibels makes a hat in an empty band as strong as a drum; the cube is near
    /// to loudness (power to 0.3) and leaves the drum the stronger. A rise is over two frames, for a
    /// transform spreads a stroke over more than one.
    ///
    /// # Shapes
    /// `log_mel` is row-major (bands, `frames`), in decibels.
    pub(crate) fn of_log_mel(log_mel: &[f32], frames: usize) -> Self {
        let mut accents = Self {
            low: vec![0.0; frames],
            all: vec![0.0; frames],
        };
        let bands = log_mel.len() / frames.max(1);
        let loudest = log_mel.iter().fold(f32::NEG_INFINITY, |m, &x| m.max(x));
        let edges = [0, bands / 20, bands * 3 / 10, bands * 6 / 10, bands];
        let mut group = vec![0.0; frames];
        let mut level = vec![0.0; frames];
        for (i, pair) in edges.windows(2).enumerate() {
            // Of few bands the lowest group still has one.
            let (from, to) = (pair[0], pair[1].max(usize::from(i == 0)));
            if from >= to || to > bands {
                continue;
            }
            group.fill(0.0);
            for row in log_mel[from * frames..to * frames].chunks_exact(frames) {
                for (y, &x) in level.iter_mut().zip(row) {
                    let share = ((x - loudest) / RANGE + 1.0).max(0.0);
                    *y = share * share * share;
                }
                for (y, w) in group.iter_mut().skip(2).zip(level.windows(3)) {
                    *y += (w[2] - w[0].max(w[1])).max(0.0);
                }
            }
            let scale = 1.0 / (to - from) as f32;
            if i == 0 {
                accents
                    .low
                    .iter_mut()
                    .zip(&group)
                    .for_each(|(y, x)| *y = x * scale);
            }
            accents
                .all
                .iter_mut()
                .zip(&group)
                .for_each(|(y, x)| *y += x * scale);
        }
        accents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loud_stroke_outweighs_a_soft_one_that_rises_as_far() {
        // Two bands; the upper rises by 40 dB below the other's 40 dB.
        let map = [
            -40.0, -40.0, -40.0, 0.0, 0.0, -80.0, -80.0, -80.0, -80.0, -40.0,
        ];
        let accents = Accents::of_log_mel(&map, 5);
        assert_eq!(accents.low, [0.0, 0.0, 0.0, 0.875, 0.0]);
        assert!((accents.all[4] - 0.125).abs() < 1e-6, "{:?}", accents.all);
    }
}
