//! Days of silence in a small file.

/// Samples in a frame: as many as a header can say.
const BLOCK: usize = 65_535;
const RATE: u32 = 44_100;

/// A sound FLAC file of so many frames of constant silence, about 1.5 s each in 15 bytes.
pub(crate) fn flac_bomb(frames: u32) -> Vec<u8> {
    let mut file = b"fLaC\x80\0\0\x22".to_vec();
    let total = u64::from(frames) * BLOCK as u64;
    file.extend((BLOCK as u16).to_be_bytes());
    file.extend((BLOCK as u16).to_be_bytes());
    file.extend([0; 6]);
    // Rate in 20 bits, channels less one in 3, bits less one in 5, samples in 36.
    let packed = u64::from(RATE) << 44 | 15 << 36 | (total & 0xf_ffff_ffff);
    file.extend(packed.to_be_bytes());
    file.extend([0; 16]);
    for number in 0..frames {
        let mut frame = vec![0xff, 0xf8, 0x70, 0x08];
        frame.extend(coded(number).bytes());
        frame.extend(((BLOCK - 1) as u16).to_be_bytes());
        frame.push(crc8(&frame));
        // One value for the whole frame: 0.
        frame.extend([0, 0, 0]);
        let check = crc16(&frame);
        frame.extend(check.to_be_bytes());
        file.extend(frame);
    }
    file
}

/// The frame's number in the manner of UTF-8.
fn coded(number: u32) -> String {
    // Surrogates are no letters, though FLAC would number frames so: files here are shorter.
    String::from(char::from_u32(number).unwrap())
}

fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc: u8, _| {
            (crc << 1) ^ if crc & 0x80 != 0 { 0x07 } else { 0 }
        })
    })
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc: u16, _| {
            (crc << 1) ^ if crc & 0x8000 != 0 { 0x8005 } else { 0 }
        })
    })
}
