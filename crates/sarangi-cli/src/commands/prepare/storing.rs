//! Sounds, read and written as the command line says.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use sarangi::audio::{DecodeOptions, LoadSpec, encode_wav};
use sarangi::core::Result;
use sarangi::prelude::{SampleRate, Waveform};

use crate::args::{Bits, Common, StoreArgs};
use crate::commands::augment::clipped;
use crate::console::Console;

/// How sounds are read and written.
pub(super) struct Storing {
    load: LoadSpec,
    decoding: DecodeOptions,
    bits: Bits,
    /// How many samples have been cut at full scale.
    clipped: AtomicUsize,
}

impl Storing {
    pub(super) fn new(args: &StoreArgs, common: &Common) -> Result<Self> {
        Ok(Self {
            load: LoadSpec {
                rate: args.rate.map(SampleRate::new).transpose()?,
                mono: args.mono,
            },
            decoding: common.decoding(),
            bits: args.bits,
            clipped: AtomicUsize::new(0),
        })
    }

    /// The rate that all sounds get, if there is one.
    pub(super) fn rate(&self) -> Option<SampleRate> {
        self.load.rate
    }

    pub(super) fn read(&self, path: &Path) -> Result<Waveform> {
        self.load.load(path, &self.decoding)
    }

    pub(super) fn write(&self, path: &Path, wave: &Waveform) -> Result<()> {
        encode_wav(path, wave, self.bits.into())?;
        self.clipped
            .fetch_add(clipped(wave, self.bits), Ordering::Relaxed);
        Ok(())
    }

    /// How many samples were cut at full scale, which is also said.
    pub(super) fn warn_of_clipped(&self, console: &Console) -> usize {
        let clipped = self.clipped.load(Ordering::Relaxed);
        if clipped > 0 {
            console.note(format_args!(
                "warning: {clipped} sample(s) beyond full scale were cut; --bits 32 keeps them"
            ));
        }
        clipped
    }
}
