//! From a picture file to what the network sees.

use std::io::{BufRead, Cursor, ErrorKind, Seek};
use std::path::Path;

use image::{DynamicImage, ImageError, ImageReader, Limits};
use ndarray::{Array2, Array3, Array4, ArrayView2, s};
use sarangi_core::{Error, FeatureMap, Result, Spec, within};
use sarangi_dsp::resize_antialiased;
use serde::{Deserialize, Serialize};

/// How pictures come to one size. Values are 0 (dark) to 1 (light); how they are scaled from there
/// is the recipe's `normalise`.
///
/// With `size` alone both sides are stretched or shrunk, torchvision's `Resize((height, width))`;
/// with `shorter` the shorter side gets that length, the proportions stay, and the middle is cut out,
/// `Resize(shorter)` and `CenterCrop(size)`. Either averages over what it shrinks, as PIL does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "type", rename = "picture")]
pub struct PictureSpec {
    /// Height and width in pixels.
    pub size: [usize; 2],
    /// The length of the shorter side before the middle is cut out; none stretches both sides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shorter: Option<usize>,
    /// Which channels there are.
    #[serde(default)]
    pub colour: Colour,
    /// The columns of a chunk, where columns are time, as in a spectrogram: the picture is cut into
    /// chunks of this width, and what is left over is not used. None is one chunk, the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// The columns from one chunk's beginning to the next one's; `window` if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hop: Option<usize>,
}

/// The channels of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// Red, green and blue; of a grey picture three times the same.
    #[default]
    Rgb,
    /// One channel, the luma of ITU-R BT.709 of what is coloured.
    Grey,
}

/// The longest side that makes sense for a network, and that a file may have.
const LONGEST: usize = 8192;
const LONGEST_IN_FILE: u32 = 32_768;
/// The most memory in bytes that decoding one file may take.
const MEMORY: u64 = 1 << 30;

/// A front end for pictures, ready to run from any thread.
#[derive(Debug)]
pub struct PictureFrontEnd {
    spec: PictureSpec,
    identity: String,
}

impl Spec<()> for PictureSpec {
    type Built = PictureFrontEnd;

    fn build(&self, (): ()) -> Result<PictureFrontEnd> {
        for side in self.size {
            within("front_end", "size", side, 1..=LONGEST)?;
        }
        if let Some(shorter) = self.shorter {
            let least = self.size[0].min(self.size[1]);
            within("front_end", "shorter", shorter, least..=LONGEST)?;
        }
        let columns = self.size[1];
        if let Some(window) = self.window {
            within("front_end", "window", window, 1..=columns)?;
        }
        match (self.hop, self.window) {
            (Some(_), None) => {
                let reason = "is the distance of chunks; give their width as `window`";
                return Err(Error::config("front_end", "hop", reason));
            }
            (Some(hop), _) => within("front_end", "hop", hop, 1..=columns)?,
            _ => {}
        }
        let identity = serde_json::to_string(self)
            .map_err(|e| Error::config("front_end", "size", e.to_string()))?;
        Ok(PictureFrontEnd {
            spec: self.clone(),
            identity,
        })
    }
}

impl PictureFrontEnd {
    /// The shape (channels, height, width) of every chunk's map.
    pub fn shape(&self) -> [usize; 3] {
        let [channels, height, width] = self.whole();
        [channels, height, self.spec.window.unwrap_or(width)]
    }

    /// The shape of the whole picture's map.
    fn whole(&self) -> [usize; 3] {
        let channels = match self.spec.colour {
            Colour::Rgb => 3,
            Colour::Grey => 1,
        };
        [channels, self.spec.size[0], self.spec.size[1]]
    }

    /// A text that differs whenever the results could.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The maps of a picture's chunks, (chunks, channels, height, width).
    ///
    /// # Errors
    /// As [`map`](Self::map).
    pub fn maps(&self, path: impl AsRef<Path>) -> Result<Array4<f32>> {
        Ok(self.chunks(&self.map(path)?))
    }

    /// A picture's map, cut into chunks.
    pub(crate) fn chunks(&self, map: &FeatureMap) -> Array4<f32> {
        let [channels, height, width] = self.shape();
        let hop = self.spec.hop.unwrap_or(width);
        let count = 1 + (self.spec.size[1] - width) / hop;
        let mut chunks = Array4::zeros((count, channels, height, width));
        for (n, mut chunk) in chunks.outer_iter_mut().enumerate() {
            chunk.assign(&map.slice(s![.., .., n * hop..n * hop + width]));
        }
        chunks
    }

