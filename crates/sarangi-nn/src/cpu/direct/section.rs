//! Long sums in sections, so that the weights of a section stay in the nearest cache while all
//! results of a task meet them.

use std::ops::Range;

use super::super::tile::Run;

/// Values that a section's sums run over, at most: its rows of a panel fill half of the nearest
/// cache, and a tile's inputs find room beside them.
const DEPTH: usize = 192;

/// Neighbouring rows of taps, or a part of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Section {
    taps: Range<usize>,
    /// Whether sums begin here if they begin with its first tap.
    first: bool,
    /// What its sums run over, as many runs for each row of taps.
    runs: Vec<Run>,
    /// The row of the weights at which it begins, and the rows of each row of taps.
    row: usize,
    rows: usize,
}

/// What a section adds to results that meet some of its taps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub(super) runs: &'a [Run],
    /// The row of the weights at which it begins.
    pub(super) row: usize,
    /// Whether the sums begin here.
    pub(super) first: bool,
}

/// The sections of sums over `taps` rows of taps, which have as many runs each. There is at least
/// one.
pub(super) fn sections(runs: &[Run], taps: usize) -> Vec<Section> {
    let per_tap = runs.len() / taps.max(1);
    let depth: usize = runs[..per_tap].iter().map(|run| run.len).sum();
    if depth > DEPTH {
        let size = depth.div_ceil(depth.div_ceil(DEPTH));
        let of_tap = |tap: usize| {
            let pieces = pieces(&runs[tap * per_tap..][..per_tap], size);
            pieces
                .into_iter()
                .enumerate()
                .map(move |(i, runs)| Section {
                    taps: tap..tap + 1,
                    first: i == 0,
                    runs,
                    row: tap * depth + i * size,
                    rows: 0,
                })
        };
        return (0..taps).flat_map(of_tap).collect();
    }
    let most = (DEPTH / depth.max(1)).max(1);
    let height = taps.div_ceil(taps.div_ceil(most).max(1)).max(1);
    (0..taps.max(1))
        .step_by(height)
        .map(|first| {
            let taps = first..(first + height).min(taps);
            Section {
                first: true,
                runs: runs[taps.start * per_tap..taps.end * per_tap].to_vec(),
                row: first * depth,
                rows: depth,
                taps,
            }
        })
        .collect()
}

/// Runs cut into pieces of `size` values, the last perhaps of fewer.
fn pieces(runs: &[Run], size: usize) -> Vec<Vec<Run>> {
    let mut pieces = vec![Vec::new()];
    let mut room = size;
    for &Run { offset, len } in runs {
        let mut done = 0;
        while done < len {
            if room == 0 {
                pieces.push(Vec::new());
                room = size;
            }
            let part = (len - done).min(room);
            if let Some(piece) = pieces.last_mut() {
                piece.push(Run {
                    offset: offset + done,
                    len: part,
                });
            }
            (done, room) = (done + part, room - part);
        }
    }
    pieces
}

impl Section {
    /// Its part of the sums over rows `taps` of taps; none if it has none. Sums over nothing begin in
    /// the first section.
    pub(super) fn part(&self, taps: &Range<usize>) -> Option<Part<'_>> {
        if taps.is_empty() {
            return (self.first && self.taps.start == 0).then_some(Part {
                runs: &[],
                row: 0,
                first: true,
            });
        }
        let both = self.taps.start.max(taps.start)..self.taps.end.min(taps.end);
        if both.is_empty() {
            return None;
        }
        let skipped = both.start - self.taps.start;
        let per_tap = self.runs.len() / self.taps.len();
        Some(Part {
            runs: &self.runs[skipped * per_tap..][..both.len() * per_tap],
            row: self.row + skipped * self.rows,
            first: self.first && both.start == taps.start,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all sections together run over for rows `taps` of taps: pairs of an input's offset and
    /// a row of the weights.
    fn walk(sections: &[Section], taps: Range<usize>) -> Vec<(usize, usize)> {
        let mut begun = false;
        let mut places = Vec::new();
        for section in sections {
            let Some(part) = section.part(&taps) else {
                continue;
            };
            assert_eq!(part.first, !begun, "sums begin once");
            begun = true;
            let offsets = part
                .runs
                .iter()
                .flat_map(|run| run.offset..run.offset + run.len);
            places.extend(offsets.zip(part.row..));
        }
        assert!(begun, "sums over nothing begin too");
        places
    }

    #[test]
    fn sections_are_all_of_a_sum_in_its_order() {
        for (channels, columns, taps) in
            [(3, 3, 3), (64, 3, 3), (100, 1, 5), (728, 1, 1), (300, 3, 2)]
        {
            // Rows of taps far apart, of which each column is a run of its own.
            let run = |tap: usize, column: usize| Run {
                offset: tap * 10_000 + column * 1000,
                len: channels,
            };
            let runs: Vec<Run> = (0..taps)
                .flat_map(|tap| (0..columns).map(move |column| run(tap, column)))
                .collect();
            let sections = sections(&runs, taps);
            let depth = channels * columns;
            for section in &sections {
                assert!(section.runs.iter().map(|run| run.len).sum::<usize>() <= DEPTH);
            }
            for first in 0..taps {
                for end in first..=taps {
                    let of_taps = runs[first * columns..end * columns].iter();
                    let offsets = of_taps.flat_map(|run| run.offset..run.offset + run.len);
                    let expected: Vec<_> = offsets.zip(first * depth..).collect();
                    assert_eq!(
                        walk(&sections, first..end),
                        expected,
                        "{channels} {first} {end}"
                    );
                }
            }
        }
        assert_eq!(walk(&sections(&[], 0), 2..2), []);
        assert_eq!(walk(&sections(&[], 3), 1..3), []);
    }
}
