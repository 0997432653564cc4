//! What a run's page shows of the data: pictures and pieces of sound.

use std::collections::BTreeMap;

use candle_core::Device;
use ndarray::{Array3, Array4, Axis, s};
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
/// Classes beside the most probable one that are shown, and it.
const TOP: usize = 3;
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

/// A track and what was said of it.
struct Told {
    track: usize,
    truth: usize,
    probabilities: Vec<f32>,
    class: usize,
    /// The chunk that speaks most for the class.
    chunk: Item,
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

    /// The tracks told wrong with the most confidence, then some told right, of every class if that can
    /// be. `predictions` are those of the chunks `items`.
    pub(crate) fn gallery(
        &self,
        predictions: &Predictions,
        items: &[Item],
        pooling: Pooling,
    ) -> Result<Vec<GalleryItem>> {
        let mut wrong = self.told(predictions, items, pooling)?;
        wrong.sort_by(|a, b| {
            let sure = |told: &Told| told.probabilities[told.class];
            sure(b).total_cmp(&sure(a)).then(a.track.cmp(&b.track))
        });
        let (right, mut wrong): (Vec<_>, Vec<_>) =
            wrong.into_iter().partition(|told| told.class == told.truth);
        wrong.truncate(SHOWN);
        // One of each class first, then the others.
        let mut seen = vec![0usize; self.corpus.labels.len()];
        let mut right: Vec<(usize, Told)> = right
            .into_iter()
            .map(|told| {
                seen[told.truth] += 1;
                (seen[told.truth], told)
            })
            .collect();
        right.sort_by_key(|(turn, _)| *turn);
        right.truncate(SHOWN);
        let shown = wrong.iter().chain(right.iter().map(|(_, told)| told));
        shown.map(|told| self.item(told)).collect()
    }

    fn told(
        &self,
        predictions: &Predictions,
        items: &[Item],
        pooling: Pooling,
    ) -> Result<Vec<Told>> {
        let mut chunks: BTreeMap<usize, Vec<(Item, &[f32])>> = BTreeMap::new();
        for (item, chunk) in items.iter().zip(predictions.chunks()) {
            let of_track = chunks.entry(item.track).or_default();
            of_track.push((*item, &chunk.probabilities));
        }
        let tell = |(track, chunks): (usize, Vec<(Item, &[f32])>)| {
            let probabilities: Vec<&[f32]> = chunks.iter().map(|(_, p)| *p).collect();
            let verdict = pooling.pool(&probabilities)?;
            let of_class: Vec<f32> = probabilities.iter().map(|p| p[verdict.class]).collect();
            Ok(Told {
                track,
                truth: self.corpus.tracks[track].label,
                class: verdict.class,
                probabilities: verdict.probabilities,
                chunk: chunks[arg_max(&of_class)].0,
            })
        };
        chunks.into_iter().map(tell).collect()
    }

    fn item(&self, told: &Told) -> Result<GalleryItem> {
        let (picture, sound) = self.picture_and_sound(told.chunk)?;
        let overlay = self
            .heat(told)?
            .map(|heat| picture.overlaid(heat.view(), ColourMap::Inferno)?.to_png())
            .transpose()?;
        let mut order: Vec<usize> = (0..told.probabilities.len()).collect();
        order.sort_by(|&a, &b| {
            let key = |class: usize| (class == told.class, told.probabilities[class]);
            let ((a_first, a), (b_first, b)) = (key(a), key(b));
            b_first.cmp(&a_first).then(b.total_cmp(&a))
        });
        let name = |class: usize| self.corpus.labels[class].clone();
        let top = order.into_iter().take(TOP);
        Ok(GalleryItem {
            track: self.corpus.tracks[told.track].path.clone(),
            truth: name(told.truth),
            top: top
                .map(|class| (name(class), told.probabilities[class]))
                .collect(),
            spectrogram: Some(picture.to_png()?),
            overlay,
            sound,
        })
    }

    /// What the network looked at, the lowest bin first; nothing of a network that cannot be looked into.
    fn heat(&self, told: &Told) -> Result<Option<ndarray::Array2<f32>>> {
        let map = self.map(told.chunk)?;
        let mut batch: Array4<f32> = map.insert_axis(Axis(0));
        self.normalisation.apply(batch.view_mut())?;
        let xs = Value::tracked(&batch.into_tensor(self.device)?)?;
        let heat = match GradCam::of(self.network, (&xs).into(), &[told.class], None) {
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
