//! Pictures of files for the page.

use std::collections::BTreeMap;

use sarangi::audio::{DecodeOptions, FileKind, load};
use sarangi::core::{Error, Result};
use sarangi::data::{Listing, PictureSpec, Quality, QualityReport};
use sarangi::plot::{Chart, Picture};
use sarangi::prelude::{FeatureSpec, SampleRate, Spec};

/// The size of a sound's picture in pixels, and how many colours it has.
const WIDTH: usize = 720;
const HEIGHT: usize = 340;
const COLOURS: usize = 128;
/// The largest size of a picture's picture.
const WIDEST: f64 = 480.0;
const TALLEST: f64 = 320.0;

/// Draws files: a sound's waveform above its log-mel spectrogram, a picture smaller.
pub(super) struct Pictures<'a> {
    listing: &'a Listing,
    decoding: DecodeOptions,
    /// Width and height of each picture.
    sizes: BTreeMap<&'a str, (usize, usize)>,
    wave: FeatureSpec,
    mel: FeatureSpec,
}

impl<'a> Pictures<'a> {
    pub(super) fn new(
        listing: &'a Listing,
        report: &'a QualityReport,
        decoding: DecodeOptions,
    ) -> Result<Self> {
        let sizes = report.files.iter().filter_map(|file| match &file.quality {
            Quality::Picture(picture) => {
                Some((file.path.as_str(), (picture.width, picture.height)))
            }
            _ => None,
        });
        Ok(Self {
            listing,
            decoding,
            sizes: sizes.collect(),
            wave: FeatureSpec::from_name("waveform", Default::default())?,
            mel: FeatureSpec::from_name("log-mel", Default::default())?,
        })
    }

    /// The PNG file of a file's picture.
    pub(super) fn png(&self, path: &str) -> Result<Vec<u8>> {
        match self.listing.kind {
            FileKind::Sound => self.sound(path)?,
            FileKind::Picture => self.picture(path)?,
        }
        .reduced(COLOURS)?
        .to_png()
    }

    fn sound(&self, path: &str) -> Result<Picture> {
        let path = self.listing.root.join(path);
        let wave = load(path, SampleRate::HZ_22050, &self.decoding)?;
        let above = self.wave.chart(&wave)?;
        let mel = self.mel.chart(&wave)?;
        // The frames of the spectrogram may end later than the sound.
        let panels = above.panels.into_iter().chain(mel.panels);
        panels
            .fold(Chart::new(mel.x), Chart::with)
            .render(WIDTH, HEIGHT)
    }

    fn picture(&self, path: &str) -> Result<Picture> {
        let (width, height) = self.sizes.get(path).copied().ok_or_else(|| {
            Error::data(
                self.listing.root.join(path),
                "cannot be read, so that it has no size",
            )
        })?;
        let (width, height) = (width as f64, height as f64);
        let scale = (WIDEST / width).min(TALLEST / height).min(1.0);
        let size = [height, width].map(|side| ((side * scale).round() as usize).max(1));
        let spec = PictureSpec {
            size,
            shorter: None,
            colour: Default::default(),
            window: None,
            hop: None,
        };
        let map = spec.build(())?.map(self.listing.root.join(path))?;
        Picture::of_rgb(map.view())
    }
}
