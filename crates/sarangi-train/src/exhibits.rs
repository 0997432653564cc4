//! What a run's page shows of the data: pictures and pieces of sound.

use std::collections::BTreeMap;

use candle_core::Device;
use ndarray::{Array2, Array3, Array4, Axis, s};
use sarangi_audio::{WavFormat, wav_bytes};
use sarangi_core::{Error, IntoTensor, Result, SampleRate, Spec, Transform, Waveform};
use sarangi_data::{Corpus, FeatureCache, FrontEnd, Item, Normalisation};
use sarangi_eval::{ClassSample, GalleryItem, Pooling, Predictions, arg_max};
use sarangi_features::FeatureSpec;
use sarangi_nn::{Model, Value};
use sarangi_plot::{ColourMap, Picture};

use crate::GradCam;

/// At most so many tracks told wrong, and as many told right, are shown.
const SHOWN: usize = 12;
/// At most so many seconds of a sound go into the page, at this rate.
const SECONDS: f64 = 6.0;
const RATE: u32 = 11_025;
/// At most so many classes have a sample.
const SAMPLES: usize = 40;

/// The data of a run and the network that was trained on them.
pub(crate) struct Exhibits<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) cache: &'a FeatureCache,
    pub(crate) front_end: &'a FrontEnd,
    pub(crate) normalisation: &'a Normalisation,
    pub(crate) network: &'a dyn Model,
    pub(crate) device: &'a Device,
}

impl Exhibits<'_> {
    /// A picture and a piece of the first training track of each class.
    pub(crate) fn samples(&self, train: &[Item]) -> Result<Vec<ClassSample>> {
        let mut first: BTreeMap<usize, Item> = BTreeMap::new();
        for &item in train {
            let label = self.corpus.tracks[item.track].label;
            first.entry(label).or_insert(item);
        }
        let sample = |(label, item): (usize, Item)| {
            let (picture, sound) = self.picture_and_sound(item)?;
            Ok(ClassSample {
                class: self.corpus.labels[label].clone(),
                caption: self.corpus.tracks[item.track].path.clone(),
                picture: Some(picture.to_png()?),
                sound,
            })
        };
        first.into_iter().take(SAMPLES).map(sample).collect()
    }

    /// Tracks told wrong and right, as [`GalleryItem::choose`] chooses them, each with the chunk that
    /// speaks most for what was said. `predictions` are those of the chunks `items`.
    pub(crate) fn gallery(
        &self,
        predictions: &Predictions,
        items: &[Item],
        pooling: Pooling,
    ) -> Result<Vec<GalleryItem>> {
        let mut chunks: BTreeMap<&str, Vec<(Item, &[f32])>> = BTreeMap::new();
        for (item, chunk) in items.iter().zip(predictions.chunks()) {
            let of_track = chunks.entry(&chunk.track).or_default();
            of_track.push((*item, &chunk.probabilities));
        }
        let mut gallery = GalleryItem::choose(predictions, pooling, SHOWN, SHOWN);
        for shown in &mut gallery {
            let said = shown.top.first().map(|(name, _)| name);
            let class = predictions.labels().iter().position(|l| Some(l) == said);
            if let (Some(class), Some(chunks)) = (class, chunks.get(shown.track.as_str())) {
                let of_class: Vec<f32> = chunks.iter().map(|(_, p)| p[class]).collect();
                self.illustrate(shown, chunks[arg_max(&of_class)].0, class)?;
            }
        }
        Ok(gallery)
    }

    /// Adds what a chunk looks and sounds like, and what the network looked at to name the class.
    fn illustrate(&self, shown: &mut GalleryItem, chunk: Item, class: usize) -> Result<()> {
        let (picture, sound) = self.picture_and_sound(chunk)?;
        if let Some(heat) = self.heat(chunk, class)? {
            let overlay = picture.overlaid(heat.view(), ColourMap::Inferno)?;
            shown.overlay = Some(overlay.to_png()?);
        }
        shown.spectrogram = Some(picture.to_png()?);
        shown.sound = sound;
        Ok(())
    }

    /// What the network looked at, the lowest bin first; nothing of a network that cannot be looked into.
    fn heat(&self, chunk: Item, class: usize) -> Result<Option<Array2<f32>>> {
        let map = self.map(chunk)?;
        let mut batch: Array4<f32> = map.insert_axis(Axis(0));
        self.normalisation.apply(batch.view_mut())?;
        let xs = Value::tracked(&batch.into_tensor(self.device)?)?;
        let heat = match GradCam::of(self.network, (&xs).into(), &[class], None) {
            Ok(cam) => cam.heat.index_axis_move(Axis(0), 0),
            // A network without stages or without a stage that is a picture, such as a softmax regression.
            Err(Error::Unsupported { .. } | Error::Config { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(match self.front_end {
            FrontEnd::Sound(_) => heat,
            // Rows of pictures count from the top.
            FrontEnd::Picture(_) => heat.slice_move(s![..;-1, ..]),
        }))
    }

    fn map(&self, item: Item) -> Result<Array3<f32>> {
        let track = &self.corpus.tracks[item.track];
        self.cache
            .read(&track.key, item.chunk, self.front_end.shape())
    }

    /// What a chunk looks like, and how it begins.
    fn picture_and_sound(&self, item: Item) -> Result<(Picture, Option<Vec<u8>>)> {
        let track = &self.corpus.tracks[item.track];
        let FrontEnd::Sound(sound) = self.front_end else {
            return Ok((picture_of(&self.map(item)?)?, None));
        };
        let wave = sound.load(self.corpus.root.join(&track.path))?;
        let (start, len) = sound.chunk_span(item.chunk);
        let chunk = wave.window(start, len);
        let log_mel = FeatureSpec::LogMel(Default::default()).build(sound.rate())?;
        let map = log_mel.apply(&chunk)?;
        let picture = Picture::render(map.view(), ColourMap::Magma, None)?;
        Ok((picture, Some(piece(&chunk)?)))
    }
}

/// The first seconds of a sound as a small WAV file.
fn piece(wave: &Waveform) -> Result<Vec<u8>> {
    let len = wave.rate().samples(SECONDS).min(wave.len());
    let wave = wave.window(0, len);
    let rate = SampleRate::new(RATE.min(wave.rate().hz()))?;
    wav_bytes(&sarangi_dsp::resample(&wave, rate)?, WavFormat::Pcm16)
}

/// The map of a picture file as a picture: its own colours, or grey.
fn picture_of(map: &Array3<f32>) -> Result<Picture> {
    match map.dim().0 {
        3 => Picture::of_rgb(map.view()),
        _ => {
            let grey = map.slice(s![0..1, .., ..]);
            let (_, height, width) = map.dim();
            let colours = grey.broadcast((3, height, width));
            let colours =
                colours.ok_or_else(|| Error::shape("picture", "one channel", "others"))?;
            Picture::of_rgb(colours)
        }
    }
}
