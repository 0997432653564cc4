//! Rectangles by their area and shape, as torchvision draws them.

use std::ops::Range;

use super::mask::choose;

/// The bins and frames of a rectangle that covers a share of the map.
///
/// torchvision draws up to ten times until a shape fits and then gives up, which on a map much longer
/// than high is nearly always; here the shape is moved to the nearest that fits, so that the area is as
/// drawn. No side is shorter than `least`.
pub(super) fn rectangle(
    (bins, frames): (usize, usize),
    (share, least): (f64, usize),
    height_by_width: f64,
    [bin, frame]: [f64; 2],
) -> (Range<usize>, Range<usize>) {
    let area = share * bins as f64 * frames as f64;
    let flattest = area / frames.max(1) as f64;
    let height = (area * height_by_width)
        .sqrt()
        .max(flattest)
        .min(bins as f64);
    let width = if height > 0.0 { area / height } else { 0.0 };
    let (height, width) = (height.round() as usize, width.round() as usize);
    (
        part(bins, height.max(least), bin),
        part(frames, width.max(least), frame),
    )
}

/// The part of a length whose place is a share: 0 the first that fits, 1 the last.
fn part(len: usize, part: usize, location: f64) -> Range<usize> {
    let part = part.min(len);
    let start = choose(location, len - part + 1);
    start..start + part
}
