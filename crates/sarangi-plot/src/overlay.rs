//! Heat over a picture.

use ndarray::ArrayView2;
use sarangi_core::{Error, Result};

use crate::{ColourMap, Picture};

/// How much of the picture the hottest colour covers.
const MOST: f32 = 0.72;
/// How bright the picture is below, of its own brightness.
const DIM: f32 = 0.85;

impl Picture {
    /// The picture in grey with heat over it in colours, such as what a network looked at over the
    /// spectrogram that it saw: cold places stay grey, the hottest are nearly covered.
    ///
    /// The heat is stretched over the whole picture, linearly between the middles of its cells; it is 0
    /// where nothing is and 1 at most: what lies outside is taken for the nearer end, and NaN for 0.
    ///
    /// # Shapes
    /// (bins, frames), the lowest bin at the bottom.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is no heat.
    pub fn overlaid(&self, heat: ArrayView2<'_, f32>, colours: ColourMap) -> Result<Self> {
        let (bins, frames) = heat.dim();
        if heat.is_empty() {
            let got = format_args!("({bins}, {frames})");
            return Err(Error::shape("overlay", "heat with at least one value", got));
        }
        let value = |bin: usize, frame: usize| {
            let value = heat[[bin, frame]];
            if value.is_nan() {
                0.0
            } else {
                value.clamp(0.0, 1.0)
            }
        };
        let columns: Vec<_> = (0..self.width)
            .map(|x| between(x, self.width, frames))
            .collect();
        let mut rgb = Vec::with_capacity(self.rgb.len());
        for (y, row) in self.rgb.chunks_exact(3 * self.width).enumerate() {
            // Rows count from the top, bins from the bottom.
            let (low, high, up) = between(self.height - 1 - y, self.height, bins);
            for (pixel, &(left, right, along)) in row.chunks_exact(3).zip(&columns) {
                let mix = |a: f32, b: f32, share: f32| a + (b - a) * share;
                let heat = mix(
                    mix(value(low, left), value(low, right), along),
                    mix(value(high, left), value(high, right), along),
                    up,
                );
                let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
                // Rec. 709's weights.
                let grey = DIM * (0.2126 * r + 0.7152 * g + 0.0722 * b);
                let hot = colours.colour(heat);
                rgb.extend(hot.map(|hot| mix(grey, f32::from(hot), MOST * heat).round() as u8));
            }
        }
        Ok(Self { rgb, ..*self })
    }
}

/// The two cells that pixel `at` of `size` lies between, and how far from the first to the second.
fn between(at: usize, size: usize, cells: usize) -> (usize, usize, f32) {
    let place = (at as f32 + 0.5) / size as f32 * cells as f32 - 0.5;
    let place = place.clamp(0.0, (cells - 1) as f32);
    let first = place.floor() as usize;
    (first, (first + 1).min(cells - 1), place - first as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn cold_is_grey_and_hot_is_coloured_with_low_bins_at_the_bottom() {
        let picture = Picture::plain(4, 4, [200, 100, 50]).unwrap();
        let heat = array![[1.0, 1.0], [0.0, f32::NAN]];
        let over = picture.overlaid(heat.view(), ColourMap::Inferno).unwrap();
        let pixel = |x: usize, y: usize| &over.rgb()[3 * (4 * y + x)..][..3];
        let top = pixel(1, 0);
        assert!(top[0] == top[1] && top[1] == top[2], "{top:?}");
        let hot = ColourMap::Inferno.colour(1.0);
        let below = pixel(1, 3);
        assert!(
            (0..3).all(|i| below[i].abs_diff(hot[i]) < 64),
            "{below:?} {hot:?}"
        );
    }

    #[test]
    fn heat_of_one_cell_or_many_covers_the_whole_picture() {
        let picture = Picture::plain(3, 2, [90; 3]).unwrap();
        for shape in [(1, 1), (1, 7), (50, 2)] {
            let full = Array2::from_elem(shape, 2.0);
            let over = picture.overlaid(full.view(), ColourMap::Viridis).unwrap();
            assert!(over.rgb().chunks(3).all(|pixel| pixel == &over.rgb()[..3]));
        }
        assert!(
            picture
                .overlaid(Array2::zeros((0, 3)).view(), ColourMap::Grey)
                .is_err()
        );
    }
}
