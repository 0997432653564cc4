//! Bilinear resizing.

use rayon::prelude::*;

use super::elementwise::{load, store};
use super::pictures::Pictures;
use super::rows::{Ring, Rows};
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::strips;

/// The shapes of a resizing, as `torch.nn.functional.interpolate(mode="bilinear")`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resize {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    /// Whether the corner pixels' centres lie on each other, rather than the pictures' edges.
    pub(crate) align_corners: bool,
}

impl Resize {
    /// Writes the resized pictures.
    pub(crate) fn forward(&self, x: Source, y: &mut [f32]) {
        let [rows, columns] = self.axes().map(|axis| axis.reads);
        weighted_sums(x, [self.input, self.output], [&rows, &columns], y);
    }

    /// The gradient of x.
    pub(crate) fn backward(&self, dy: Source, dx: &mut [f32]) {
        let [rows, columns] = self.axes().map(|axis| axis.read_by);
        weighted_sums(dy, [self.output, self.input], [&rows, &columns], dx);
    }

    fn axes(&self) -> [Axis; 2] {
        let (input, output) = (self.input, self.output);
        [(input.height, output.height), (input.width, output.width)]
            .map(|(input, output)| Axis::new(input, output, self.align_corners))
    }
}

/// A pixel along one axis and its share.
type Share = (usize, f32);

/// Which pixels the outputs along one axis are made of, and where the inputs go.
struct Axis {
    reads: Vec<Vec<Share>>,
    read_by: Vec<Vec<Share>>,
}

impl Axis {
    /// In f32, as torch has it: the shares' last digits are the same.
    fn new(input: usize, output: usize, align_corners: bool) -> Self {
        let last = input.saturating_sub(1);
        let step = match (align_corners, output) {
            (false, _) => input as f32 / output as f32,
            (true, 0 | 1) => 0.0,
            (true, _) => last as f32 / (output - 1) as f32,
        };
        let reads: Vec<Vec<Share>> = (0..output)
            .map(|i| {
                let place = match align_corners {
                    false => (step * (i as f32 + 0.5) - 0.5).max(0.0),
                    true => step * i as f32,
                };
                let at = (place as usize).min(last);
                let beyond = (place - at as f32).clamp(0.0, 1.0);
                if at == last || beyond == 0.0 {
                    vec![(at, 1.0)]
                } else {
                    vec![(at, 1.0 - beyond), (at + 1, beyond)]
                }
            })
            .collect();
        let mut read_by = vec![Vec::new(); input];
        for (output, shares) in reads.iter().enumerate() {
            for &(at, share) in shares {
                read_by[at].push((output, share));
            }
        }
        Self { reads, read_by }
    }
}

/// Each pixel of `out` is a sum of the pixels that its row and its column name, times both shares.
fn weighted_sums(
    x: Source,
    [from, to]: [Pictures; 2],
    [rows, columns]: [&[Vec<Share>]; 2],
    out: &mut [f32],
) {
    // Shares are in rising order, and so are the first and the last ones' rows.
    let reach = |shares: &Vec<Share>| match (shares.first(), shares.last()) {
        (Some(first), Some(last)) => first.0..last.0 + 1,
        _ => 0..0,
    };
    let slots = rows.iter().map(|shares| reach(shares).len()).max();
    strips(to, out).into_par_iter().for_each(|out| {
        run(Part {
            x: Rows::new(x, from, out.image, Ring::plain(slots.unwrap_or(0))),
            rows: &rows[out.first..],
            columns,
            out: out.values,
        });
    });
}

/// Some rows of one picture.
struct Part<'a> {
    x: Rows<'a>,
    /// What these rows are made of.
    rows: &'a [Vec<Share>],
    columns: &'a [Vec<Share>],
    out: &'a mut [f32],
}

