//! What the filters share.

use std::ops::RangeInclusive;

use sarangi_core::{Error, Result, Rng, SampleRate, Waveform};
use sarangi_dsp::{Band, Biquad, Cascade};

use crate::Uniform;
use crate::channels::in_place;

/// Decibels per octave of a filter of one order.
const STEP: f64 = 6.0;

/// The frequencies that a filter can have at a rate: not quite half of it.
pub(crate) fn frequencies(rate: SampleRate) -> RangeInclusive<f64> {
    1.0..=0.499 * rate.as_f64()
}

/// Refuses slopes that are no multiples of 6 dB per octave up to 96.
pub(crate) fn check_rolloff(spec: &'static str, rolloff: Uniform) -> Result<()> {
    rolloff.check(spec, "rolloff", STEP..=16.0 * STEP)?;
    let order = orders(rolloff);
    order.check_whole(spec, "rolloff", 1.0..=16.0).map_err(|_| {
        let reason = format!("must be multiples of 6 dB per octave, got {rolloff}");
        Error::config(spec, "rolloff", reason)
    })
}

/// One of the multiples of 6 dB per octave.
pub(crate) fn draw_rolloff(rolloff: Uniform, rng: &mut Rng) -> Uniform {
    Uniform::fixed(STEP * orders(rolloff).draw_whole(rng).value())
}

fn orders(rolloff: Uniform) -> Uniform {
    rolloff.map(|slope| slope / STEP)
}

/// Butterworth's filter of a drawn slope.
pub(crate) fn butterworth(wave: Waveform, rolloff: Uniform, band: Band) -> Result<Waveform> {
    let order = (rolloff.value() / STEP).round() as usize;
    filtered(wave, &Cascade::butterworth(order, band)?)
}

/// One equaliser.
pub(crate) fn equalised(wave: Waveform, equaliser: Biquad) -> Result<Waveform> {
    filtered(wave, &Cascade::new(vec![equaliser]))
}

/// Each channel filtered, as if its first sample had stood there before.
pub(crate) fn filtered(wave: Waveform, filter: &Cascade) -> Result<Waveform> {
    in_place(wave, |row| filter.filter_settled(row))
}

/// The edges around a centre, in cycles per sample.
pub(crate) fn edges(
    spec: &'static str,
    center: f64,
    bandwidth_fraction: f64,
    rate: SampleRate,
) -> Result<[f64; 2]> {
    let half = center * bandwidth_fraction / 2.0;
    let (low, high) = (center - half, center + half);
    let highest = *frequencies(rate).end();
    match high <= highest {
        true => Ok([low, high].map(|edge| edge / rate.as_f64())),
        false => {
            let reason = format!(
                "the upper edge must be at most {highest} Hz, got {high}: a centre of {center} Hz \
                 and {bandwidth_fraction} of it"
            );
            Err(Error::config(spec, "bandwidth_fraction", reason))
        }
    }
}
