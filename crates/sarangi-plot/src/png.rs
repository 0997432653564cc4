//! Pictures as PNG files.

use std::collections::HashMap;
use std::path::Path;

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use sarangi_core::{Error, Result, write_atomically};

use crate::{Colour, Picture};

/// The largest width and height that the format can store.
const LARGEST: u32 = i32::MAX as u32;

impl Picture {
    /// Writes a PNG file whole, or not at all. Needs the cargo feature `png`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written, [`Error::Shape`] if the picture is too large
    /// for the format.
    pub fn write_png(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let png = self.to_png()?;
        write_atomically(path, |out| {
            out.write_all(&png).map_err(|e| Error::io(path, e))
        })
    }

    /// The bytes of a PNG file. Needs the cargo feature `png`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the picture is too large for the format.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        let [width, height] = [self.width(), self.height()].map(|pixels| {
            u32::try_from(pixels)
                .ok()
                .filter(|&pixels| pixels <= LARGEST)
                .ok_or_else(|| {
                    Error::shape("png", format_args!("at most {LARGEST} pixels"), pixels)
                })
        });
        self.png(width?, height?)
            .map_err(|e| Error::backend("png", e))
    }

    /// With a palette if there are few colours, which is a third of the size.
    fn png(&self, width: u32, height: u32) -> Result<Vec<u8>, EncodingError> {
        let mut png = Vec::new();
        let mut encoder = Encoder::new(&mut png, width, height);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Balanced);
        // Flat areas and letters compress best as they are.
        encoder.set_filter(Filter::NoFilter);
        if let Some((palette, pixels)) = self.indexed() {
            encoder.set_color(ColorType::Indexed);
            encoder.set_palette(palette.concat());
            encoder.write_header()?.write_image_data(&pixels)?;
        } else {
            encoder.set_color(ColorType::Rgb);
            encoder.write_header()?.write_image_data(&self.rgb)?;
        }
        Ok(png)
    }

    /// The colours in the order in which they appear, and which each pixel has; `None` if there are
    /// more than 256.
    fn indexed(&self) -> Option<(Vec<Colour>, Vec<u8>)> {
        let mut palette: Vec<Colour> = Vec::new();
        let mut places = HashMap::new();
        let mut pixels = Vec::with_capacity(self.rgb.len() / 3);
        let mut last: Option<(Colour, u8)> = None;
        for pixel in self.rgb.chunks_exact(3) {
            let colour = [pixel[0], pixel[1], pixel[2]];
            let place = match last {
                Some((same, place)) if same == colour => place,
                _ => match places.get(&colour) {
                    Some(&place) => place,
                    None => {
                        let place = u8::try_from(palette.len()).ok()?;
                        palette.push(colour);
                        places.insert(colour, place);
                        place
                    }
                },
            };
            last = Some((colour, place));
            pixels.push(place);
        }
        Some((palette, pixels))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::BufReader;

    use super::*;
    use crate::ColourMap;
    use ndarray::Array3;
    use png::Transformations;

    /// Width, height and pixels, whatever the file has them as.
    fn read(path: &Path) -> (u32, u32, Vec<u8>) {
        let mut decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!(info.color_type, ColorType::Rgb);
        (info.width, info.height, rgb)
    }

    #[test]
    fn what_is_written_is_read_again_with_few_colours_and_with_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/map.png");
        let map = Array3::from_shape_fn((2, 3, 5), |(c, b, f)| (c + 2 * b + 3 * f) as f32);
        let few = Picture::render(map.view(), ColourMap::Viridis, None).unwrap();
        let noise = |(c, y, x): (usize, usize, usize)| ((x * 7 + y * 13 + c * 101) % 97) as f32;
        let noise = Array3::from_shape_fn((3, 20, 30), noise) / 97.0;
        let many = Picture::of_rgb(noise.view()).unwrap();
        assert!(few.indexed().is_some());
        for picture in [few, many] {
            picture.write_png(&path).unwrap();
            let (width, height, rgb) = read(&path);
            let size = (width as usize, height as usize);
            assert_eq!(size, (picture.width(), picture.height()));
            assert_eq!(rgb, picture.rgb());
            assert_eq!(std::fs::read(&path).unwrap(), picture.to_png().unwrap());
        }
    }

    #[test]
    fn a_palette_has_up_to_256_colours() {
        let colours = |n: u16| {
            let [width, height] = [usize::from(n), 2];
            let mut picture = Picture::plain(width, height, [0; 3]).unwrap();
            for (i, pixel) in picture.rgb.chunks_exact_mut(3).enumerate() {
                let [high, low] = ((i % width) as u16).to_be_bytes();
                pixel.copy_from_slice(&[7, high, low]);
            }
            picture.indexed().map(|(palette, _)| palette.len())
        };
        assert_eq!(colours(256), Some(256));
        assert_eq!(colours(257), None);
    }
}
