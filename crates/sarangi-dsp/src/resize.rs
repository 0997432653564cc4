//! Bilinear resizing of maps.

use ndarray::{Array2, ArrayView1, ArrayView2};
use sarangi_core::{Error, Result};

/// Resizes a map to (rows, columns) by bilinear interpolation with half-pixel centres.
///
/// Output i looks at input (i + ½) · in / out − ½, held within the map, as
/// `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)` does: no smoothing
/// before shrinking.
///
/// # Errors
/// [`Error::Shape`] if the map or the wanted size is empty.
pub fn resize_bilinear(map: ArrayView2<'_, f32>, size: (usize, usize)) -> Result<Array2<f32>> {
    if map.is_empty() || size.0 == 0 || size.1 == 0 {
        return Err(Error::shape(
            "resize_bilinear",
            "at least one row and one column",
            format_args!("{:?} to {size:?}", map.dim()),
        ));
    }
    let columns = taps(map.ncols(), size.1);
    let rows = taps(map.nrows(), size.0);
    let mut out = Array2::zeros(size);
    for (tap, mut target) in rows.iter().zip(out.outer_iter_mut()) {
        let (above, below) = (map.row(tap.low), map.row(tap.high));
        for (x, across) in target.iter_mut().zip(&columns) {
            let between =
                |row: &ArrayView1<'_, f32>| mix(row[across.low], row[across.high], across.part);
            *x = mix(between(&above), between(&below), tap.part);
        }
    }
    Ok(out)
}

/// Written so that equal neighbours give exactly themselves.
fn mix(a: f32, b: f32, part: f32) -> f32 {
    a + part * (b - a)
}

/// Where one output lies between two inputs.
struct Tap {
    low: usize,
    high: usize,
    part: f32,
}

fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    (0..to)
        .map(|i| {
            let place = ((i as f64 + 0.5) * scale - 0.5).max(0.0);
            let low = (place as usize).min(from - 1);
            Tap {
                low,
                high: (low + 1).min(from - 1),
                part: (place - low as f64) as f32,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn values_are_torchs() {
        // interpolate([[1, 2], [3, 5]], size=(3, 4), mode="bilinear", align_corners=False)
        let got = resize_bilinear(array![[1.0, 2.0], [3.0, 5.0]].view(), (3, 4)).unwrap();
        let want = array![
            [1.0, 1.25, 1.75, 2.0],
            [2.0, 2.375, 3.125, 3.5],
            [3.0, 3.5, 4.5, 5.0]
        ];
        assert!((&got - &want).iter().all(|d| d.abs() < 1e-6), "{got}");
        let shrunk = resize_bilinear(array![[0.0, 1.0, 2.0, 3.0, 4.0]].view(), (1, 2)).unwrap();
        assert!(
            (&shrunk - &array![[0.75, 3.25]])
                .iter()
                .all(|d| d.abs() < 1e-6)
        );
    }

    #[test]
    fn the_same_size_is_the_same_map_and_nothing_cannot_be_resized() {
        let map = Array2::from_shape_fn((5, 7), |(i, j)| (i * 10 + j) as f32);
        assert_eq!(resize_bilinear(map.view(), (5, 7)).unwrap(), map);
        assert!(resize_bilinear(map.view(), (0, 7)).is_err());
        assert!(resize_bilinear(Array2::zeros((0, 7)).view(), (1, 1)).is_err());
        let one = resize_bilinear(array![[3.0]].view(), (4, 9)).unwrap();
        assert!(one.iter().all(|&x| x == 3.0));
    }
}
