//! Panics stay where they happen.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs work that a hostile file may lead anywhere; a panic comes back as its message.
///
/// What the work shares with other threads is behind locks that do not mind, and the rest is
/// dropped with it.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| message(panic.as_ref()))
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a message"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::panic, reason = "panics are what is tested")]
    fn panics_come_back_as_text() {
        assert_eq!(guarded(|| 7), Ok(7));
        let said: Result<(), _> = guarded(|| panic!("chunk {}", 3));
        assert_eq!(said, Err("panic: chunk 3".to_owned()));
    }
}
