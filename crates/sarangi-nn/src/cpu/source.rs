//! What kernels read.

use super::map::{Linear, Map};
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};

/// A batch of channels-last pictures: stored, or computed as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// The values themselves.
    Stored(&'a [f32]),
    /// The values in the order (batch, channels, height, width).
    Planar(&'a [f32]),
    /// A chain applied to stored values.
    Mapped(&'a [f32], &'a Map),
    /// The gradient of the stored values `x` below a chain, from the gradient `dy` above it.
    Gradient {
        dy: &'a [f32],
        x: &'a [f32],
        map: &'a Map,
        linear: &'a Linear,
    },
}

impl Source<'_> {
    /// Writes consecutive pixels of one picture, from pixel `first` of the batch on, to `out`.
    ///
    /// Call it from inside a [`Kernel`].
    #[inline(always)]
    pub(crate) fn read<S: Lanes>(&self, simd: S, of: Pictures, first: usize, out: &mut [f32]) {
        let at = first * of.channels;
        match *self {
            Self::Stored(x) => out.copy_from_slice(&x[at..at + out.len()]),
            Self::Planar(x) => {
                let plane = of.height * of.width;
                let (image, pixel) = (first / plane, first % plane);
                let x = &x[image * of.image()..][..of.image()];
                for (channel, x) in x.chunks_exact(plane).enumerate() {
                    let out = out[channel..].iter_mut().step_by(of.channels);
                    out.zip(&x[pixel..]).for_each(|(out, &x)| *out = x);
                }
            }
            Self::Mapped(x, map) => map.forward(simd, at, &x[at..at + out.len()], out),
            Self::Gradient { dy, x, map, linear } => {
                out.copy_from_slice(&dy[at..at + out.len()]);
                map.backward(simd, at, &x[at..at + out.len()], linear, out);
            }
        }
    }

    /// The values, if they are stored as they are.
    pub(crate) fn stored(&self) -> Option<&[f32]> {
        match self {
            Self::Stored(x) => Some(x),
            _ => None,
        }
    }

    /// Writes the whole batch to `out`, in parallel.
    pub(crate) fn materialise(&self, of: Pictures, out: &mut [f32]) {
        use rayon::prelude::*;
        // Within one picture, since planar pictures have their pixels in different places.
        let pixels = (BLOCK / of.channels.max(1)).clamp(1, (of.height * of.width).max(1));
        let per_image = (of.height * of.width).div_ceil(pixels);
        out.par_chunks_mut(of.image().max(1))
            .enumerate()
            .flat_map(|(image, out)| {
                out.par_chunks_mut(pixels * of.channels)
                    .enumerate()
                    .map(move |(block, out)| (image, block, out))
            })
            .for_each(|(image, block, out)| {
                debug_assert!(block < per_image);
                let first = image * of.height * of.width + block * pixels;
                run(Read {
                    source: *self,
                    of,
                    first,
                    out,
                });
            });
    }
}

/// Values per task: enough to be worth a task, few enough to stay in the nearest cache.
const BLOCK: usize = 1 << 14;

struct Read<'a, 'b> {
    source: Source<'a>,
    of: Pictures,
    first: usize,
    out: &'b mut [f32],
}

impl Kernel for Read<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        self.source.read(simd, self.of, self.first, self.out);
    }
}
