//! What stands beyond the ends of a signal.

use serde::{Deserialize, Serialize};

/// What a frame sees where it reaches beyond an end of the signal (`numpy.pad`'s modes).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// Zeros, librosa's default.
    #[default]
    Constant,
    /// The signal mirrored at its first and last sample, which are not repeated; torchaudio's
    /// default.
    Reflect,
    /// The first or last sample again and again.
    Edge,
}

impl Padding {
    /// Where in a signal of `len` samples the value at `index` is found; `None` means zero.
    pub fn source(self, index: isize, len: usize) -> Option<usize> {
        let last = len.checked_sub(1)? as isize;
        if (0..=last).contains(&index) {
            return Some(index as usize);
        }
        match self {
            Self::Constant => None,
            Self::Edge => Some(index.clamp(0, last) as usize),
            Self::Reflect if last == 0 => Some(0),
            Self::Reflect => {
                // The mirrored signal repeats after going there and back.
                let folded = index.rem_euclid(2 * last);
                Some(folded.min(2 * last - folded) as usize)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(mode: Padding, len: usize) -> Vec<Option<usize>> {
        (-4..len as isize + 4)
            .map(|i| mode.source(i, len))
            .collect()
    }

    #[test]
    fn modes_are_numpys() {
        // numpy.pad([0, 1, 2], 4, mode="reflect")
        let reflected = [2usize, 1, 0, 1, 2, 1, 0, 1, 2];
        let got: Vec<usize> = (-2..7)
            .map(|i| Padding::Reflect.source(i, 3).unwrap())
            .collect();
        assert_eq!(got, reflected);
        assert_eq!(Padding::Constant.source(-1, 3), None);
        assert_eq!(Padding::Edge.source(9, 3), Some(2));
    }

    #[test]
    fn no_length_is_out_of_bounds() {
        for mode in [Padding::Constant, Padding::Reflect, Padding::Edge] {
            for len in 0..4 {
                let inside = |i: &Option<usize>| i.is_none_or(|i| i < len);
                assert!(padded(mode, len).iter().all(inside), "{mode:?} {len}");
            }
        }
    }
}
