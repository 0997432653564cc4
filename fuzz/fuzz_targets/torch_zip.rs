//! The reader of torch's zip files: whatever the input is, it begins as one.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut file = data.to_vec();
    for (byte, magic) in file.iter_mut().zip(b"PK\x03\x04") {
        *byte = *magic;
    }
    let _ = sarangi_models::read_weights_from("fuzz", Cursor::new(file));
});
