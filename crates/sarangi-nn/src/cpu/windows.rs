//! Which inputs the outputs of a window read, and which outputs read an input.

use super::pictures::Pictures;
use crate::geometry::Geometry2d;

/// How windows lie on a picture.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Windows {
    /// One window that moves.
    Moving(Geometry2d),
    /// As many windows as the output has places: output i of n reads the inputs
    /// ⌊i · size / n⌋ to ⌈(i + 1) · size / n⌉, as torch's adaptive pooling. One output reads all.
    Adaptive,
}

impl Windows {
    /// The windows along the height and the width.
    pub(crate) fn axes(&self, input: Pictures, output: Pictures) -> [Axis; 2] {
        let inputs = [input.height, input.width];
        let outputs = [output.height, output.width];
        [0, 1].map(|axis| match self {
            Self::Moving(window) => Axis::moving(window, axis, inputs[axis], outputs[axis]),
            Self::Adaptive => Axis::adaptive(inputs[axis], outputs[axis]),
        })
    }
}

/// One tap of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    /// The input or the output at the tap's other end.
    pub(crate) at: usize,
    /// Its number in the window, counted with the taps that fall on the padding.
    pub(crate) tap: usize,
}

/// Windows along one axis; taps that fall on the padding are left out.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    /// For each output the inputs that it reads, in rising order.
    pub(crate) reads: Vec<Vec<Tap>>,
    /// For each input the outputs that read it, in rising order.
    pub(crate) read_by: Vec<Vec<Tap>>,
    /// Taps of the largest window.
    pub(crate) taps: usize,
}

impl Axis {
    fn moving(window: &Geometry2d, axis: usize, input: usize, output: usize) -> Self {
        let taps = window.kernel[axis];
        let reads = (0..output).map(|output| {
            let tap = |tap: usize| {
                let at = output * window.stride[axis] + tap * window.dilation[axis];
                let at = at.checked_sub(window.padding[axis])?;
                (at < input).then_some(Tap { at, tap })
            };
            (0..taps).filter_map(tap).collect()
        });
        Self::new(reads.collect(), input, taps)
    }

    fn adaptive(input: usize, output: usize) -> Self {
        let reads = (0..output).map(|i| {
            let range = i * input / output..((i + 1) * input).div_ceil(output);
            range.enumerate().map(|(tap, at)| Tap { at, tap }).collect()
        });
        let reads: Vec<Vec<Tap>> = reads.collect();
        let taps = reads.iter().map(Vec::len).max().unwrap_or(0);
        Self::new(reads, input, taps)
    }

    fn new(reads: Vec<Vec<Tap>>, input: usize, taps: usize) -> Self {
        let mut read_by = vec![Vec::new(); input];
        for (output, taps) in reads.iter().enumerate() {
            for &Tap { at, tap } in taps {
                read_by[at].push(Tap { at: output, tap });
            }
        }
        Self {
            reads,
            read_by,
            taps,
        }
    }
}

/// The range in which the other ends of all these taps lie.
pub(crate) fn reach(taps: &[Vec<Tap>]) -> std::ops::Range<usize> {
    let ends = || taps.iter().flatten().map(|tap| tap.at);
    match (ends().min(), ends().max()) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(taps: &[Tap]) -> Vec<(usize, usize)> {
        taps.iter().map(|tap| (tap.at, tap.tap)).collect()
    }

    #[test]
    fn moving_windows_leave_padding_out() {
        let window = Geometry2d {
            kernel: [3, 3],
            stride: [2, 2],
            padding: [1, 1],
            dilation: [1, 2],
        };
        let rows = Axis::moving(&window, 0, 4, 2);
        assert_eq!(places(&rows.reads[0]), [(0, 1), (1, 2)]);
        assert_eq!(places(&rows.reads[1]), [(1, 0), (2, 1), (3, 2)]);
        assert_eq!(places(&rows.read_by[1]), [(0, 2), (1, 0)]);
        assert_eq!(reach(&rows.reads[1..]), 1..4);
        let columns = Axis::moving(&window, 1, 6, 2);
        assert_eq!(places(&columns.reads[1]), [(1, 0), (3, 1), (5, 2)]);
        assert!(columns.read_by[0].is_empty());
        assert_eq!(reach(&columns.read_by[..1]), 0..0);
    }

    #[test]
    fn adaptive_windows_follow_torch() {
        // torch: adaptive windows of 7 inputs for 3 outputs are 0..3, 2..5, 4..7.
        let axis = Axis::adaptive(7, 3);
        let ranges: Vec<_> = axis.reads.chunks(1).map(reach).collect();
        assert_eq!(ranges, [0..3, 2..5, 4..7]);
        assert_eq!(axis.taps, 3);
        assert_eq!(Axis::adaptive(2, 5).reads.len(), 5);
        assert_eq!(Axis::adaptive(9, 1).taps, 9);
        assert_eq!(Axis::adaptive(0, 2).taps, 0);
    }
}
