//! Features as PNG.

use std::path::Path;

use sarangi::core::{Error, Result};
use sarangi::plot::Picture;
use sarangi::prelude::{FeatureMap, FeatureSpec, Waveform};

use crate::args::{Format, PictureArgs};
use crate::usage::Usage;

/// The size of what is drawn, as of a figure of 10 by 4 inches; of several panels a height for each,
/// and for what is around them.
const WIDTH: usize = 1000;
const HEIGHT: usize = 400;
const PANEL: usize = 180;
const AROUND: usize = 100;

/// How the maps of a feature become pictures.
pub(super) struct Pictures {
    spec: FeatureSpec,
    look: PictureArgs,
}

impl Pictures {
    pub(super) fn new(
        spec: FeatureSpec,
        look: &PictureArgs,
        format: Format,
    ) -> std::result::Result<Self, Usage> {
        if format != Format::Png && *look != PictureArgs::default() {
            let reason = "--axes, --title, --width, --height and --cmap are about pictures: OUT must \
                          end in .png, or --format be png";
            return Err(Usage(reason.to_owned()));
        }
        Ok(Self {
            spec,
            look: look.clone(),
        })
    }

    /// Writes the picture of a map; its height and width.
    pub(super) fn write(
        &self,
        path: &Path,
        wave: &Waveform,
        map: &FeatureMap,
    ) -> Result<Vec<usize>> {
        let picture = self.picture(wave, map);
        let picture = picture.map_err(|e| Error::data(path, e.to_string()))?;
        picture.write_png(path)?;
        Ok(vec![picture.height(), picture.width()])
    }

    fn picture(&self, wave: &Waveform, map: &FeatureMap) -> Result<Picture> {
        let PictureArgs {
            axes,
            ref title,
            width,
            height,
            cmap,
        } = self.look;
        // Samples as pixels would be a line one pixel high.
        let is_wave = matches!(self.spec, FeatureSpec::Waveform(_));
        if !(axes || is_wave || width.is_some() || height.is_some()) {
            return match self.spec {
                FeatureSpec::Image(_) | FeatureSpec::WaveformImage(_) => {
                    Picture::of_rgb(map.view())
                }
                _ => Picture::render(map.view(), cmap.unwrap_or_default(), None),
            };
        }
        let mut chart = self.spec.chart_of(wave, map.view())?;
        chart.axes = axes;
        chart.title = title.clone().unwrap_or_default();
        if let Some(colours) = cmap {
            chart = chart.coloured(colours);
        }
        let usual = match chart.panels.len() {
            1 => HEIGHT,
            panels => AROUND + panels * PANEL,
        };
        chart.render(
            width.map_or(WIDTH, usize::from),
            height.map_or(usual, usize::from),
        )
    }
}
