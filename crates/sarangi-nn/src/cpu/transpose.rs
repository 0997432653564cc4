//! Rows to columns, for filters on their way into panels and back.

use super::simd::Lanes;

/// The side of the square that is turned over at once: a cache line of values.
pub(crate) const SIDE: usize = 16;

/// A square of values in rows.
#[derive(Clone, Debug)]
pub(crate) struct Square([f32; SIDE * SIDE]);

impl Square {
    pub(crate) fn zeros() -> Self {
        Self([0.0; SIDE * SIDE])
    }

    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &[f32; SIDE] {
        &self.0.as_chunks().0[i]
    }

    #[inline(always)]
    pub(crate) fn row_mut(&mut self, i: usize) -> &mut [f32; SIDE] {
        &mut self.0.as_chunks_mut().0[i]
    }

    /// Makes rows of columns.
    ///
    /// Shuffling the two halves like cards moves the highest bit of every value's index to the
    /// lowest place, and four times does it for a whole coordinate. A vector instruction shuffles a
    /// vector's length, where a plain transpose would move value by value.
    #[inline(always)]
    pub(crate) fn turn<S: Lanes>(&mut self, _: S) {
        let mut other = [0.0; SIDE * SIDE];
        for _ in 0..2 {
            shuffle(&self.0, &mut other);
            shuffle(&other, &mut self.0);
        }
    }
}

#[inline(always)]
fn shuffle(from: &[f32; SIDE * SIDE], to: &mut [f32; SIDE * SIDE]) {
    let (low, high) = from.split_at(SIDE * SIDE / 2);
    for ((to, &low), &high) in to.as_chunks_mut::<2>().0.iter_mut().zip(low).zip(high) {
        *to = [low, high];
    }
}

/// Fills the first `count` values of a row; what lies beyond them is anything.
#[inline(always)]
pub(crate) fn read(from: &[f32], count: usize, row: &mut [f32; SIDE]) {
    // A whole row even if it is not all wanted: a copy of known length is one instruction.
    match from.first_chunk() {
        Some(line) => *row = *line,
        None => row[..count].copy_from_slice(&from[..count]),
    }
}

/// Writes the first `count` values of a row.
#[inline(always)]
pub(crate) fn write(row: &[f32; SIDE], count: usize, to: &mut [f32]) {
    match to.first_chunk_mut() {
        Some(line) if count == SIDE => *line = *row,
        _ => to[..count].copy_from_slice(&row[..count]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::simd::{Kernel, run};
    use super::*;

    struct Turn;

    impl Kernel for Turn {
        type Output = Square;

        #[inline(always)]
        fn run<S: Lanes>(self, simd: S) -> Square {
            let mut square = Square(std::array::from_fn(|i| i as f32));
            square.turn(simd);
            square
        }
    }

    #[test]
    fn rows_become_columns() {
        for (i, value) in run(Turn).0.into_iter().enumerate() {
            assert_eq!(value, (i % SIDE * SIDE + i / SIDE) as f32);
        }
    }
}
