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

/// Resizes a map to (rows, columns), averaging over what it shrinks.
///
/// Each output is a triangle-weighted mean of the inputs around its half-pixel centre; the triangle
/// is as wide as the map shrinks. `torch.nn.functional.interpolate(mode="bilinear",
/// align_corners=False, antialias=True)`, which is PIL's bilinear resizing; where a map grows, the
/// same as [`resize_bilinear`] but for rounding.
///
/// # Errors
/// [`Error::Shape`] if the map or the wanted size is empty.
pub fn resize_antialiased(map: ArrayView2<'_, f32>, size: (usize, usize)) -> Result<Array2<f32>> {
    if map.is_empty() || size.0 == 0 || size.1 == 0 {
        return Err(Error::shape(
            "resize_antialiased",
            "at least one row and one column",
            format_args!("{:?} to {size:?}", map.dim()),
        ));
    }
    let across = triangles(map.ncols(), size.1);
    let mut narrow = Array2::zeros((map.nrows(), size.1));
    for (row, mut target) in map.outer_iter().zip(narrow.outer_iter_mut()) {
        for (y, triangle) in target.iter_mut().zip(&across) {
            let inputs = row.iter().skip(triangle.first);
            *y = inputs.zip(&triangle.weights).map(|(x, w)| x * w).sum();
        }
    }
    let mut out = Array2::zeros(size);
    for (triangle, mut target) in triangles(map.nrows(), size.0)
        .iter()
        .zip(out.outer_iter_mut())
    {
        for (row, &weight) in narrow
            .outer_iter()
            .skip(triangle.first)
            .zip(&triangle.weights)
        {
            target.scaled_add(weight, &row);
        }
    }
    Ok(out)
}

/// The inputs that one output is a mean of, and their weights, whose sum is 1.
struct Triangle {
    first: usize,
    weights: Vec<f32>,
}

fn triangles(from: usize, to: usize) -> Vec<Triangle> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).clamp(first + 1, from);
            let weight = |j: usize| (1.0 - ((j as f64 + 0.5 - centre) / reach).abs()).max(0.0);
            let sum: f64 = (first..end).map(weight).sum();
            Triangle {
                first,
                weights: (first..end).map(|j| (weight(j) / sum) as f32).collect(),
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

    #[test]
    fn averages_are_torchs() {
        // interpolate(x, size=(2, 3), mode="bilinear", align_corners=False, antialias=True)
        let map = Array2::from_shape_fn((5, 7), |(i, j)| ((i * 7 + j * j) % 11) as f32);
        let got = resize_antialiased(map.view(), (2, 3)).unwrap();
        let want = array![
            [4.000000, 4.558824, 5.964286],
            [5.285714, 4.823529, 5.071428]
        ];
        assert!((&got - &want).iter().all(|d| d.abs() < 1e-5), "{got}");
    }

    #[test]
    fn a_growing_map_is_interpolated() {
        let map = Array2::from_shape_fn((3, 4), |(i, j)| ((i * 5 + j * 3) % 7) as f32);
        let grown = resize_antialiased(map.view(), (11, 9)).unwrap();
        let plain = resize_bilinear(map.view(), (11, 9)).unwrap();
        assert!((&grown - &plain).iter().all(|d| d.abs() < 1e-5));
        assert!(resize_antialiased(Array2::zeros((0, 7)).view(), (1, 1)).is_err());
    }
}
