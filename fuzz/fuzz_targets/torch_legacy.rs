//! The reader of the files that torch wrote before 1.6: whatever the input is, it comes behind the
//! magic number and the protocol's version.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;

const BEGIN: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";

fuzz_target!(|data: &[u8]| {
    let file = match data.starts_with(BEGIN) {
        true => data.to_vec(),
        false => [BEGIN, data].concat(),
    };
    let _ = sarangi_models::read_weights_from("fuzz", Cursor::new(file));
});