    /// The map of a whole picture, (channels, height, width).
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Decode`] naming the file, if it cannot be read, is no picture, or
    /// is smaller than what is to be cut out of it.
    pub fn map(&self, path: impl AsRef<Path>) -> Result<FeatureMap> {
        let path = path.as_ref();
        self.map_of(&read(path)?, path)
    }

    /// The maps of the chunks of a picture that is in memory, as [`maps`](Self::maps). `name` stands
    /// for the file in error messages.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    pub fn maps_of_bytes(&self, bytes: &[u8], name: impl AsRef<Path>) -> Result<Array4<f32>> {
        let name = name.as_ref();
        let picture = decoded(ImageReader::new(Cursor::new(bytes)), name)?;
        Ok(self.chunks(&self.map_of(&picture, name)?))
    }

    fn map_of(&self, picture: &DynamicImage, path: &Path) -> Result<FeatureMap> {
        let pixels = planes(picture, self.spec.colour);
        let (_, height, width) = pixels.dim();
        let [rows, columns] = self.spec.size;
        let (tall, wide) = match self.spec.shorter {
            None => (rows, columns),
            Some(shorter) => scaled(height, width, shorter),
        };
        if tall < rows || wide < columns {
            let reason = format!(
                "is {height} × {width} pixels, {tall} × {wide} once its shorter side is {}: too \
                 little to cut {rows} × {columns} out of it",
                tall.min(wide)
            );
            return Err(Error::decode(path, reason));
        }
        let (top, left) = (middle(tall, rows), middle(wide, columns));
        let mut map = FeatureMap::zeros(self.whole());
        for (from, mut to) in pixels.outer_iter().zip(map.outer_iter_mut()) {
            let resized = resized(from, (tall, wide))?;
            to.assign(&resized.slice(s![top..top + rows, left..left + columns]));
        }
        Ok(map)
    }
}

/// The size at which the shorter side has this length, the longer one cut to whole pixels, as
/// torchvision's.
fn scaled(height: usize, width: usize, shorter: usize) -> (usize, usize) {
    match height <= width {
        true => (shorter, shorter * width / height.max(1)),
        false => (shorter * height / width.max(1), shorter),
    }
}

/// Where the middle part begins; of two halves the even one, as Python rounds in torchvision.
fn middle(whole: usize, part: usize) -> usize {
    ((whole - part) as f64 / 2.0).round_ties_even() as usize
}

fn resized(map: ArrayView2<'_, f32>, size: (usize, usize)) -> Result<Array2<f32>> {
    match map.dim() == size {
        true => Ok(map.to_owned()),
        false => resize_antialiased(map, size),
    }
}

pub(crate) fn read(path: &Path) -> Result<DynamicImage> {
    let reader = ImageReader::open(path).map_err(|e| Error::io(path, e))?;
    decoded(reader, path)
}

fn decoded(reader: ImageReader<impl BufRead + Seek>, path: &Path) -> Result<DynamicImage> {
    let mut reader = reader
        .with_guessed_format()
        .map_err(|e| Error::io(path, e))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_IN_FILE);
    limits.max_image_height = Some(LONGEST_IN_FILE);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let fault = |reason: String| Error::decode(path, reason.replace('\n', "; "));
    let picture = reader.decode().map_err(|error| match error {
        ImageError::IoError(e) if e.kind() == ErrorKind::UnexpectedEof => {
            fault("ends in the middle of the picture".to_owned())
        }
        ImageError::IoError(e) => Error::io(path, e),
        ImageError::Unsupported(_) => fault("is neither PNG nor JPEG".to_owned()),
        other => fault(format!("is no picture that can be read: {other}")),
    })?;
    match picture.width() == 0 || picture.height() == 0 {
        true => Err(fault("has no pixels".to_owned())),
        false => Ok(picture),
    }
}

/// The channels as numbers from 0 to 1, (channels, height, width). Transparency is left out, as by
/// PIL's `convert("RGB")`.
pub(crate) fn planes(picture: &DynamicImage, colour: Colour) -> Array3<f32> {
    let (height, width) = (picture.height() as usize, picture.width() as usize);
    let (channels, bytes) = match colour {
        Colour::Rgb => (3, picture.to_rgb8().into_raw()),
        Colour::Grey => (1, picture.to_luma8().into_raw()),
    };
    Array3::from_shape_fn((channels, height, width), |(c, y, x)| {
        f32::from(bytes[(y * width + x) * channels + c]) / 255.0
    })
}
