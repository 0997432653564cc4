//! Pictures as PNG files.

use std::path::Path;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use sarangi_core::{Error, Result, write_atomically};

use crate::Picture;

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
        let [width, height] = [self.width(), self.height()].map(|pixels| {
            u32::try_from(pixels)
                .ok()
                .filter(|&pixels| pixels <= LARGEST)
                .ok_or_else(|| {
                    Error::shape("png", format_args!("at most {LARGEST} pixels"), pixels)
                })
        });
        let mut png = Vec::new();
        PngEncoder::new(&mut png)
            .write_image(self.rgb(), width?, height?, ExtendedColorType::Rgb8)
            .map_err(|e| Error::backend("png", e))?;
        write_atomically(path, |out| {
            out.write_all(&png).map_err(|e| Error::io(path, e))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ColourMap;
    use ndarray::Array3;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = std::env::temp_dir().join(format!("sarangi-png-{}", std::process::id()));
        let path = folder.join("new/map.png");
        let map = Array3::from_shape_fn((2, 3, 5), |(c, b, f)| (c + 2 * b + 3 * f) as f32);
        let picture = Picture::render(map.view(), ColourMap::Viridis, None).unwrap();
        picture.write_png(&path).unwrap();
        let read = image::open(&path).unwrap().into_rgb8();
        assert_eq!(read.dimensions(), (5, 8));
        assert_eq!(read.as_raw(), picture.rgb());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
