//! Sixteen frames side by side.

/// Frames that are worked on at once: a cache line of values, one of each.
pub(crate) const LANES: usize = 16;

/// One value of each frame.
pub(crate) type Lanes = [f32; LANES];

/// Makes rows of columns: from sixteen values of each frame to one value of each frame, sixteen
/// times.
///
/// Shuffling the two halves like cards moves the highest bit of every value's index to the lowest
/// place, and four times does it for a whole coordinate. A vector instruction shuffles a vector's
/// length, where a plain transpose would move value by value.
#[inline(always)]
pub(crate) fn turn(mut rows: [Lanes; LANES], columns: &mut [Lanes; LANES]) {
    let mut other = [[0.0; LANES]; LANES];
    shuffle(&rows, &mut other);
    shuffle(&other, &mut rows);
    shuffle(&rows, &mut other);
    shuffle(&other, columns);
}

#[inline(always)]
fn shuffle(from: &[Lanes; LANES], to: &mut [Lanes; LANES]) {
    let (low, high) = from.as_flattened().split_at(LANES * LANES / 2);
    let to = to.as_flattened_mut().as_chunks_mut::<2>().0;
    for ((to, &low), &high) in to.iter_mut().zip(low).zip(high) {
        *to = [low, high];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let mut square = [[0.0; LANES]; LANES];
        for (i, x) in square.as_flattened_mut().iter_mut().enumerate() {
            *x = i as f32;
        }
        let mut turned = square;
        turn(square, &mut turned);
        for (i, row) in turned.iter().enumerate() {
            for (j, &x) in row.iter().enumerate() {
                assert_eq!(x, (j * LANES + i) as f32);
            }
        }
    }
}
