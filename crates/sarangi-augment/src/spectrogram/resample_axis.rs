//! A map with one of its axes in other places.

use ndarray::{Axis, Zip};
use sarangi_core::FeatureMap;

/// Where one output lies between two inputs, or outside.
#[derive(Clone, Copy)]
enum Tap {
    At(usize),
    Between(usize, f32),
    Beyond,
}

/// The map whose index i along `axis` shows what the given one has at `place(i)`, linear between two;
/// beyond the edges the given value, or that at the edge.
pub(super) fn resample_axis(
    map: &FeatureMap,
    axis: Axis,
    beyond: Option<f32>,
    place: impl Fn(usize) -> f64,
) -> FeatureMap {
    let len = map.len_of(axis);
    let taps: Vec<Tap> = (0..len).map(|i| tap(place(i), len, beyond)).collect();
    let outside = beyond.unwrap_or(0.0);
    let mut out = FeatureMap::zeros(map.raw_dim());
    // The frames of a bin are beside each other in memory, the bins of a frame are not.
    if axis.index() == 2 {
        Zip::from(out.lanes_mut(axis))
            .and(map.lanes(axis))
            .for_each(|mut to, from| {
                for (y, tap) in to.iter_mut().zip(&taps) {
                    *y = match *tap {
                        Tap::At(i) => from[i],
                        Tap::Between(i, part) => mix(from[i], from[i + 1], part),
                        Tap::Beyond => outside,
                    };
                }
            });
    } else {
        for (mut to, tap) in out.axis_iter_mut(axis).zip(&taps) {
            match *tap {
                Tap::At(i) => to.assign(&map.index_axis(axis, i)),
                Tap::Between(i, part) => Zip::from(&mut to)
                    .and(map.index_axis(axis, i))
                    .and(map.index_axis(axis, i + 1))
                    .for_each(|y, &a, &b| *y = mix(a, b, part)),
                Tap::Beyond => to.fill(outside),
            }
        }
    }
    out
}

fn mix(a: f32, b: f32, part: f32) -> f32 {
    a + part * (b - a)
}

fn tap(place: f64, len: usize, beyond: Option<f32>) -> Tap {
    let last = len.saturating_sub(1);
    if beyond.is_some() && !(0.0..=last as f64).contains(&place) {
        return Tap::Beyond;
    }
    let place = place.clamp(0.0, last as f64);
    let part = place.fract() as f32;
    let low = place as usize;
    // What lies on an input is that input to the bit.
    match part > 0.0 && low < last {
        true => Tap::Between(low, part),
        false => Tap::At(low),
    }
}