impl Kernel for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(mut self, simd: S) {
        let channels = self.x.pictures().channels;
        for (out, rows) in self
            .out
            .chunks_mut(self.columns.len() * channels)
            .zip(self.rows)
        {
            for &(row, _) in rows {
                self.x.read(simd, row..row + 1);
            }
            let rows: Vec<(&[f32], f32)> = rows
                .iter()
                .map(|&(row, share)| (self.x.row(row), share))
                .collect();
            for (out, columns) in out.chunks_exact_mut(channels).zip(self.columns) {
                for from in (0..channels).step_by(S::F32_LANES) {
                    let to = (from + S::F32_LANES).min(channels);
                    let mut sum = simd.splat_f32s(0.0);
                    for &(x, share) in &rows {
                        let mut of_row = simd.splat_f32s(0.0);
                        for &(column, share) in columns {
                            let x = load(simd, &x[column * channels..][from..to]);
                            of_row = simd.fma(x, simd.splat_f32s(share), of_row);
                        }
                        sum = simd.fma(of_row, simd.splat_f32s(share), sum);
                    }
                    store(simd, &mut out[from..to], sum);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = sarangi_core::Seed(seed).rng(0, 0);
        (0..count).map(|_| rng.normal() as f32).collect()
    }

    fn resize(
        input: [usize; 2],
        output: [usize; 2],
        channels: usize,
        align_corners: bool,
    ) -> Resize {
        let input = Pictures {
            batch: 2,
            height: input[0],
            width: input[1],
            channels,
        };
        let output = Pictures {
            height: output[0],
            width: output[1],
            ..input
        };
        Resize {
            input,
            output,
            align_corners,
        }
    }

    /// The two pixels that output i lies between, and the share of the second.
    fn between(i: usize, input: usize, output: usize, align_corners: bool) -> (usize, usize, f64) {
        let place = if !align_corners {
            ((i as f64 + 0.5) * input as f64 / output as f64 - 0.5).max(0.0)
        } else if output > 1 {
            i as f64 * (input - 1) as f64 / (output - 1) as f64
        } else {
            0.0
        };
        let at = (place as usize).min(input - 1);
        (at, (at + 1).min(input - 1), place - at as f64)
    }

    fn check(of: &Resize, seed: u64) {
        let (x, dy) = (
            noise(of.input.len(), seed),
            noise(of.output.len(), seed + 1),
        );
        let (mut y, mut dx) = (vec![0f64; dy.len()], vec![0f64; x.len()]);
        for (i, y) in y.iter_mut().enumerate() {
            let (pixel, c) = (i / of.output.channels, i % of.output.channels);
            let (row, ox) = (pixel / of.output.width, pixel % of.output.width);
            let (image, oy) = (row / of.output.height, row % of.output.height);
            let rows = between(oy, of.input.height, of.output.height, of.align_corners);
            let columns = between(ox, of.input.width, of.output.width, of.align_corners);
            for (row, tall) in [(rows.0, 1.0 - rows.2), (rows.1, rows.2)] {
                for (column, wide) in [(columns.0, 1.0 - columns.2), (columns.1, columns.2)] {
                    let at = (image * of.input.height + row) * of.input.width + column;
                    let at = at * of.input.channels + c;
                    *y += tall * wide * f64::from(x[at]);
                    dx[at] += tall * wide * f64::from(dy[i]);
                }
            }
        }
        for (backward, from, to, expected) in
            [(false, &x, &of.output, y), (true, &dy, &of.input, dx)]
        {
            let mut found = vec![f32::NAN; to.len()];
            if backward {
                of.backward(Source::Stored(from), &mut found);
            } else {
                of.forward(Source::Stored(from), &mut found);
            }
            let peak = expected.iter().fold(1.0f64, |peak, v| peak.max(v.abs()));
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (f64::from(*found) - expected).abs() <= 1e-5 * peak,
                    "{of:?} {backward}"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_sizes(
            input in [1usize..20, 1usize..20],
            output in [1usize..30, 1usize..30],
            channels in 1usize..40,
            align_corners: bool,
            seed in 0u64..1000,
        ) {
            check(&resize(input, output, channels, align_corners), seed);
        }
    }

    #[test]
    fn numbers_of_torch() {
        // torch.nn.functional.interpolate(torch.tensor([[[[1., 2., 4.]]]]), size=(1, 5),
        //     mode="bilinear", align_corners=False)[0, 0, 0], and with align_corners=True.
        let x = [1.0, 2.0, 4.0, 1.0, 2.0, 4.0];
        for (align_corners, expected) in [
            (false, [1.0, 1.4, 2.0, 3.2, 4.0]),
            (true, [1.0, 1.5, 2.0, 3.0, 4.0]),
        ] {
            let mut y = [0.0; 10];
            resize([1, 3], [1, 5], 1, align_corners).forward(Source::Stored(&x), &mut y);
            for (y, expected) in y.iter().zip(expected) {
                assert!((y - expected).abs() < 1e-6, "{y} {expected}");
            }
        }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let of = resize([7, 9], [7, 9], 5, false);
        let x = noise(of.input.len(), 4);
        let mut y = vec![0.0; x.len()];
        of.forward(Source::Stored(&x), &mut y);
        assert_eq!(x, y);
    }
}
