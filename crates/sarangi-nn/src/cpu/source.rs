//! What kernels read.

use super::map::{Linear, Map};
use super::pictures::Pictures;
use super::simd::{Kernel, Lanes, run};
use super::unpool::Unpool;

/// A batch of channels-last pictures: stored, or computed as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source<'a> {
    /// The values themselves.
    Stored(&'a [f32]),
    /// The values in the order (batch, channels, height, width).
    Planar(&'a [f32]),
    /// A chain applied to stored values.
    Mapped(&'a [f32], &'a Map),
    /// The gradient below a maximum pooling.
    Unpooled(&'a Unpool),
    /// The gradient of the stored values `x` below a chain, from the gradient `dy` above it.
    Gradient {
        dy: Above<'a>,
        x: &'a [f32],
        map: &'a Map,
        linear: &'a Linear,
    },
}

/// The gradient above a chain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Above<'a> {
    Stored(&'a [f32]),
    Unpooled(&'a Unpool),
}

impl<'a> From<Above<'a>> for Source<'a> {
    fn from(above: Above<'a>) -> Self {
        match above {
            Above::Stored(dy) => Self::Stored(dy),
            Above::Unpooled(dy) => Self::Unpooled(dy),
        }
    }
}

impl<'a> Source<'a> {
    /// Writes consecutive pixels, from pixel `first` of the batch on, to `out`.
    ///
    /// Call it from inside a [`Kernel`].
    #[inline(always)]
    pub(crate) fn read<S: Lanes>(&self, simd: S, of: Pictures, first: usize, out: &mut [f32]) {
        let at = first * of.channels;
        match *self {
            Self::Stored(x) => out.copy_from_slice(&x[at..at + out.len()]),
            Self::Planar(x) => {
                let plane = of.height * of.width;
                let (mut first, mut rest) = (first, out);
                while !rest.is_empty() {
                    let (image, pixel) = (first / plane, first % plane);
                    let pixels = (plane - pixel).min(rest.len() / of.channels);
                    let (out, after) = rest.split_at_mut(pixels * of.channels);
                    let x = &x[image * of.image()..][..of.image()];
                    for (channel, x) in x.chunks_exact(plane).enumerate() {
                        let out = out[channel..].iter_mut().step_by(of.channels);
                        out.zip(&x[pixel..]).for_each(|(out, &x)| *out = x);
                    }
                    (first, rest) = (first + pixels, after);
                }
            }
            Self::Mapped(x, map) => map.forward(simd, at, &x[at..at + out.len()], out),
            Self::Unpooled(dy) => dy.read(simd, first, out),
            Self::Gradient { dy, x, map, linear } => {
                let x = &x[at..at + out.len()];
                match dy {
                    Above::Stored(dy) => {
                        let both = [&dy[at..at + out.len()], x];
                        map.backward_from(simd, at, both, linear, out);
                    }
                    Above::Unpooled(dy) => {
                        dy.read(simd, first, out);
                        map.backward(simd, at, x, linear, out);
                    }
                }
            }
        }
    }

    /// Consecutive pixels from pixel `first` on, as many as `scratch` holds: where they are stored,
    /// or computed into `scratch`.
    ///
    /// Call it from inside a [`Kernel`].
    #[inline(always)]
    pub(crate) fn view<'s, S: Lanes>(
        &self,
        simd: S,
        of: Pictures,
        first: usize,
        scratch: &'s mut [f32],
    ) -> &'s [f32]
    where
        'a: 's,
    {
        match *self {
            Self::Stored(x) => &x[first * of.channels..][..scratch.len()],
            _ => {
                self.read(simd, of, first, scratch);
                scratch
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
        let pixels = of.pixels_per(BLOCK);
        out.par_chunks_mut(pixels * of.channels.max(1))
            .enumerate()
            .for_each(|(block, out)| {
                run(Read {
                    source: *self,
                    of,
                    first: block * pixels,
                    out,
                });
            });
    }
}

/// Turns `d`, the gradient above a chain, into that of the values `x` below it, in parallel.
pub(crate) fn gradient_in_place(
    d: &mut [f32],
    x: &[f32],
    map: &Map,
    linear: &Linear,
    of: Pictures,
) {
    use rayon::prelude::*;
    let pixels = of.pixels_per(BLOCK);
    d.par_chunks_mut(pixels * of.channels.max(1))
        .enumerate()
        .for_each(|(block, d)| {
            run(InPlace {
                d,
                x,
                map,
                linear,
                first: block * pixels * of.channels,
            });
        });
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

struct InPlace<'a, 'b> {
    d: &'b mut [f32],
    x: &'a [f32],
    map: &'a Map,
    linear: &'a Linear,
    first: usize,
}

impl Kernel for InPlace<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let Self {
            d,
            x,
            map,
            linear,
            first,
        } = self;
        map.backward(simd, first, &x[first..first + d.len()], linear, d);
    }
}
