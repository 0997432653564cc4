//! The machine for pickles: the input is the pickle in a sound zip file with a few storages, so
//! that no checksum stands in the way.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored);
    let files = [
        ("x/data.pkl", data),
        ("x/data/0", &[0; 432]),
        ("x/data/1", &[0; 16]),
        ("x/data/2", &[0; 48]),
    ];
    for (name, content) in files {
        zip.start_file(name, options).expect("in memory");
        zip.write_all(content).expect("in memory");
    }
    let file = zip.finish().expect("in memory");
    let _ = sarangi_models::read_weights_from("fuzz", file);
});
