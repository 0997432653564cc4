//! Colours for numbers.

use serde::{Deserialize, Serialize};

const VIRIDIS: &[u8; 768] = include_bytes!("../assets/viridis.rgb");
const INFERNO: &[u8; 768] = include_bytes!("../assets/inferno.rgb");
const JET: &[u8; 768] = include_bytes!("../assets/jet.rgb");
const MAGMA: &[u8; 768] = include_bytes!("../assets/magma.rgb");

/// Red, green and blue, 0 to 255 each.
pub type Colour = [u8; 3];

/// The colours that numbers are shown in.
///
/// All but jet and diverging go from dark to light without a turn, so that they also read in print
/// and by the colour-blind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColourMap {
    /// Blue over green to yellow; matplotlib's default.
    #[default]
    Viridis,
    /// Black over purple and red to pale yellow; librosa's default for spectrograms.
    Magma,
    /// Black over purple and orange to pale yellow.
    Inferno,
    /// Blue over green to red: what older systems were trained on. It shows edges where there are none.
    Jet,
    /// Black to white; matplotlib's `gray`.
    #[serde(alias = "gray")]
    Grey,
    /// Blue over white to orange, dark at both ends: for numbers on both sides of zero. Our own, like
    /// matplotlib's `RdBu_r`.
    Diverging,
}

/// The colours of [`ColourMap::Diverging`] at equal distances.
const DIVERGING: [Colour; 5] = [
    [0, 40, 84],
    [0, 114, 178],
    [247, 247, 247],
    [213, 94, 0],
    [96, 32, 0],
];

impl ColourMap {
    /// What is shown where there is no number (NaN): a red that is in none of the maps.
    pub const MISSING: Colour = [255, 0, 0];

    /// The colour of a value from 0 to 1, in 256 steps: `matplotlib.colormaps[name](value,
    /// bytes=True)`.
    ///
    /// What lies outside has the colour of the nearer end, NaN [`MISSING`](Self::MISSING).
    pub fn colour(self, value: f32) -> Colour {
        if value.is_nan() {
            return Self::MISSING;
        }
        // The cast cuts at both ends.
        let step = (value * 256.0) as u8;
        let table = match self {
            Self::Viridis => VIRIDIS,
            Self::Magma => MAGMA,
            Self::Inferno => INFERNO,
            Self::Jet => JET,
            Self::Grey => return [step; 3],
            Self::Diverging => return between(&DIVERGING, f64::from(step) / 255.0),
        };
        let at = 3 * usize::from(step);
        [table[at], table[at + 1], table[at + 2]]
    }
}

/// The colour at a share of the way through others that lie at equal distances.
pub(crate) fn between(colours: &[Colour], share: f64) -> Colour {
    let steps = colours.len() - 1;
    let at = share.clamp(0.0, 1.0) * steps as f64;
    let lower = (at as usize).min(steps - 1);
    let rest = at - lower as f64;
    let (from, to) = (colours[lower], colours[lower + 1]);
    std::array::from_fn(|i| {
        let (from, to) = (f64::from(from[i]), f64::from(to[i]));
        (from + (to - from) * rest).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_matplotlibs() {
        // matplotlib.colormaps[name]([0.0, 0.25, 0.5, 0.999, 1.0], bytes=True)
        let cases = [
            (
                ColourMap::Viridis,
                [
                    [68, 1, 84],
                    [58, 82, 139],
                    [32, 144, 140],
                    [253, 231, 36],
                    [253, 231, 36],
                ],
            ),
            (
                ColourMap::Magma,
                [
                    [0, 0, 3],
                    [80, 18, 123],
                    [182, 54, 121],
                    [251, 252, 191],
                    [251, 252, 191],
                ],
            ),
            (
                ColourMap::Inferno,
                [
                    [0, 0, 3],
                    [87, 15, 109],
                    [187, 55, 84],
                    [252, 254, 164],
                    [252, 254, 164],
                ],
            ),
            (
                ColourMap::Jet,
                [
                    [0, 0, 127],
                    [0, 128, 255],
                    [124, 255, 121],
                    [127, 0, 0],
                    [127, 0, 0],
                ],
            ),
            (
                ColourMap::Grey,
                [[0; 3], [64; 3], [128; 3], [255; 3], [255; 3]],
            ),
        ];
        for (map, want) in cases {
            let got = [0.0, 0.25, 0.5, 0.999, 1.0].map(|value| map.colour(value));
            assert_eq!(got, want, "{map:?}");
        }
    }

    #[test]
    fn maps_grow_lighter_and_every_number_has_a_colour() {
        for map in [
            ColourMap::Viridis,
            ColourMap::Magma,
            ColourMap::Inferno,
            ColourMap::Jet,
            ColourMap::Grey,
            ColourMap::Diverging,
        ] {
            let luminance = |[r, g, b]: Colour| {
                0.2126 * f32::from(r) + 0.7152 * f32::from(g) + 0.0722 * f32::from(b)
            };
            let steps: Vec<f32> = (0..256)
                .map(|i| luminance(map.colour(i as f32 / 255.0)))
                .collect();
            assert!(
                matches!(map, ColourMap::Jet | ColourMap::Diverging)
                    || steps.windows(2).all(|pair| pair[0] < pair[1] + 0.5),
                "{map:?}"
            );
            assert_eq!(map.colour(f32::NEG_INFINITY), map.colour(0.0));
            assert_eq!(map.colour(-1.0), map.colour(0.0));
            assert_eq!(map.colour(2.0), map.colour(1.0));
            assert_eq!(map.colour(f32::INFINITY), map.colour(1.0));
            assert_eq!(map.colour(f32::NAN), ColourMap::MISSING);
            assert!((0..256).all(|i| map.colour(i as f32 / 255.0) != ColourMap::MISSING));
        }
    }

    #[test]
    fn a_diverging_map_is_lightest_in_the_middle() {
        let light = |share: f32| {
            let colour = ColourMap::Diverging.colour(share);
            colour.iter().map(|&part| u32::from(part)).sum::<u32>()
        };
        for step in 1..=128 {
            let [near, far] = [step - 1, step].map(|step| step as f32 / 256.0);
            assert!(light(0.5 - near) >= light(0.5 - far), "{step}");
            assert!(light(0.5 + near) >= light(0.5 + far), "{step}");
        }
        assert_eq!(ColourMap::Diverging.colour(0.0), DIVERGING[0]);
        assert_eq!(ColourMap::Diverging.colour(1.0), DIVERGING[4]);
    }
}
