//! The colours of all plots: dark grey ink, and two hues that colour-blind readers tell apart.

use crate::Colour;
use crate::colour_map::between;

/// What is drawn on.
pub const PAPER: Colour = crate::picture::PAPER;
/// Letters that are read first.
pub const INK: Colour = [33, 41, 51];
/// Letters that explain.
pub const SOFT_INK: Colour = [91, 102, 114];
/// Lines behind what is drawn.
pub const GRID: Colour = [230, 233, 237];
/// The edges of what is drawn.
pub const AXIS: Colour = [150, 159, 170];
/// The first hue: the blue of Okabe and Ito's palette (2008).
pub const ACCENT: Colour = [0, 114, 178];
/// The second hue: the orange of that palette, which also differs in lightness.
pub const SECOND: Colour = [230, 159, 0];

/// From nothing to everything: one blue that only darkens, so that it also reads in grey.
const SEQUENCE: [Colour; 5] = [
    [245, 248, 252],
    [198, 219, 239],
    [107, 174, 214],
    [33, 113, 181],
    [8, 48, 107],
];

/// The colour of a share between 0 and 1.
pub fn sequential(share: f64) -> Colour {
    between(&SEQUENCE, share)
}

/// Paper on backgrounds dark enough for it, else ink.
///
/// From a contrast of 3 : 1 on, which WCAG asks of large letters, white is easier to read on blue
/// than dark letters, even where their computed contrast is a little higher.
pub fn readable_on(background: Colour) -> Colour {
    if contrast(PAPER, background) >= 3.0 {
        PAPER
    } else {
        INK
    }
}

/// WCAG's contrast ratio, 1 to 21.
fn contrast(a: Colour, b: Colour) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance, 0 to 1, as WCAG defines it.
fn luminance(colour: Colour) -> f64 {
    let [r, g, b] = colour.map(|channel| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.04045 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_turns_white_on_dark_and_is_readable_on_every_share() {
        assert_eq!(readable_on(sequential(0.0)), INK);
        assert_eq!(readable_on(sequential(1.0)), PAPER);
        for percent in 0..=100 {
            let background = sequential(f64::from(percent) / 100.0);
            assert!(
                contrast(readable_on(background), background) >= 3.0,
                "{percent}"
            );
        }
    }

    #[test]
    fn a_larger_share_is_darker() {
        for percent in 1..=100 {
            let at = |p: i32| luminance(sequential(f64::from(p) / 100.0));
            assert!(at(percent) < at(percent - 1), "{percent}");
        }
    }
}
