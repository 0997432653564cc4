//! Lengths that Fourier transforms are fast for.

/// The smallest number from `least` on whose only prime factors are 2, 3 and 5, which Fourier
/// transforms of that length are fast for, as `scipy.fft.next_fast_len` with `real=True`.
pub fn smooth_length(least: usize) -> usize {
    let least = least.max(1);
    let mut best = least.next_power_of_two();
    let mut fives = 1;
    while fives < best {
        let mut threes = fives;
        while threes < best {
            let twos = least.div_ceil(threes).next_power_of_two();
            best = best.min(threes * twos);
            threes *= 3;
        }
        fives *= 5;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_the_next_of_two_three_and_five() {
        for least in 0..3000 {
            let next = (least.max(1)..).find(|&n| {
                let mut rest: usize = n;
                for prime in [2, 3, 5] {
                    while rest.is_multiple_of(prime) {
                        rest /= prime;
                    }
                }
                rest == 1
            });
            assert_eq!(Some(smooth_length(least)), next);
        }
    }
}
