//! Feature maps as pictures.

use ndarray::ArrayView3;
use sarangi_core::{Error, Result};

use crate::{Colour, ColourMap, Shades};

const OP: &str = "picture";
/// The longest side of what is drawn: no program shows more.
const LARGEST: usize = 1 << 16;
/// The most pixels of what is drawn: they are held in memory, three bytes each.
const MOST: usize = 1 << 28;
/// Rows of pixels between two channels, and their colour.
const GAP: usize = 2;
pub(crate) const PAPER: Colour = [255; 3];

/// A picture in 24-bit colour, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rgb: Vec<u8>,
}

impl Picture {
    /// A picture of one colour.
    ///
    /// # Errors
    /// [`Error::Config`] if a side is not from 1 to 65,536 pixels, or if there are more than
    /// 268,435,456 in all.
    pub fn plain(width: usize, height: usize, colour: Colour) -> Result<Self> {
        for (field, pixels) in [("width", width), ("height", height)] {
            if !(1..=LARGEST).contains(&pixels) {
                let reason = format!("must be 1 to {LARGEST} pixels, got {pixels}");
                return Err(Error::config(OP, field, reason));
            }
        }
        if width * height > MOST {
            let reason = format!("gives {width} × {height} pixels; at most {MOST} can be drawn");
            return Err(Error::config(OP, "height", reason));
        }
        Ok(Self {
            width,
            height,
            rgb: colour.repeat(width * height),
        })
    }

    /// Shows a map of shape (channels, bins, frames): one pixel for each value, time from left to
    /// right, the lowest bin at the bottom, channels below each other with two white rows between.
    ///
    /// `range` is what the darkest and the lightest colour stand for; without one it is the least
    /// and the largest finite value of each channel. A channel of one value is all dark; values
    /// outside the range, infinite ones included, have the colour of the nearer end; NaN is
    /// [`ColourMap::MISSING`].
    ///
    /// # Shapes
    /// A picture channels × (bins + 2) − 2 pixels high and frames wide.
    ///
    /// # Errors
    /// [`Error::Shape`] if the map has no value, [`Error::Config`] if the range is empty or not
    /// finite.
    pub fn render(
        map: ArrayView3<'_, f32>,
        colours: ColourMap,
        range: Option<(f32, f32)>,
    ) -> Result<Self> {
        let (channels, bins, frames) = map.dim();
        if map.is_empty() {
            let got = format_args!("({channels}, {bins}, {frames})");
            return Err(Error::shape(OP, "a map with at least one value", got));
        }
        if let Some((low, high)) = range
            && !(low < high && low.is_finite() && high.is_finite())
        {
            let reason = format!("must be finite and grow, got {low} to {high}");
            return Err(Error::config(OP, "range", reason));
        }
        let height = channels * (bins + GAP) - GAP;
        let mut rgb = Vec::with_capacity(3 * frames * height);
        for (index, channel) in map.outer_iter().enumerate() {
            if index > 0 {
                rgb.extend(PAPER.iter().cycle().take(3 * GAP * frames));
            }
            let shades = Shades::of(channel, range.unzip());
            for bin in channel.outer_iter().rev() {
                for &value in bin {
                    rgb.extend(colours.colour(shades.share(value)));
                }
            }
        }
        Ok(Self {
            width: frames,
            height,
            rgb,
        })
    }

    /// Takes a map of shape (3, height, width) as the red, green and blue of its pixels, from 0 to 1
    /// with the first row on top, such as an image feature's; what lies outside has
    /// the nearer end's colour, NaN none.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are not three channels, or no pixels.
    pub fn of_rgb(map: ArrayView3<'_, f32>) -> Result<Self> {
        let (channels, height, width) = map.dim();
        if channels != 3 || map.is_empty() {
            let got = format_args!("({channels}, {height}, {width})");
            return Err(Error::shape(OP, "red, green and blue of some pixels", got));
        }
        // In the order (row, column, channel); the cast cuts at both ends.
        let pixels = map.permuted_axes([1, 2, 0]);
        Ok(Self {
            width,
            height,
            rgb: pixels.iter().map(|x| (x * 255.0).round() as u8).collect(),
        })
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels from the upper left, red, green and blue of each.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array3, array};
    use proptest::prelude::*;

    const MAP: ColourMap = ColourMap::Grey;

    fn greys(picture: &Picture) -> Vec<Vec<u8>> {
        let rows = picture.rgb().chunks(3 * picture.width());
        rows.map(|row| row.iter().step_by(3).copied().collect())
            .collect()
    }

