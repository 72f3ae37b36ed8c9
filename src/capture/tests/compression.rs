//! gzip, zstd and lz4 around a capture.

use std::io::Write;

use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::build::{MICROSECONDS, Order, Pcap};
use super::{Drip, Reader, drain, open, read};

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// Blocks of 64 KiB that refer to each other, with checksums of blocks and content.
pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let info = lz4_flex::frame::FrameInfo::new()
        .block_size(lz4_flex::frame::BlockSize::Max64KB)
        .block_mode(lz4_flex::frame::BlockMode::Linked)
        .block_checksums(true)
        .content_checksum(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

type Compress = fn(&[u8]) -> Vec<u8>;
const ALL: [(&str, Compress); 3] = [("gzip", gzip), ("zstd", zstd), ("lz4", lz4)];

/// 600 packets of 1000 bytes that compress badly: several blocks in every format.
fn large() -> Vec<u8> {
    let mut pcap = Pcap::new(Order::Little, MICROSECONDS, 65535, 1);
    let mut state = 1_u32;
    for i in 0..600 {
        let data: Vec<u8> = (0..1000)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        pcap = pcap.packet(i, 0, 1000, &data);
    }
    pcap.bytes
}

#[test]
fn compressed_captures_give_the_same_packets() {
    for plain in [Pcap::counting(0).bytes, Pcap::counting(20).bytes, large()] {
        let (expected, info) = read(&plain);
        assert_eq!(info.compression, None);
        for (name, compress) in ALL {
            let (seen, packed) = read(&compress(&plain));
            assert!(seen == expected, "{name}");
            assert_eq!(packed, super::Info { compression: Some(name), ..info.clone() });
        }
    }
}

#[test]
fn members_and_frames_one_after_another() {
    let plain = large();
    let (expected, _) = read(&plain);
    // A skippable frame of five bytes and one of none (RFC 8878 §3.1.2).
    let skippable = b"\x50\x2a\x4d\x18\x05\0\0\0hello\x5f\x2a\x4d\x18\0\0\0\0";
    for (name, compress) in ALL {
        let skippable: &[u8] = if name == "gzip" { b"" } else { skippable };
        let (first, rest) = plain.split_at(10);
        let (second, third) = rest.split_at(300_000);
        let mut packed = Vec::new();
        for part in [first, b"", second, third] {
            packed.extend(compress(part));
            packed.extend(skippable);
        }
        let (seen, info) = read(&packed);
        assert!(seen == expected, "{name}");
        assert_eq!((info.truncated, info.fault), (false, None), "{name}");
        let (seen, _) = drain(Reader::from_read("drip", Box::new(Drip::new(&packed))).unwrap());
        assert!(seen == expected, "{name}, byte by byte");
    }
    let (seen, info) = read(&[skippable, &zstd(&plain)[..]].concat());
    assert!(seen == expected && info.compression == Some("zstd"), "a skippable frame first, as pzstd writes it");
}

/// What the command line tools make of `Pcap::counting(6)`: `zstd -19 --check`, `lz4 -9`, `gzip -9n`.
#[test]
fn files_of_the_usual_tools() {
    const ZSTD: &str = "28b52ffd2487bd0100d203090ee0e930ab02020200c04052eebd536ddbffbf24f9ff5344fe7f89f8ff0386bf9bc75059\
        0828801f108ee73dc9473e40af45182eefcb9eff";
    const LZ4: &str = "04224d186440a74900000084d4c3b2a10200040001006effff0000010001001701080001040013021100140204002302\
        031200140304002403035800140404004304040405140000080090050000000505050505000000009f8f7f5c";
    const GZIP: &str = "1f8b0800000000000203bb7278d3422606160618f8ff9f81819101133022d160cc04156082612666a808330c3333c3cc\
        6581612060858ab1c2300800004896e39187000000";
    // `zstd < /dev/null`: a frame of nothing.
    const ZSTD_EMPTY: &str = "28b52ffd240001000099e9d851";
    let (expected, _) = read(&Pcap::counting(6).bytes);
    for (hex, name) in [(ZSTD, "zstd"), (LZ4, "lz4"), (GZIP, "gzip")] {
        let (seen, info) = read(&unhex(hex));
        assert_eq!((seen, info.compression, info.truncated), (expected.clone(), Some(name), false));
    }
    let (seen, info) = read(&[unhex(ZSTD_EMPTY), unhex(ZSTD), unhex(ZSTD_EMPTY)].concat());
    assert_eq!((seen, info.truncated, info.fault), (expected, false, None));
    let error = open(&unhex(ZSTD_EMPTY)).unwrap_err().to_string();
    assert!(error.starts_with("test is not a capture: no bytes come out of its zstd stream;"), "{error}");
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect()
}

#[test]
fn a_stream_cut_anywhere_gives_a_beginning_and_says_that_it_is_cut() {
    let (expected, _) = read(&Pcap::counting(20).bytes);
    for (name, compress) in ALL {
        let packed = compress(&Pcap::counting(20).bytes);
        for cut in 0..packed.len() {
            let Ok(reader) = open(&packed[..cut]) else { continue };
            let (seen, info) = drain(reader);
            assert!(expected.starts_with(&seen), "{name} cut at {cut}");
            assert_eq!((info.truncated, info.fault), (true, None), "{name} cut at {cut}");
        }
    }
}

#[test]
fn a_stream_cut_in_its_last_block_loses_that_block_only() {
    let plain = large();
    for (name, compress) in ALL {
        let packed = compress(&plain);
        let (seen, info) = read(&packed[..packed.len() - 100]);
        // The longest blocks are zstd's, 128 KiB: 600 packets of 1016 bytes less one block and one cut packet.
        assert!(seen.len() >= 600 - 130, "{name}: {} packets", seen.len());
        assert!(info.truncated, "{name}");
        assert_eq!(info.fault, None, "{name}");
    }
}

#[test]
fn a_corrupt_stream_is_a_fault_after_what_could_be_read() {
    let plain = large();
    let (expected, _) = read(&plain);
    for (name, compress) in ALL {
        // What follows the compressed capture is no further member or frame.
        let (seen, info) = read(&[compress(&plain), b"neither a frame nor a member".to_vec()].concat());
        assert!(seen == expected, "{name}");
        let fault = info.fault.unwrap();
        assert!(fault.starts_with("reading stopped after byte 609624: "), "{name}: {fault}");
        assert!(!info.truncated, "{name}");
    }
    // The lz4 frame above has block checksums: a changed byte is always seen.
    let mut packed = lz4(&plain);
    let middle = packed.len() / 2;
    packed[middle] ^= 1;
    let (seen, info) = read(&packed);
    assert!((200..301).contains(&seen.len()) && expected.starts_with(&seen), "{}", seen.len());
    assert!(info.fault.unwrap().contains("the lz4 stream is corrupt: "));
}

#[test]
fn what_is_inside_is_named_too() {
    let error = open(&gzip(b"GET / HTTP/1.1\r\n")).unwrap_err().to_string();
    assert!(error.starts_with("test is not a capture: inside its gzip stream, it is a text file;"), "{error}");
    let error = open(&zstd(b"")[..5]).unwrap_err().to_string();
    assert!(error.starts_with("test is not a capture: no bytes come out of its zstd stream;"), "{error}");
    let error =
        open(b"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").unwrap_err().to_string();
    assert!(
        error.starts_with("cannot read test: reading stopped after byte 0: the zstd stream is corrupt: "),
        "{error}"
    );
}
