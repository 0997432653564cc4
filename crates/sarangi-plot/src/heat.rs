//! Heat maps.

use std::ops::Range;

use ndarray::Array2;
use sarangi_core::{Error, Result};

use crate::{Area, Axis, Canvas, ColourMap, Shades};

/// Numbers as colours: a matrix whose cells lie between edges on two axes.
///
/// Where several cells share a pixel, it shows their mean; a cell larger than a pixel has sharp
/// edges. As `librosa.display.specshow`, whose `x_coords` and `y_coords` are the middles of the cells.
#[derive(Clone, Debug)]
pub struct Heat {
    /// (rows, columns), the first row lowest.
    pub values: Array2<f32>,
    /// The columns' edges on the axis below, one more than there are columns, growing.
    pub x: Vec<f64>,
    /// The rows' edges on the axis beside, one more than there are rows, growing.
    pub y: Vec<f64>,
    /// The colours. Default magma.
    pub colours: ColourMap,
    /// The values of the first and the last colour; of the least and the largest finite value where
    /// there is none. Default none.
    pub range: (Option<f32>, Option<f32>),
}

impl Heat {
    /// A heat map in magma over the whole range of its values.
    pub fn new(values: Array2<f32>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Self {
            values,
            x,
            y,
            colours: ColourMap::Magma,
            range: (None, None),
        }
    }

    /// The same in other colours.
    pub fn coloured(self, colours: ColourMap) -> Self {
        Self { colours, ..self }
    }

