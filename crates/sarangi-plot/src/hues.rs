//! Colours of many things in one drawing.

use crate::Colour;

/// How light and how colourful they are, in Oklch: to be told from white paper and from each other.
const LIGHTNESS: f64 = 0.60;
const CHROMA: f64 = 0.14;
/// Up to so many, hues are spread evenly.
const FEW: usize = 12;
/// Degrees after which the next of many lies in the widest gap.
const GOLDEN: f64 = 137.508;

/// The colour of thing `index` of `count`: all equally light, their hues as far apart as their number
/// allows. Above a dozen, colours alone do not tell things apart.
pub fn categorical(index: usize, count: usize) -> Colour {
    let hue = if count <= FEW {
        index as f64 * 360.0 / count.max(1) as f64
    } else {
        (index as f64 * GOLDEN) % 360.0
    };
    oklch((hue + 15.0).to_radians())
}

/// Björn Ottosson's Oklab (2020) to sRGB.
fn oklch(hue: f64) -> Colour {
    let (a, b) = (CHROMA * hue.cos(), CHROMA * hue.sin());
    let [l, m, s] = [
        LIGHTNESS + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        LIGHTNESS - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        LIGHTNESS - 0.089_484_177_5 * a - 1.291_485_548_0 * b,
    ]
    .map(|root| root.powi(3));
    [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ]
    .map(|linear| {
        let linear = linear.clamp(0.0, 1.0);
        let encoded = if linear <= 0.003_130_8 {
            12.92 * linear
        } else {
            1.055 * linear.powf(1.0 / 2.4) - 0.055
        };
        (255.0 * encoded).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dozen_colours_are_all_different_and_none_is_pale() {
        let colours: Vec<Colour> = (0..12).map(|index| categorical(index, 12)).collect();
        for (i, a) in colours.iter().enumerate() {
            assert!(a.iter().any(|&channel| channel < 140), "{a:?}");
            for b in &colours[..i] {
                let apart: u32 = (0..3).map(|c| u32::from(a[c].abs_diff(b[c]))).sum();
                assert!(apart > 40, "{a:?} {b:?}");
            }
        }
        assert_eq!(categorical(5, 0), categorical(5, 0));
    }
}
