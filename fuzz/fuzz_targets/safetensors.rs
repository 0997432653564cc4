//! The reader of safetensors files.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = sarangi_models::read_weights_from("fuzz", Cursor::new(data));
});
