//! How pages write numbers.

use crate::Interval;

/// A share in per cent, with a decimal: `82.2 %`. The space does not break.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", 100.0 * share)
}

/// An interval in per cent: `73.3–90.0 %`.
pub(crate) fn percent_range(interval: Interval) -> String {
    let Interval { low, high } = interval;
    format!("{:.1}–{:.1}\u{a0}%", 100.0 * low, 100.0 * high)
}

/// Three decimals with a real minus.
pub(crate) fn decimal(value: f64) -> String {
    format!("{value:.3}").replace('-', "−")
}

/// The same, or a dash where there is no number.
pub(crate) fn decimal_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), decimal)
}

/// A count with thin spaces between thousands.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut spaced = String::with_capacity(2 * digits.len());
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            spaced.push('\u{202f}');
        }
        spaced.push(digit);
    }
    spaced
}

/// `1 track`, `2 tracks`.
pub(crate) fn counted(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{}\u{a0}{what}{plural}", count(n))
}

/// A place in a drawing, to a tenth of its unit.
pub(crate) fn place(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(percent(0.8222), "82.2\u{a0}%");
        assert_eq!(decimal(-0.25), "−0.250");
        assert_eq!(
            [999, 1000, 12_345].map(count),
            ["999", "1000", "12\u{202f}345"]
        );
        assert_eq!([12.04, 12.06].map(place), ["12", "12.1"]);
    }
}
