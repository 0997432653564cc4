//! Sounds, read and written as the command line says.

use std::path::Path;

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
        })
    }

    /// The rate that all sounds get, if there is one.
    pub(super) fn rate(&self) -> Option<SampleRate> {
        self.load.rate
    }

    pub(super) fn read(&self, path: &Path) -> Result<Waveform> {
        self.load.load(path, &self.decoding)
    }

    /// Writes a sound, and says how many samples were cut at full scale.
    pub(super) fn write(&self, path: &Path, wave: &Waveform) -> Result<usize> {
        encode_wav(path, wave, self.bits.into())?;
        Ok(clipped(wave, self.bits))
    }
}

/// Tells people how many samples were cut at full scale, if any were, and gives the number back.
pub(super) fn warn_of_clipped(clipped: usize, console: &Console) -> usize {
    if clipped > 0 {
        console.note(format_args!(
            "warning: {clipped} sample(s) beyond full scale were cut; --bits 32 keeps them"
        ));
    }
    clipped
}
