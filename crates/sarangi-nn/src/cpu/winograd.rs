//! 3 × 3 convolutions of stride 1 with 2.25 times fewer products: Winograd's F(2×2, 3×3).
//!
//! Each 2 × 2 tile of outputs comes from 16 products instead of 36: `y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A`
//! (Lavin & Gray 2016, "Fast Algorithms for Convolutional Neural Networks"). The sums over the
//! channels are 16 matrix products. The transforms' numbers are 0, ±½ and ±1, so that the result is
//! as exact as that of the direct sums; larger tiles lose a digit. One thing differs: an infinite
//! input makes all outputs of its tiles not a number, since transforms subtract.

mod filter;
mod finish;
mod forward;
mod gradient;
mod planes;
mod products;
#[cfg(test)]
mod tests;
mod tiles;
mod transform;
mod window;

use self::filter::Filter;
use self::finish::Finish;
use self::forward::Forward;
use self::gradient::Gradient;
use self::tiles::Tiles;
use super::conv2d::Epilogue;
use super::norm::Tally;
use super::pictures::Pictures;
use super::source::Source;

/// A convolution with a 3 × 3 filter, stride 1, dilation 1 and one group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Winograd {
    pub(crate) input: Pictures,
    pub(crate) output: Pictures,
    /// Rows above and below, columns left and right: at most 2.
    pub(crate) padding: [usize; 2],
}

impl Winograd {
    /// y, with the filter (out, in, 3, 3), and its parts' tallies.
    pub(crate) fn forward(
        &self,
        x: Source<'_>,
        filter: &[f32],
        epilogue: Epilogue<'_>,
        y: &mut [f32],
    ) -> Vec<Tally> {
        let forward = Forward {
            x,
            input: self.input,
            padding: self.padding,
            filter: Filter::forward(filter, self.channels()),
            tiles: Tiles::new(self.output),
            finish: Finish::new(epilogue.bias, self.output.channels),
            epilogue,
        };
        forward.run(y)
    }

    /// dx: the convolution of dy with the filter turned round.
    pub(crate) fn backward_data(&self, dy: Source<'_>, filter: &[f32], dx: &mut [f32]) {
        let forward = Forward {
            x: dy,
            input: self.output,
            padding: self.padding.map(|padding| 2 - padding),
            filter: Filter::backward(filter, self.channels()),
            tiles: Tiles::new(self.input),
            finish: Finish::new(None, self.input.channels),
            epilogue: Epilogue::default(),
        };
        forward.run(dx);
    }

    /// dfilter (out, in, 3, 3) and the sums of dy over all pixels.
    pub(crate) fn backward_filter(
        &self,
        x: Source<'_>,
        dy: Source<'_>,
        dfilter: &mut [f32],
        dbias: Option<&mut [f32]>,
    ) {
        let gradient = Gradient {
            x,
            input: self.input,
            padding: self.padding,
            dy,
            tiles: Tiles::new(self.output),
        };
        gradient.run(dfilter, dbias);
    }

    /// Whether [`forward`](Self::forward) is faster than direct sums.
    pub(crate) fn pays_forward(&self) -> bool {
        pays(&self.output, [190.0, 100.0, 0.0], self.channels())
    }

    /// Whether [`backward_data`](Self::backward_data) is faster than direct sums.
    pub(crate) fn pays_backward_data(&self) -> bool {
        let [inputs, outputs] = self.channels();
        pays(&self.input, [190.0, 100.0, 0.0], [outputs, inputs])
    }

    /// Whether [`backward_filter`](Self::backward_filter) is faster than direct sums.
    pub(crate) fn pays_backward_filter(&self) -> bool {
        pays(&self.output, [130.0, 60.0, 150.0], self.channels())
    }

    fn channels(&self) -> [usize; 2] {
        [self.input.channels, self.output.channels]
    }
}

/// Whether the products saved outweigh the transforms, whose costs are given in products: those
/// of a tile's outputs for each channel, of its inputs for each channel, and those of the filter
/// for each pair of channels. Fitted to a hundred shapes on one core of a Zen 5 (November 2026).
fn pays(covered: &Pictures, costs: [f64; 3], [depth, outputs]: [usize; 2]) -> bool {
    let tiles = Tiles::new(*covered).len();
    let counts = [depth, outputs, tiles].map(|count| count.max(1) as f64);
    let transforms: f64 = costs.iter().zip(counts).map(|(cost, n)| cost / n).sum();
    // Direct sums have 9 products a pixel; half of one is the margin.
    (16.0 + transforms) * tiles as f64 <= 8.5 * covered.pixels() as f64
}
