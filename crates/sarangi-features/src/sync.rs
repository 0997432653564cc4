//! Means and the like between boundaries.

use ndarray::{Array2, ArrayView1, ArrayView2, s};
use sarangi_core::{Error, Result};
use sarangi_dsp::resize_bilinear;
use serde::{Deserialize, Serialize};

/// How the frames between two boundaries become one, `librosa.util.sync`'s `aggregate`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncAggregate {
    /// Their mean, librosa's default.
    #[default]
    Mean,
    /// Their median, the mean of the middle two of an even number.
    Median,
    /// The largest.
    Max,
    /// The smallest.
    Min,
}

impl SyncAggregate {
    fn of(self, frames: ArrayView1<'_, f32>) -> f32 {
        let fold = |choose: fn(f32, f32) -> f32| frames.iter().copied().reduce(choose);
        match self {
            Self::Mean => frames.sum() / frames.len() as f32,
            Self::Median => crate::median::median(&mut frames.to_vec()),
            Self::Max => fold(f32::max).unwrap_or(f32::NAN),
            Self::Min => fold(f32::min).unwrap_or(f32::NAN),
        }
    }
}

/// Joins the frames between neighbouring boundaries, the ends of the map being boundaries too:
/// `librosa.util.sync(map, boundaries, aggregate)`.
///
/// Boundaries may come in any order and more than once; those beyond the end are its end. With beats
/// as boundaries the result is beat-synchronous. Proved by `rhythm_*` in the golden files.
///
/// # Shapes
/// `map` is (bins, frames); the result (bins, segments), one more segment than there are distinct
/// boundaries inside the map. A map without frames has no segment.
pub fn sync(
    map: ArrayView2<'_, f32>,
    boundaries: &[usize],
    aggregate: SyncAggregate,
) -> Array2<f32> {
    let mut edges: Vec<usize> = vec![0, map.ncols()];
    edges.extend(boundaries.iter().map(|&b| b.min(map.ncols())));
    edges.sort_unstable();
    edges.dedup();
    let mut joined = Array2::zeros((map.nrows(), edges.len() - 1));
    for (pair, mut column) in edges.windows(2).zip(joined.columns_mut()) {
        let segment = map.slice(s![.., pair[0]..pair[1]]);
        for (y, row) in column.iter_mut().zip(segment.outer_iter()) {
            *y = aggregate.of(row);
        }
    }
    joined
}

/// The same, stretched back to the shape of the map by bilinear interpolation and written over it.
///
/// # Shapes
/// `map` is row-major with `frames` columns.
pub(crate) fn sync_in_place(
    map: &mut [f32],
    frames: usize,
    boundaries: &[usize],
    aggregate: SyncAggregate,
) -> Result<()> {
    let size = (map.len() / frames.max(1), frames);
    let view = ArrayView2::from_shape(size, &*map).map_err(|e| Error::backend("sync", e))?;
    let joined = sync(view, boundaries, aggregate);
    let stretched = resize_bilinear(joined.view(), size)?;
    for (y, &x) in map.iter_mut().zip(&stretched) {
        *y = x;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn segments_lie_between_boundaries_and_the_ends() {
        let map = array![[1.0, 3.0, 5.0, 7.0], [0.0, 0.0, 8.0, 0.0]];
        let means = |beats: &[usize]| sync(map.view(), beats, SyncAggregate::Mean);
        assert_eq!(means(&[2]), array![[2.0, 6.0], [0.0, 4.0]]);
        assert_eq!(means(&[]), array![[4.0], [2.0]]);
        assert_eq!(means(&[0, 0, 4, 9]), array![[4.0], [2.0]]);
        assert_eq!(means(&[3, 0, 2, 1]), map);
        let empty = sync(map.slice(s![.., 0..0]), &[1], SyncAggregate::Max);
        assert_eq!(empty.dim(), (2, 0));
    }

    #[test]
    fn aggregates_are_what_they_say() {
        let map = array![[1.0, 9.0, 2.0, 4.0, 8.0]];
        let of = |aggregate| sync(map.view(), &[4], aggregate);
        assert_eq!(of(SyncAggregate::Mean), array![[4.0, 8.0]]);
        assert_eq!(of(SyncAggregate::Median), array![[3.0, 8.0]]);
        assert_eq!(of(SyncAggregate::Max), array![[9.0, 8.0]]);
        assert_eq!(of(SyncAggregate::Min), array![[1.0, 8.0]]);
    }
}
