//! How work falls into tasks: by the shape alone, never by the number of threads, so that results
//! are the same on any number of them.

use super::pictures::Pictures;

/// Values of a task that does little with each: enough to be worth a task.
pub(crate) const VALUES: usize = 1 << 16;

/// Values that are computed at once, so that they stay in the nearest cache.
pub(crate) const BLOCK: usize = 1 << 12;

/// Strips into which a batch is to fall at least: a picture alone must keep several threads busy,
/// but each strip reads some rows of its neighbours again.
const STRIPS: usize = 8;

/// Some rows of one picture.
#[derive(Debug)]
pub(crate) struct Strip<'a, T> {
    pub(crate) image: usize,
    /// The first of its rows.
    pub(crate) first: usize,
    pub(crate) values: &'a mut [T],
}

/// Rows of a strip.
pub(crate) fn strip_height(of: Pictures) -> usize {
    let strips = STRIPS.div_ceil(of.batch.max(1));
    of.height.div_ceil(strips).max(1)
}

/// A batch, strip by strip.
pub(crate) fn strips<T>(of: Pictures, values: &mut [T]) -> Vec<Strip<'_, T>> {
    let height = strip_height(of);
    values
        .chunks_mut(of.image().max(1))
        .enumerate()
        .flat_map(|(image, values)| {
            let strips = values.chunks_mut((height * of.row()).max(1)).enumerate();
            strips.map(move |(strip, values)| Strip {
                image,
                first: strip * height,
                values,
            })
        })
        .collect()
}

/// A batch as runs of about [`VALUES`] values, whole pixels, each with its first pixel's number.
pub(crate) fn pieces<T>(of: Pictures, values: &mut [T]) -> Vec<(usize, &mut [T])> {
    let pixels = of.pixels_per(VALUES);
    values
        .chunks_mut((pixels * of.channels).max(1))
        .enumerate()
        .map(|(piece, values)| (piece * pixels, values))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_and_pixel_is_in_one_task() {
        for (batch, height, channels) in [(1, 17, 5), (3, 50, 700), (20, 4, 1), (0, 4, 4)] {
            let of = Pictures {
                batch,
                height,
                width: 31,
                channels,
            };
            let mut values: Vec<usize> = (0..of.len()).collect();
            let mut next = 0;
            for strip in strips(of, &mut values) {
                assert_eq!(strip.values[0], next);
                assert_eq!(next, (strip.image * height + strip.first) * of.row());
                next += strip.values.len();
            }
            assert_eq!(next, of.len());
            let mut next = 0;
            for (first, values) in pieces(of, &mut values) {
                assert_eq!((values[0], first * channels), (next, next));
                next += values.len();
            }
            assert_eq!(next, of.len());
        }
    }
}
