//! Batches side by side, channel after channel.

use rayon::prelude::*;

use super::buffer::Buffer;
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::source::Source;
use super::tasks::{BLOCK, VALUES, pieces};

/// Writes the parts, each with its number of channels, into the channels of y one after the other.
/// Together they have the channels of y, whose shape `of` is.
pub(crate) fn concat(parts: &[(Source, usize)], of: Pictures, y: &mut [f32]) {
    pieces(of, y).into_par_iter().for_each(|(first, y)| {
        run(Concat {
            parts,
            of,
            first,
            y,
        })
    });
}

/// Writes the channels from `from` on of a stored batch, as many as `out` has for its pixels.
pub(crate) fn split(x: &[f32], of: Pictures, from: usize, channels: usize, out: &mut [f32]) {
    if channels == 0 {
        return;
    }
    let pixels = of.pixels_per(VALUES);
    out.par_chunks_mut(pixels * channels)
        .zip(x.par_chunks(pixels * of.channels))
        .for_each(|(out, x)| {
            for (out, x) in out
                .chunks_exact_mut(channels)
                .zip(x.chunks_exact(of.channels))
            {
                out.copy_from_slice(&x[from..from + channels]);
            }
        });
}

/// Consecutive pixels, from pixel `first` of the batch on.
struct Concat<'a> {
    parts: &'a [(Source<'a>, usize)],
    of: Pictures,
    first: usize,
    y: &'a mut [f32],
}

impl Kernel for Concat<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let channels = self.of.channels;
        let pixels = self.of.pixels_per(BLOCK);
        let mut scratch = Buffer::stale(pixels * channels);
        for (block, y) in self.y.chunks_mut(pixels * channels).enumerate() {
            let (first, pixels) = (self.first + block * pixels, y.len() / channels);
            let mut from = 0;
            for &(part, width) in self.parts.iter().filter(|(_, width)| *width > 0) {
                let of = Pictures {
                    channels: width,
                    ..self.of
                };
                let x = part.view(simd, of, first, &mut scratch[..pixels * width]);
                for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(width)) {
                    y[from..from + width].copy_from_slice(x);
                }
                from += width;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::{Activation, Map};
    use super::*;

    #[test]
    fn parts_lie_side_by_side_and_come_back() {
        let of = Pictures {
            batch: 2,
            height: 31,
            width: 50,
            channels: 40,
        };
        let widths = [7, 0, 32, 1];
        let values: Vec<Vec<f32>> = widths
            .iter()
            .enumerate()
            .map(|(part, width)| {
                let count = of.pixels() * width;
                (0..count)
                    .map(|i| (i % 1000) as f32 + 0.125 * part as f32 - 500.0)
                    .collect()
            })
            .collect();
        let map = Map {
            after: Activation::RELU,
            ..Map::identity(32)
        };
        let parts = [
            (Source::Stored(&values[0]), 7),
            (Source::Stored(&values[1]), 0),
            (Source::Mapped(&values[2], &map), 32),
            (Source::Stored(&values[3]), 1),
        ];
        let mut y = vec![f32::NAN; of.len()];
        concat(&parts, of, &mut y);
        let mut from = 0;
        for (part, &width) in widths.iter().enumerate() {
            let mut back = vec![f32::NAN; of.pixels() * width];
            split(&y, of, from, width, &mut back);
            let expected = values[part].iter();
            let expected: Vec<f32> = match part {
                2 => expected.map(|v| v.max(0.0)).collect(),
                _ => expected.copied().collect(),
            };
            assert_eq!(back, expected);
            from += width;
        }
    }
}
