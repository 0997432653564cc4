//! Fewer colours.

use std::collections::HashMap;

use sarangi_core::{Error, Result};

use crate::{Colour, Picture};

impl Picture {
    /// The picture with at most so many colours: the most frequent ones stay, each of the others
    /// becomes the nearest of them.
    ///
    /// With 256 the file is about a third as large, and a heat map with letters looks the same: what is
    /// lost are shades on the edges of letters.
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
        let rest = ranked.split_off(colours.min(ranked.len()));
        let nearest = |colour: Colour| {
            let best = ranked
                .iter()
                .min_by_key(|(kept, _)| distance(colour, *kept));
            best.map_or(colour, |&(kept, _)| kept)
        };
        let replaced: HashMap<Colour, Colour> = rest
            .into_iter()
            .map(|(colour, _)| (colour, nearest(colour)))
            .collect();
        if !replaced.is_empty() {
            for pixel in self.rgb.chunks_exact_mut(3) {
                if let Some(colour) = replaced.get(&[pixel[0], pixel[1], pixel[2]]) {
                    pixel.copy_from_slice(colour);
                }
            }
        }
        Ok(self)
    }
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
    fn the_most_frequent_stay_and_the_others_become_the_nearest() {
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
}
