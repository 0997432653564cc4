//! What is put where a sound has ended.

use serde::{Deserialize, Serialize};

/// With what a sound is filled up; `numpy.pad`'s modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PadMode {
    /// Zeros: `constant`.
    #[default]
    Silence,
    /// The sound again.
    Wrap,
    /// The sound mirrored at its first and last sample, which are not repeated.
    Reflect,
}

/// At which end a sound is filled up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PadSection {
    /// Before the beginning.
    Start,
    /// After the end.
    #[default]
    End,
}

impl PadMode {
    /// `count` samples more.
    pub(crate) fn padded(self, row: &[f32], count: usize, section: PadSection) -> Vec<f32> {
        let before = match section {
            PadSection::Start => count,
            PadSection::End => 0,
        };
        let source = |index: isize| match self {
            Self::Silence => usize::try_from(index).ok(),
            Self::Wrap => index
                .checked_rem_euclid(row.len() as isize)
                .map(|n| n as usize),
            Self::Reflect => sarangi_dsp::Padding::Reflect.source(index, row.len()),
        };
        (0..row.len() + count)
            .map(|n| source(n as isize - before as isize))
            .map(|n| n.and_then(|n| row.get(n)).copied().unwrap_or(0.0))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_numpys() {
        // numpy.pad([1, 2, 3], (5, 0), mode) and (0, 5).
        for (mode, start, end) in [
            (PadMode::Silence, [0.0; 5], [0.0; 5]),
            (
                PadMode::Wrap,
                [2.0, 3.0, 1.0, 2.0, 3.0],
                [1.0, 2.0, 3.0, 1.0, 2.0],
            ),
            (
                PadMode::Reflect,
                [2.0, 1.0, 2.0, 3.0, 2.0],
                [2.0, 1.0, 2.0, 3.0, 2.0],
            ),
        ] {
            let row = [1.0, 2.0, 3.0];
            let got = mode.padded(&row, 5, PadSection::Start);
            assert_eq!(got, [&start[..], &row].concat(), "{mode:?}");
            let got = mode.padded(&row, 5, PadSection::End);
            assert_eq!(got, [&row[..], &end].concat(), "{mode:?}");
            assert_eq!(mode.padded(&[], 2, PadSection::End), [0.0, 0.0]);
        }
    }
}
