//! Rows to columns, for filters on their way into panels and back.

use super::simd::Lanes;

/// The side of the square that is turned over at once: a cache line of values.
pub(crate) const SIDE: usize = 16;

/// A square in rows.
pub(crate) type Square = [f32; SIDE * SIDE];

/// Turns a square over. Shuffling its two halves like cards moves the highest bit of every value's
/// index to the lowest place; four times makes rows of columns. A vector instruction shuffles a
/// vector's length, where a plain transpose would move value by value.
#[inline(always)]
pub(crate) fn turn<S: Lanes>(_: S, square: &mut Square) {
    let mut other = [0.0; SIDE * SIDE];
    for _ in 0..2 {
        shuffle(square, &mut other);
        shuffle(&other, square);
    }
}

#[inline(always)]
fn shuffle(from: &Square, to: &mut Square) {
    let (low, high) = from.split_at(SIDE * SIDE / 2);
    for ((to, &low), &high) in to.as_chunks_mut::<2>().0.iter_mut().zip(low).zip(high) {
        *to = [low, high];
    }
}

/// Reads the square's first rows from `from`, `step` values apart; what lies beyond `columns`
/// values of a row is anything.
#[inline(always)]
pub(crate) fn read(from: &[f32], step: usize, rows: usize, columns: usize, square: &mut Square) {
    for (i, row) in square.as_chunks_mut::<SIDE>().0[..rows]
        .iter_mut()
        .enumerate()
    {
        let from = &from[i * step..];
        // A whole line even if it is not all wanted: a copy of known length is one instruction.
        match from.first_chunk::<SIDE>() {
            Some(line) => *row = *line,
            None => row[..columns].copy_from_slice(&from[..columns]),
        }
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
            let mut square = std::array::from_fn(|i| i as f32);
            turn(simd, &mut square);
            square
        }
    }

    #[test]
    fn rows_become_columns() {
        for (i, value) in run(Turn).into_iter().enumerate() {
            assert_eq!(value, (i % SIDE * SIDE + i / SIDE) as f32);
        }
    }
}