    /// The same over a range of values; what lies outside has the nearer end's colour.
    pub fn between(self, low: impl Into<Option<f32>>, high: impl Into<Option<f32>>) -> Self {
        Self {
            range: (low.into(), high.into()),
            ..self
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let (rows, columns) = self.values.dim();
        for (what, edges, cells) in [("x", &self.x, columns), ("y", &self.y, rows)] {
            if cells == 0 || edges.len() != cells + 1 {
                let expected = format!("{} edges {what} around {cells} cells", cells + 1);
                return Err(Error::shape("heat map", expected, edges.len()));
            }
            if !edges.windows(2).all(|pair| pair[0] < pair[1]) {
                let reason = "the edges of the cells must grow";
                return Err(Error::config("heat map", what, reason));
            }
        }
        Ok(())
    }

    pub(crate) fn shades(&self) -> Shades {
        Shades::of(self.values.view(), self.range)
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas, area: &Area, x: &Axis, y: &Axis) {
        let shades = self.shades();
        let columns = cells(&self.x, x, area.left, area.width);
        // Rows of pixels grow downwards, rows of cells upwards.
        let rows = cells(&self.y, y, area.top, area.height);
        let (top, bottom) = (area.top.round() as usize, area.bottom().round() as usize);
        let left = area.left.round() as usize;
        let mut sums = vec![(0.0f64, 0u32); self.values.ncols()];
        for (up, range) in rows.into_iter().enumerate() {
            let Some(range) = range else { continue };
            let Some(row) = bottom.checked_sub(up + 1).filter(|row| *row >= top) else {
                continue;
            };
            sums.fill((0.0, 0));
            for values in self.values.outer_iter().skip(range.start).take(range.len()) {
                for ((sum, count), value) in sums.iter_mut().zip(values) {
                    if !value.is_nan() {
                        *sum += f64::from(*value);
                        *count += 1;
                    }
                }
            }
            for (column, range) in columns.iter().enumerate() {
                let Some(range) = range.clone() else { continue };
                let cells = sums[range].iter();
                let (sum, count) =
                    cells.fold((0.0, 0), |(s, n), &(sum, count)| (s + sum, n + count));
                // Nothing but NaN gives NaN again: 0 / 0.
                let mean = (sum / f64::from(count)) as f32;
                canvas.set(left + column, row, self.colours.colour(shades.share(mean)));
            }
        }
    }
}

/// For each pixel along an axis the cells that it shows: those whose middles lie in it, or else the
/// one that it lies in; `None` beside the map.
fn cells(edges: &[f64], axis: &Axis, start: f32, length: f32) -> Vec<Option<Range<usize>>> {
    let pixels = ((start + length).round() - start.round()).max(0.0);
    let place = |value: f64| axis.share(value) * f64::from(pixels);
    let edges: Vec<f64> = edges.iter().map(|&edge| place(edge)).collect();
    let middles: Vec<f64> = edges.windows(2).map(|e| (e[0] + e[1]) / 2.0).collect();
    let cell = |pixel: usize| {
        let pixel = pixel as f64;
        let first = middles.partition_point(|&middle| middle < pixel);
        let last = middles.partition_point(|&middle| middle < pixel + 1.0);
        if first < last {
            return Some(first..last);
        }
        let after = edges.partition_point(|&edge| edge <= pixel + 0.5);
        let inside = (1..edges.len()).contains(&after);
        inside.then(|| after - 1..after)
    };
    (0..pixels as usize).map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn drawn(heat: &Heat, x: &Axis, y: &Axis, width: f32, height: f32) -> Vec<Vec<u8>> {
        heat.check().unwrap();
        let mut canvas = Canvas::new(width, height).unwrap();
        let area = Area {
            left: 0.0,
            top: 0.0,
            width,
            height,
        };
        heat.draw(&mut canvas, &area, x, y);
        let picture = canvas.into_picture();
        let rows = picture.rgb().chunks(3 * picture.width());
        rows.map(|row| row.iter().step_by(3).copied().collect())
            .collect()
    }

    fn grey(values: Array2<f32>, x: Vec<f64>, y: Vec<f64>) -> Heat {
        Heat::new(values, x, y).coloured(ColourMap::Grey)
    }

    #[test]
    fn large_cells_are_sharp_and_the_first_row_is_lowest() {
        let heat = grey(
            array![[0.0, 1.0], [2.0, 4.0]],
            vec![0.0, 1.0, 2.0],
            vec![0.0, 1.0, 2.0],
        );
        let axis = Axis::new("", 0.0, 2.0);
        let want = [
            [128, 128, 255, 255],
            [128, 128, 255, 255],
            [0, 0, 64, 64],
            [0, 0, 64, 64],
        ];
        assert_eq!(drawn(&heat, &axis, &axis, 4.0, 4.0), want);
    }

    #[test]
    fn small_cells_are_averaged_without_what_is_no_number() {
        let values = array![[0.0, 8.0, f32::NAN, f32::NAN], [4.0, 4.0, 8.0, f32::NAN]];
        let edges = |n: i32| (0..=n).map(f64::from).collect::<Vec<_>>();
        let heat = grey(values, edges(4), edges(2)).between(0.0, 8.0);
        let (x, y) = (Axis::new("", 0.0, 4.0), Axis::new("", 0.0, 2.0));
        assert_eq!(drawn(&heat, &x, &y, 2.0, 1.0), [[128, 255]]);
        let values = array![[f32::NAN, f32::NAN]];
        let heat = grey(values, edges(2), edges(1));
        let axis = Axis::new("", 0.0, 2.0);
        let [missing, ..] = ColourMap::MISSING;
        assert_eq!(drawn(&heat, &axis, &axis, 1.0, 2.0), [[255], [missing]]);
    }

    #[test]
    fn a_logarithmic_axis_gives_octaves_equal_room_and_what_lies_beyond_is_cut() {
        let heat = grey(
            array![[0.0], [1.0], [2.0]],
            vec![0.0, 1.0],
            vec![1.0, 2.0, 4.0, 8.0],
        );
        let y = Axis::new("", 1.0, 8.0).scaled(crate::Scale::Log);
        let x = Axis::new("", 0.0, 1.0);
        assert_eq!(drawn(&heat, &x, &y, 1.0, 3.0), [[255], [128], [0]]);
        let part = Axis::new("", 2.0, 4.0);
        assert_eq!(drawn(&heat, &x, &part, 1.0, 2.0), [[128], [128]]);
        // Beside the map the paper is left as it was.
        let wide = Axis::new("", -1.0, 1.0);
        assert_eq!(drawn(&heat, &wide, &part, 2.0, 1.0), [[255, 128]]);
    }

    #[test]
    fn edges_that_do_not_fit_are_refused() {
        let refused = |x: Vec<f64>| grey(array![[1.0, 2.0]], x, vec![0.0, 1.0]).check().is_err();
        assert!(refused(vec![0.0, 1.0]));
        assert!(refused(vec![0.0, 1.0, 1.0]));
        assert!(refused(vec![0.0, f64::NAN, 1.0]));
        assert!(!refused(vec![0.0, 1.0, 3.0]));
        assert!(
            Heat::new(Array2::zeros((0, 0)), vec![0.0], vec![0.0])
                .check()
                .is_err()
        );
    }
}
