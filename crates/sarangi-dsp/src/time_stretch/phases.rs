//! Phases for spectra that are moved in time, sixteen frames at once.

use num_complex::Complex32;
use pulp::Simd;

use super::lock::{Lock, Locked};
use super::relate::{Relate, Relation, part};
use crate::complexes::Complexes;
use crate::lanes::{LANES, turn};
use crate::simd::{Kernel, load, run, store};
use crate::sink::Sink;

/// Where a row's lanes begin. The place before holds the frame before the first, so that the frames
/// before all sixteen are a vector too.
pub(super) const FIRST: usize = 8;

/// One bin of sixteen frames and of the frame before them, the real and the imaginary parts.
pub(super) type Row = [[f32; FIRST + LANES]; 2];

/// By how many bins each frame trails the one before it while they are locked together: a frame
/// needs the one before at up to [`LONG`](super::lock::LONG) bins above, and then some steps for
/// what was written to be there to be read.
pub(super) const LAG: usize = super::lock::LONG + 4;

/// Rows for every bin of every frame when each trails the one before it.
fn skewed(bins: usize) -> usize {
    bins + (LANES + 1) * LAG
}

/// The place of a bin of a frame in such rows.
pub(super) fn place(bin: usize, lane: usize) -> usize {
    bin + (lane + 1) * LAG
}

/// Some neighbouring frames of a sound's channels while they get their phases, and what the next
/// frames must know of them.
#[derive(Clone, Debug)]
pub(super) struct Phases {
    bins: usize,
    /// Of each channel, the frames, then the frames one output hop of sound earlier.
    channels: Vec<[Vec<Row>; 2]>,
    relations: Vec<Relation>,
    locked: Vec<Locked>,
}

impl Phases {
    pub(super) fn new(bins: usize, channels: usize) -> Self {
        let nothing = || vec![[[0.0; FIRST + LANES]; 2]; bins];
        Self {
            bins,
            channels: (0..channels).map(|_| [nothing(), nothing()]).collect(),
            relations: vec![Relation::default(); skewed(bins)],
            locked: vec![Locked::default(); skewed(bins)],
        }
    }

    /// Takes the spectra of `count` frames of a channel: the frames themselves, or (`earlier`) those
    /// one output hop of sound earlier.
    pub(super) fn take(&mut self, channel: usize, earlier: bool, count: usize) -> impl Sink {
        Rows {
            rows: &mut self.channels[channel][usize::from(earlier)],
            count,
        }
    }

    /// Gives `count` frames their phases; delays within a frame become 1 + `growth` times as long.
    pub(super) fn lock(&mut self, count: usize, growth: f32) {
        run(Relate {
            channels: &mut self.channels,
            relations: &mut self.relations,
            growth,
        });
        run(Lock {
            relations: &self.relations,
            locked: &mut self.locked,
            bins: self.bins,
        });
        let Some(last) = count.checked_sub(1) else {
            return;
        };
        for bin in 0..self.bins {
            for part in 0..2 {
                let of_last = self.locked[place(bin, last)][part][FIRST + last];
                self.locked[bin][part][FIRST - 1] = of_last;
            }
        }
    }

    /// The spectra of `count` frames of a channel with their new phases, one after the other.
    ///
    /// # Shapes
    /// `spectra` is row-major (at least `count`, bins).
    pub(super) fn give(&mut self, channel: usize, count: usize, spectra: &mut [Complex32]) {
        run(Give {
            rows: &self.channels[channel][0],
            locked: &self.locked,
            spectra,
            count,
        });
        let rows = &mut self.channels[channel][0];
        // The last frame will be the one before the next.
        if let Some(last) = count.checked_sub(1) {
            for row in rows.as_flattened_mut() {
                row[FIRST - 1] = row[FIRST + last];
            }
        }
    }
}

/// From frames side by side, times their offsets, to one spectrum after the other.
struct Give<'a> {
    rows: &'a [Row],
    locked: &'a [Locked],
    spectra: &'a mut [Complex32],
    count: usize,
}

impl Kernel for Give<'_> {
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let bins = self.rows.len();
        let mut tile = [[0.0; LANES]; 2 * TILE];
        for first in (0..bins).step_by(TILE) {
            let here = first..bins.min(first + TILE);
            for (bin, of_bin) in here.clone().zip(tile.as_chunks_mut::<2>().0) {
                let mut offsets = [[0.0; LANES]; 2];
                let [res, ims] = &mut offsets;
                for (lane, (to_re, to_im)) in res.iter_mut().zip(ims).enumerate() {
                    let [re, im] = &self.locked[place(bin, lane)];
                    (*to_re, *to_im) = (re[FIRST + lane], im[FIRST + lane]);
                }
                for lane in (0..LANES).step_by(S::F32_LANES) {
                    let offset = Complexes::<S> {
                        re: load::<S>(&offsets[0], lane),
                        im: load::<S>(&offsets[1], lane),
                    };
                    let x = part::<S>(&self.rows[bin], FIRST + lane);
                    let x = x.times(simd, offset);
                    store::<S>(&mut of_bin[0], lane, x.re);
                    store::<S>(&mut of_bin[1], lane, x.im);
                }
            }
            let mut frames = [[0.0; LANES]; LANES];
            turn(tile, &mut frames);
            let spectra = self.spectra.chunks_exact_mut(bins).take(self.count);
            for (spectrum, frame) in spectra.zip(&frames) {
                let to = &mut spectrum[here.clone()];
                to.copy_from_slice(&bytemuck::cast_slice(frame)[..to.len()]);
            }
        }
    }
}

/// Bins that are turned over at once, their parts in turn.
const TILE: usize = LANES / 2;

struct Rows<'a> {
    rows: &'a mut [Row],
    count: usize,
}

impl Sink for Rows<'_> {
    fn count(&self) -> usize {
        self.count
    }

    #[inline(always)]
    fn put<S: Simd>(&mut self, _: S, lane: usize, bin: usize, re: S::f32s, im: S::f32s) {
        let row = &mut self.rows[bin];
        store::<S>(&mut row[0], FIRST + lane, re);
        store::<S>(&mut row[1], FIRST + lane, im);
    }
}
