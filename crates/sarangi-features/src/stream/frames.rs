//! From samples as they come to frames.

use ndarray::Array2;
use sarangi_core::{Result, SampleRate};
use sarangi_dsp::{Framing, Padding};

use crate::ChannelFeature;

/// The frames of a feature each of which is made of its own samples alone.
///
/// The sound is padded here, at its beginning and its end, so that the plan is one of frames that are
/// not centred: what it computes of a part are frames of the whole.
#[derive(Debug)]
pub(crate) struct FrameSource {
    plan: Box<dyn ChannelFeature>,
    framing: Framing,
    padding: Option<Padding>,
    /// Frames before the next that the plan must see again.
    context: usize,
    /// Samples that have come, without padding.
    count: usize,
    /// The padded sound from sample `base` on.
    buffer: Vec<f32>,
    base: usize,
    /// The first frame that has not been given.
    next: usize,
    begun: bool,
}

impl FrameSource {
    /// Frames of `length` samples every `hop` of them, centred with `padding`; `plan` must have the
    /// same frames, not centred.
    pub(crate) fn new(
        plan: Box<dyn ChannelFeature>,
        length: usize,
        hop: usize,
        padding: Option<Padding>,
    ) -> Self {
        Self {
            plan,
            framing: Framing::new(length, hop, padding),
            padding,
            context: 0,
            count: 0,
            buffer: Vec::new(),
            base: 0,
            next: 0,
            begun: false,
        }
    }

    /// The same, for a plan whose frames depend on so many frames before them.
    pub(crate) fn with_context(self, frames: usize) -> Self {
        Self {
            context: frames,
            ..self
        }
    }

    pub(crate) fn rate(&self) -> SampleRate {
        self.plan.rate()
    }

    pub(crate) fn bins(&self) -> usize {
        self.plan.bins()
    }

    pub(crate) fn push(&mut self, samples: &[f32]) -> Result<Array2<f32>> {
        self.count += samples.len();
        self.buffer.extend_from_slice(samples);
        self.begin(false);
        self.ready()
    }

    pub(crate) fn finish(&mut self) -> Result<Array2<f32>> {
        self.begin(true);
        let (offset, len) = (self.framing.offset(), self.count);
        if let Some(padding) = self.padding
            && len > 0
        {
            let beyond = (len..len + offset).map(|index| {
                let source = padding.source(index as isize, len);
                // The buffer keeps as much of the end as can be mirrored.
                source.map_or(0.0, |index| self.buffer[offset + index - self.base])
            });
            let beyond: Vec<f32> = beyond.collect();
            self.buffer.extend(beyond);
        }
        self.ready()
    }

    /// Puts what stands before the sound in front of it, once that is known.
    fn begin(&mut self, ended: bool) {
        let offset = self.framing.offset();
        let needed = match self.padding {
            None | Some(Padding::Constant) => 0,
            Some(Padding::Edge) => 1,
            Some(Padding::Reflect) => offset + 1,
        };
        if self.begun || (self.count < needed && !ended) {
            return;
        }
        self.begun = true;
        if let Some(padding) = self.padding {
            let before = (0..offset).map(|index| {
                let source = padding.source(index as isize - offset as isize, self.count);
                source.map_or(0.0, |index| self.buffer[index])
            });
            let before: Vec<f32> = before.collect();
            self.buffer.splice(..0, before);
        }
    }

    /// The frames that the buffer holds whole.
    fn ready(&mut self) -> Result<Array2<f32>> {
        let (length, hop) = (self.framing.length(), self.framing.hop());
        let end = self.base + self.buffer.len();
        let known = match end.checked_sub(length) {
            Some(room) if self.begun && self.count > 0 => 1 + room / hop,
            _ => 0,
        };
        let again = self.context.min(self.next);
        let first = self.next - again;
        if known <= self.next {
            return Ok(Array2::zeros((self.plan.bins(), 0)));
        }
        let from = first * hop - self.base;
        let samples = &self.buffer[from..from + (known - first - 1) * hop + length];
        let mut map = Array2::zeros((self.plan.bins(), known - first));
        if let Some(out) = map.as_slice_mut() {
            self.plan.compute_into(samples, out)?;
        }
        self.next = known;
        self.forget(end);
        Ok(match again {
            0 => map,
            _ => map.slice_move(ndarray::s![.., again..]),
        })
    }

    /// Drops what neither a frame to come nor a mirrored end can see.
    fn forget(&mut self, end: usize) {
        let seen = self.next.saturating_sub(self.context) * self.framing.hop();
        let mirrored = end.saturating_sub(self.framing.offset() + 1);
        let keep = seen.min(mirrored).max(self.base);
        self.buffer.drain(..keep - self.base);
        self.base = keep;
    }
}
