//! Fewer colours.

use std::collections::HashMap;

use sarangi_core::{Error, Result};

use crate::{Colour, Picture};

impl Picture {
    /// The picture with at most so many colours, each pixel's as near to its old one as can be.
    ///
    /// With 256 the file is about a third as large, and a heat map with letters looks the same. The
    /// frequent colours stay; each of the others becomes one that stays, none of them further away
    /// than the least distance at which so many colours suffice.
    ///
    /// # Errors
    /// [`Error::Config`] if no colour is to stay.
    pub fn reduced(mut self, colours: usize) -> Result<Self> {
        if colours == 0 {
            let reason = "must be at least 1, got 0";
            return Err(Error::config("picture", "colours", reason));
        }
        let mut counts: HashMap<Colour, usize> = HashMap::new();
        for pixel in self.rgb.chunks_exact(3) {
            *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
        }
        let mut ranked: Vec<(Colour, usize)> = counts.into_iter().collect();
        // By colour as well: the order of a hash map is another each time.
        ranked.sort_unstable_by_key(|&(colour, count)| (usize::MAX - count, colour));
        let ranked: Vec<Colour> = ranked.into_iter().map(|(colour, _)| colour).collect();
        if ranked.len() <= colours {
            return Ok(self);
        }
        let (mut near, mut far) = (0, LARGEST);
        let mut kept = cover(&ranked, far, colours);
        while far - near > 1 {
            let middle = near + (far - near) / 2;
            match cover(&ranked, middle, colours) {
                Some(fewer) => (far, kept) = (middle, Some(fewer)),
                None => near = middle,
            }
        }
        let kept = kept.unwrap_or_default();
        let nearest = |colour: Colour| {
            let best = kept.iter().min_by_key(|&&kept| distance(colour, kept));
            (colour, best.copied().unwrap_or(colour))
        };
        let places: HashMap<Colour, Colour> = ranked.into_iter().map(nearest).collect();
        for pixel in self.rgb.chunks_exact_mut(3) {
            if let Some(colour) = places.get(&[pixel[0], pixel[1], pixel[2]]) {
                pixel.copy_from_slice(colour);
            }
        }
        Ok(self)
    }
}

/// The square of the largest distance there is.
const LARGEST: u32 = 3 * 255 * 255;

/// The first colours that are further than a distance (squared) from all before them: no colour is
/// further from all of these. `None` if they are more than `most`.
fn cover(ranked: &[Colour], within: u32, most: usize) -> Option<Vec<Colour>> {
    let mut kept: Vec<Colour> = Vec::new();
    for &colour in ranked {
        if kept.iter().all(|&other| distance(colour, other) > within) {
            if kept.len() == most {
                return None;
            }
            kept.push(colour);
        }
    }
    Some(kept)
}

fn distance(a: Colour, b: Colour) -> u32 {
    let squares = a
        .iter()
        .zip(b)
        .map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2));
    squares.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(pixels: &[Colour]) -> Picture {
        let mut picture = Picture::plain(pixels.len(), 1, [0; 3]).unwrap();
        picture.rgb = pixels.concat();
        picture
    }

    #[test]
    fn frequent_colours_stay_and_none_moves_far() {
        let (dark, light) = ([10, 10, 10], [200, 200, 200]);
        let pixels = [dark, light, [20, 10, 10], dark, light, [190, 210, 200]];
        let reduced = picture(&pixels).reduced(2).unwrap();
        assert_eq!(
            reduced.rgb(),
            [dark, light, dark, dark, light, light].concat()
        );
        let all = picture(&pixels).reduced(256).unwrap();
        assert_eq!(all.rgb(), pixels.concat());
        assert!(picture(&pixels).reduced(0).is_err());
    }

    #[test]
    fn a_ramp_keeps_its_rare_ends() {
        // As a heat map: all but everything is dark, the bright end is in few pixels.
        let mut pixels: Vec<Colour> = (0..=255).map(|i| [i, i / 2, 255 - i]).collect();
        pixels.extend((0..40u8).flat_map(|i| vec![[i, i / 2, 255 - i]; 100]));
        let reduced = picture(&pixels).reduced(32).unwrap();
        let left: std::collections::HashSet<&[u8]> = reduced.rgb().chunks(3).collect();
        assert!(left.len() <= 32);
        for (was, is) in pixels.iter().zip(reduced.rgb().chunks_exact(3)) {
            let moved = distance(*was, [is[0], is[1], is[2]]);
            assert!(moved <= 14 * 14, "{was:?} {is:?}");
        }
    }
}
