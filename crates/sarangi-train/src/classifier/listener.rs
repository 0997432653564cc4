//! Prediction while the sound is still coming in.

use std::collections::VecDeque;

use sarangi_core::{Error, Result, SampleRate, Stop, Waveform};
use sarangi_data::SoundFrontEnd;
use sarangi_dsp::ResampleStream;
use serde::Serialize;

use super::{ChunkVerdict, Classification, Classifier, Prepared};

/// No update is further from the one before it.
const EVERY: f64 = 1.0;

/// Listens to a sound as it comes in, and says what it is at least each second.
///
/// A chunk is heard as soon as its last sample has come, and its features are those that
/// [`Classifier::classify`] computes, bit for bit. So the updates together are the answer that a
/// classifier [with this hop](Classifier::with_hop) gives to the whole sound, but for the last bits of
/// probabilities, since a network adds up in another order when it runs several chunks at once. Until
/// the first chunk is whole, what there is of it is filled up with silence, as that of a short file is.
///
/// The answer so far is pooled from the chunks of the last hour, or of the
/// [memory](Self::with_memory) asked for.
pub struct Listener<'a> {
    classifier: &'a Classifier,
    sound: &'a SoundFrontEnd,
    resample: ResampleStream,
    /// Mono samples at the model's rate from `start` on, as far as a chunk still needs them.
    samples: Vec<f32>,
    /// Where in the sound `samples` begin: where the next chunk does.
    start: usize,
    hop: usize,
    /// How much had been heard when the last update of a part of the first chunk was given.
    updated: usize,
    chunks: VecDeque<((f64, f64), Vec<f32>)>,
    memory: usize,
}

impl std::fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener")
            .field("heard", &self.seconds())
            .finish_non_exhaustive()
    }
}

/// What is known after another second.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Update {
    /// How much of the sound has been heard, in seconds: up to the end of this chunk, or of what
    /// there was of it.
    pub seconds: f64,
    /// The newest chunk.
    pub now: ChunkVerdict,
    /// Everything that is remembered, that chunk among it.
    pub so_far: Classification,
}

impl Classifier {
    /// Listens to a sound of this rate; its channels are averaged. A chunk begins at each
    /// [hop](Self::with_hop) of the classifier, or at each second if that is more often.
    ///
    /// # Errors
    /// [`Error::Config`] if the model is one of pictures, or the rate cannot be converted.
    pub fn listen(&self, rate: SampleRate) -> Result<Listener<'_>> {
        let sound = self.front_end.sound()?;
        let most = sound.rate().samples(EVERY).max(1);
        let hop = sound.hop().min(most);
        Ok(Listener {
            classifier: self,
            sound,
            resample: ResampleStream::new(rate, sound.rate(), 1)?,
            samples: Vec::new(),
            start: 0,
            hop,
            updated: 0,
            chunks: VecDeque::new(),
            memory: (3600.0 / sound.rate().seconds(hop)).ceil() as usize,
        })
    }
}

impl Listener<'_> {
    /// The same listener, whose answer so far is of the chunks that began in the last `seconds`, at
    /// least of the newest one.
    #[must_use]
    pub fn with_memory(self, seconds: f64) -> Self {
        let chunks = seconds / self.sound.rate().seconds(self.hop);
        Self {
            memory: (chunks.round() as usize).max(1),
            ..self
        }
    }

    /// How many samples at the model's rate lie between two updates.
    pub fn hop(&self) -> usize {
        self.hop
    }

    /// How much has been heard, in seconds.
    pub fn seconds(&self) -> f64 {
        self.sound.rate().seconds(self.start + self.samples.len())
    }

    /// Takes in the next samples, however many, and gives an update for every chunk that they
    /// complete.
    ///
    /// # Errors
    /// [`Error::Shape`] if they have another rate than the listener; [`Error::Backend`] if the device fails.
    pub fn push(&mut self, samples: &Waveform) -> Result<Vec<Update>> {
        let mono = samples.clone().into_mono();
        let heard = self.resample.push(&mono)?;
        self.take_in(&heard)
    }

    /// Takes in what resampling still holds back, and gives the answer to the whole, as far as it is
    /// remembered.
    ///
    /// # Errors
    /// [`Error::Shape`] if there was no sound at all; [`Error::Backend`] if the device fails.
    pub fn finish(mut self) -> Result<Classification> {
        let rate = self.sound.rate();
        let resample = std::mem::replace(&mut self.resample, ResampleStream::new(rate, rate, 1)?);
        let rest = resample.finish()?;
        self.take_in(&rest)?;
        match self.chunks.is_empty() {
            // Shorter than a chunk: as a file would be.
            true => self.classifier.classify(&self.window(self.samples.len())),
            false => self.so_far(),
        }
    }

    fn take_in(&mut self, heard: &Waveform) -> Result<Vec<Update>> {
        self.samples.extend(heard.channel(0)?);
        let size = self.sound.chunk_size();
        let mut updates = Vec::new();
        if self.start == 0 && self.samples.len() < size {
            // Only the newest part of a chunk is worth a look, however much came at once.
            let upto = self.samples.len() / self.hop * self.hop;
            if upto > self.updated {
                self.updated = upto;
                updates.push(self.part(upto)?);
            }
        }
        while self.samples.len() >= size {
            updates.push(self.chunk(size)?);
            // A hop is never longer than a chunk, so that nothing is skipped.
            self.samples.drain(..self.hop);
            self.start += self.hop;
        }
        Ok(updates)
    }

    /// The next whole chunk.
    fn chunk(&mut self, size: usize) -> Result<Update> {
        let rate = self.sound.rate();
        let span = (rate.seconds(self.start), rate.seconds(self.start + size));
        let heard = self.window(size);
        let prepared = self.prepare(&heard)?;
        let probabilities = self.classifier.probabilities(&[prepared])?;
        for row in probabilities {
            if self.chunks.len() == self.memory {
                self.chunks.pop_front();
            }
            self.chunks.push_back((span, row));
        }
        let so_far = self.so_far()?;
        let now = so_far.chunks.last().cloned();
        Ok(Update {
            seconds: span.1,
            now: now.ok_or_else(|| Error::shape("listen", "one chunk", "none"))?,
            so_far,
        })
    }

    /// The first chunk, of which there are `upto` samples.
    fn part(&self, upto: usize) -> Result<Update> {
        let so_far = self.classifier.classify(&self.window(upto))?;
        let now = so_far.chunks.last().cloned();
        Ok(Update {
            seconds: self.sound.rate().seconds(upto),
            now: now.ok_or_else(|| Error::shape("listen", "one chunk", "none"))?,
            so_far,
        })
    }

    fn so_far(&self) -> Result<Classification> {
        let (times, probabilities): (Vec<_>, Vec<_>) = self.chunks.iter().cloned().unzip();
        self.classifier.verdict(&times, probabilities)
    }

    fn prepare(&self, chunk: &Waveform) -> Result<Prepared> {
        self.classifier.prepare(chunk, &Stop::new())
    }

    fn window(&self, len: usize) -> Waveform {
        Waveform::mono(self.samples[..len].to_vec(), self.sound.rate())
    }
}