    #[test]
    fn low_bins_are_below_and_each_channel_has_its_own_range() {
        let map = array![[[0.0, 1.0], [2.0, 4.0]], [[-10.0, -20.0], [-30.0, -50.0]]];
        let picture = Picture::render(map.view(), MAP, None).unwrap();
        assert_eq!((picture.width(), picture.height()), (2, 6));
        let want = [
            [128, 255],
            [0, 64],
            [255, 255],
            [255, 255],
            [128, 0],
            [255, 192],
        ];
        assert_eq!(greys(&picture), want);
    }

    #[test]
    fn a_range_is_kept_to() {
        let map = array![[[-1.0, 0.0, 5.0, 10.0, 11.0]]];
        let picture = Picture::render(map.view(), MAP, Some((0.0, 10.0))).unwrap();
        assert_eq!(greys(&picture), [[0, 0, 128, 255, 255]]);
        for range in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f32::NAN, 1.0),
            (0.0, f32::INFINITY),
        ] {
            let error = Picture::render(map.view(), MAP, Some(range)).unwrap_err();
            assert!(error.to_string().starts_with("picture: range: "), "{error}");
        }
    }

    #[test]
    fn what_is_not_finite_has_a_colour_and_moves_no_other() {
        let map = array![[[f32::INFINITY, f32::NEG_INFINITY, 1.0, 2.0]]];
        let picture = Picture::render(map.view(), MAP, None).unwrap();
        assert_eq!(greys(&picture), [[255, 0, 0, 255]]);
        let map = array![[[f32::NAN, f32::INFINITY]]];
        let picture = Picture::render(map.view(), MAP, None).unwrap();
        assert_eq!(picture.rgb(), &[255, 0, 0, 255, 255, 255]);
        let constant = Array3::from_elem((1, 1, 3), 7.0);
        let picture = Picture::render(constant.view(), MAP, None).unwrap();
        assert_eq!(greys(&picture), [[0, 0, 0]]);
    }

    #[test]
    fn a_range_wider_than_any_single_number_is_no_trouble() {
        let map = array![[[f32::MIN, 0.0, f32::MAX]]];
        let picture = Picture::render(map.view(), MAP, None).unwrap();
        assert_eq!(greys(&picture), [[0, 128, 255]]);
    }

    #[test]
    fn a_plain_picture_has_a_size_that_can_be_shown() {
        let picture = Picture::plain(3, 2, [1, 2, 3]).unwrap();
        assert_eq!((picture.width(), picture.height()), (3, 2));
        assert_eq!(picture.rgb(), [1, 2, 3].repeat(6));
        for (width, height) in [(0, 1), (1, 0), (1, 65_537), (65_536, 65_536)] {
            let error = Picture::plain(width, height, [0; 3]).unwrap_err();
            assert!(matches!(error, Error::Config { .. }), "{width} {height}");
        }
    }

    #[test]
    fn red_green_and_blue_are_taken_as_they_are() {
        let map = array![[[0.0, 1.0]], [[0.5, f32::NAN]], [[-1.0, 7.0]]];
        let picture = Picture::of_rgb(map.view()).unwrap();
        assert_eq!((picture.width(), picture.height()), (2, 1));
        assert_eq!(picture.rgb(), [0, 128, 0, 255, 0, 255]);
        assert!(Picture::of_rgb(Array3::zeros((1, 2, 2)).view()).is_err());
        assert!(Picture::of_rgb(Array3::zeros((3, 0, 2)).view()).is_err());
    }

    #[test]
    fn an_empty_map_is_refused() {
        for shape in [(0, 3, 3), (1, 0, 3), (1, 3, 0)] {
            let map = Array3::<f32>::zeros(shape);
            assert!(Picture::render(map.view(), MAP, None).is_err());
        }
    }

    proptest! {
        #[test]
        fn every_map_has_a_picture_of_the_promised_size(
            (channels, bins, frames) in (1usize..4, 1usize..6, 1usize..6),
            values in prop::collection::vec(any::<f32>(), 3 * 5 * 5),
        ) {
            let values = values[..channels * bins * frames].to_vec();
            let map = Array3::from_shape_vec((channels, bins, frames), values).unwrap();
            let picture = Picture::render(map.view(), ColourMap::Magma, None).unwrap();
            prop_assert_eq!(picture.width(), frames);
            prop_assert_eq!(picture.height(), channels * (bins + 2) - 2);
            prop_assert_eq!(picture.rgb().len(), 3 * picture.width() * picture.height());
        }
    }
}
