use super::*;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { length: 64 << 20, ratio: u64::MAX };

/// A message's walk and text, cut into pieces of these sizes.
fn decode(decoder: &mut Decoder, message: &[u8], pieces: &[usize]) -> (Walk, Vec<u8>) {
    let mut text = Vec::new();
    decoder.begin();
    let mut spare = Spare::default();
    let mut take = |piece: &[u8]| text.extend_from_slice(piece);
    let (mut rest, mut pieces) = (message, pieces.iter().cycle());
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(rest.len().min(*pieces.next().unwrap()));
        decoder.push(piece, BOUNDS, &mut spare, &mut take);
        rest = later;
    }
    let walk = decoder.finish(BOUNDS, &mut spare, &mut take);
    assert_eq!(text.len() as u64, decoder.given());
    (walk, text)
}

fn walk(message: &[u8]) -> Walk {
    decode(&mut Decoder::new(0), message, &[usize::MAX]).0
}

/// What zlib makes of a data flushed by `flush`.
fn compressed(compress: &mut Compress, data: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() * 2 + 1024);
    compress.compress_vec(data, &mut out, flush).unwrap();
    assert!(out.len() < out.capacity());
    out
}

/// Text with repetitions near and far.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(b'a'..=b'd', 0..2000),
        (any::<u8>(), 0..3000_usize).prop_map(|(byte, times)| vec![byte; times]),
    ];
    proptest::collection::vec((piece, any::<proptest::sample::Index>(), any::<bool>()), 0..40).prop_map(|pieces| {
        let mut all: Vec<u8> = Vec::new();
        for (piece, from, again) in pieces {
            if again && !all.is_empty() {
                let from = from.index(all.len());
                let copy = all[from..(from + 700).min(all.len())].to_vec();
                all.extend(copy);
            }
            all.extend(piece);
        }
        all
    })
}

/// The examples of RFC 7692 §7.2.3, followed by hand.
#[test]
fn the_examples_of_section_7_2_3() {
    let flushed = Walk { stored_blocks: 1, end: WalkEnd::Flushed, length: 5, ..Walk::default() };
    let hello = Walk { fixed_blocks: 1, literals: 5, ..flushed.clone() };
    assert_eq!(walk(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), hello, "§7.2.3.1");
    // H literally, then four bytes at a distance of five: of these, four lie before the message.
    let again = Walk {
        literals: 1,
        matches: 1,
        largest_distance: 5,
        largest_distance_at: 1,
        history: 4,
        fixed_blocks: 1,
        ..flushed.clone()
    };
    assert_eq!(walk(&[0xf2, 0x00, 0x11, 0x00, 0x00]), again, "§7.2.3.2");
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    assert_eq!(walk(&stored), Walk { stored_blocks: 2, stored_bytes: 5, ..flushed.clone() }, "§7.2.3.3");
    let with_final = Walk { final_blocks: 1, ..hello.clone() };
    assert_eq!(walk(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00]), with_final, "§7.2.3.4");
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(walk(&two), Walk { stored_blocks: 2, fixed_blocks: 2, ..hello }, "§7.2.3.5");
    assert_eq!(walk(&[0x00]), Walk { length: 0, ..flushed }, "§7.2.3.6");
    assert_eq!(walk(&[]).end, WalkEnd::Block, "not even that");
}

#[test]
fn how_a_message_ends() {
    let ends = |bytes: &[u8]| walk(bytes).end;
    assert_eq!(ends(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff]), WalkEnd::Trailer);
    assert_eq!(ends(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]), WalkEnd::Final);
    assert_eq!(ends(&[0xf2, 0x48, 0xcd, 0xc9]), WalkEnd::Inside);
    assert_eq!(ends(&[0x00, 0x00]), WalkEnd::Inside, "half a length");
    // A stored block of the four bytes 00 00 FF FF, and nothing behind it.
    assert_eq!(ends(&[0x00, 0x04, 0x00, 0xfb, 0xff, 0x00, 0x00, 0xff, 0xff]), WalkEnd::Block);
    assert!(matches!(ends(&[0x06]), WalkEnd::Fault { bit: 3, .. }), "block type 3");
    assert!(matches!(ends(&[0x00, 0x05, 0x00, 0x05, 0x00]), WalkEnd::Fault { .. }), "LEN and NLEN");
}

/// "Hello" in a final block has 46 bits: two bits of padding, the highest of the last but one byte.
#[test]
fn behind_a_final_block() {
    let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let with = |last: u8, behind: &[u8]| walk(&[&hello[..6], &[last], behind].concat());
    assert_eq!(with(0x00, &[0x00]).padding, None);
    assert_eq!(with(0x80, &[0x00]).padding, Some(6));
    assert_eq!(with(0x40, &[0x00]), Walk { padding: Some(6), ..with(0x00, &[0x00]) });
    assert_eq!(with(0x00, b"\x06").garbage, Some(7), "block type 3");
    assert_eq!(with(0x00, b"\x00\xde\xad\xbe\xef").garbage, Some(7), "lengths that do not match");
    assert_eq!(with(0x00, b"\x00\x01").garbage, Some(7), "less than a block");
    assert_eq!(with(0x00, &hello).garbage, None);
}

#[test]
fn a_message_begins_anew() {
    let mut decoder = Decoder::new(0);
    decoder.begin();
    decoder.push(&[0xf3, 0x48, 0xcd], BOUNDS, &mut Spare::default(), &mut |_| {});
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(decode(&mut decoder, &hello, &[1]), (walk(&hello), b"Hello".to_vec()));
}

/// The blocks of RFC 7692 §7.2.3.5, bit by bit: "He" has a header of 3 bits, two literals of 8 and an end of 7; the empty
/// block behind it a header of 3, padding of 3 and the 32 of its lengths, which the last one lacks; "llo" 3 + 24 + 7.
#[test]
fn blocks_are_listed() {
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    let fixed =
        |at, bits, length| Block { kind: BlockKind::Fixed, at, bits, literals: length, length, ..Block::default() };
    let empty = |at, bits| Block { at, bits, ..Block::default() };
    let expected = [fixed(0, 26, 2), empty(26, 38), fixed(64, 34, 3), empty(98, 6)];
    let blocks = |listed| decode(&mut Decoder::new(listed), &two, &[3]).0.blocks;
    assert_eq!(blocks(9), expected);
    assert_eq!(blocks(2), expected[..2]);
    assert_eq!(blocks(0), []);
}

/// Two messages that zlib 1.2.13 compressed at level 6 with one window, counted by a decoder that was written apart from
/// this one.
#[test]
fn two_messages_counted_elsewhere() {
    let hex = |text: &str| -> Vec<u8> {
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    let messages = [
        "74d3b10e83300c04d05f419919623b0984bf6955860e30a076a850ffbd15437c436e3f19fb7139c3f311963886fdb6ad6109ebfe3a3ec3fede\
         eeeb31c4f01dcf2b20fd80b480f603a905ac1fa82d90c8274a4be47e42734b947ec27cc644f6f43de67ea2f829b59f985d4308a8442065a60a\
         7308ab24df4688ac14bf49186e751961bce02b045833cc21c43ac33e04d914ee22cc56a075c43981b312e794600eabefecfb2871ceea772971\
         ce93fb28712ee0acc4b9e01ce23ce13ec479c2bb589dc1c78873056723ce15fe97b13e47f8f1c60a1da141c61a2d504523d4829d36622d0a8f\
         c308b618bc3223daffd70ad7116ec9d7bbff01",
        "1a2d63065719a3909897a2509c9f9b5a92919997ae90975a0e00",
    ];
    let block = |kind, at, bits, literals, matches, length| Block {
        kind,
        at,
        bits,
        literals,
        matches,
        length,
        ..Block::default()
    };
    let mut decoder = Decoder::new(9);
    let mut blocks = |message| decode(&mut decoder, &hex(message), &[10]).0.blocks;
    let dynamic = block(BlockKind::Dynamic, 0, 1970, 111, 80, 1424);
    let empty = block(BlockKind::Stored, 1970, 6, 0, 0, 0);
    assert_eq!(blocks(messages[0]), [Block { largest_distance: 1016, ..dynamic }, empty]);
    let fixed = Block { largest_distance: 1124, history: 1124, ..block(BlockKind::Fixed, 0, 203, 18, 2, 418) };
    assert_eq!(blocks(messages[1]), [fixed, block(BlockKind::Stored, 203, 5, 0, 0, 0)]);
}

/// Inflates with a window full of zeros before it: the bytes that come out, or `None` if zlib finds a fault.
fn inflated(message: &[u8]) -> Option<Vec<u8>> {
    let mut zlib = Decompress::new(false);
    zlib.set_dictionary(&[0; 32 << 10]).unwrap();
    let mut text = Vec::new();
    let mut room = vec![0; 64 << 10];
    let mut rest = message;
    loop {
        let (read, written) = (zlib.total_in(), zlib.total_out());
        let status = zlib.decompress(rest, &mut room, FlushDecompress::Sync).ok()?;
        rest = &rest[(zlib.total_in() - read) as usize..];
        text.extend_from_slice(&room[..(zlib.total_out() - written) as usize]);
        let nothing = zlib.total_in() == read && zlib.total_out() == written;
        if status == Status::StreamEnd || nothing {
            return Some(text);
        }
    }
}

/// A decoder whose window is full of zeros.
fn after_zeros() -> Decoder {
    let mut decoder = Decoder::new(0);
    for _ in 0..2 {
        let mut block = vec![0x00, 0x00, 0x40, 0xFF, 0xBF];
        block.resize(5 + (16 << 10), 0);
        block.push(0);
        assert_eq!(decode(&mut decoder, &block, &[1000]).1, [0; 16 << 10]);
    }
    decoder
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::vec(prop_oneof![1..40_usize, 1..5000_usize], 1..20)
}

/// Bytes as frequent as Fibonacci's numbers get codewords of every length up to 15 bits: the tables do not hold the longer
/// ones. Byte by byte, each token is taken by itself; at once, most are taken in the middle.
#[test]
fn one_by_one_as_in_the_middle() {
    let (mut count, mut next) = (1_usize, 1);
    let mut rare: Vec<u8> = Vec::new();
    for byte in 0..22 {
        rare.extend(std::iter::repeat_n(byte, count));
        (count, next) = (next, count + next);
    }
    // In any order (Fisher and Yates, with the numbers of Lehmer), so that there is little to match.
    let mut text = rare;
    let mut number = 1_usize;
    for left in (1..text.len()).rev() {
        number = number * 48_271 % 0x7FFF_FFFF;
        text.swap(left, number % (left + 1));
    }
    for level in 1..=9 {
        let mut compress = Compress::new(Compression::new(level), false);
        let message = compressed(&mut compress, &text, FlushCompress::Sync);
        let at_once = decode(&mut Decoder::new(9), &message, &[usize::MAX]);
        assert_eq!(at_once.1, text);
        assert_eq!(decode(&mut Decoder::new(9), &message, &[1]), at_once);
        assert_eq!(decode(&mut Decoder::new(9), &message, &[9, 7, 8]), at_once);
    }
}

/// A text that repeats itself is copied from everywhere in the window in turn, across the end of its room too.
#[test]
fn matches_at_one_distance() {
    let mut number = 1_u32;
    // The numbers of Lehmer.
    let mut byte = || {
        number = (u64::from(number) * 48_271 % 0x7FFF_FFFF) as u32;
        (number >> 8) as u8
    };
    // zlib uses no distance above the last.
    for distance in [1, 2, 15, 16, 17, 31, 258, 20_000, 32_500, 32_768 - 262] {
        let period: Vec<u8> = std::iter::repeat_with(&mut byte).take(distance).collect();
        let text: Vec<u8> = period.iter().copied().cycle().take(150_000).collect();
        let mut compress = Compress::new(Compression::new(6), false);
        let message = compressed(&mut compress, &text, FlushCompress::Sync);
        let (walk, out) = decode(&mut Decoder::new(0), &message, &[usize::MAX]);
        assert!(out == text && (walk.largest_distance as usize).is_multiple_of(distance), "{distance}");
        assert_eq!(decode(&mut Decoder::new(0), &message, &[11, 300]), (walk, text));
    }
}

proptest! {
    #[test]
    fn what_zlib_compressed_comes_out(
        messages in proptest::collection::vec(data(), 1..4),
        level in 0..=9_u32,
        window_bits in 9..=15_u8,
        takeover: bool,
        full: bool,
        pieces in pieces(),
    ) {
        let mut compress = Compress::new_with_window_bits(Compression::new(level), false, window_bits);
        let mut decoder = Decoder::new(0);
        let flush = if full { FlushCompress::Full } else { FlushCompress::Sync };
        let mut before = 0;
        for message in &messages {
            if !takeover {
                compress.reset();
                before = 0;
            }
            let mut bytes = compressed(&mut compress, message, flush);
            let whole = walk(&bytes);
            if bytes.ends_with(&TRAILER) {
                prop_assert_eq!(whole.end, WalkEnd::Trailer);
                bytes.truncate(bytes.len() - 4);
            } else {
                // zlib writes no second flush without input between.
                prop_assert!(bytes.is_empty());
                bytes.push(0);
            }
            let (walk, text) = decode(&mut decoder, &bytes, &pieces);
            prop_assert_eq!(&walk, &Walk { end: WalkEnd::Flushed, stored_blocks: walk.stored_blocks, ..whole });
            prop_assert!(!decoder.reached_unknown());
            prop_assert_eq!(walk.length, message.len() as u64);
            prop_assert_eq!(&text, message);
            prop_assert!(walk.largest_distance <= 1 << window_bits);
            prop_assert!(u64::from(walk.history) <= before);
            prop_assert_eq!((walk.final_blocks, walk.padding, walk.garbage), (0, None, None));
            // A full flush empties the compressor's window.
            before = if full { 0 } else { before + message.len() as u64 };
        }
    }

    #[test]
    fn a_finished_stream_is_final(data in data(), level in 0..=9_u32) {
        let mut compress = Compress::new(Compression::new(level), false);
        let walk = walk(&compressed(&mut compress, &data, FlushCompress::Finish));
        prop_assert_eq!((walk.length, walk.final_blocks, walk.padding), (data.len() as u64, 1, None));
        let ends: &[WalkEnd] = &[WalkEnd::Final, WalkEnd::Trailer];
        prop_assert!(ends.contains(&walk.end));
    }

    /// Spoiled streams are where two inflaters could part; cuts are where one alone could.
    #[test]
    fn it_reads_and_refuses_what_zlib_does(
        data in data(),
        level in 0..=9_u32,
        spoil in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        head in any::<bool>(),
        pieces in pieces(),
    ) {
        let mut compress = Compress::new(Compression::new(level), false);
        let mut bytes = compressed(&mut compress, &data, FlushCompress::Sync);
        for (at, byte) in spoil {
            // The head of a block with its own codes is where most can go wrong.
            let among = if head { bytes.len().min(60) } else { bytes.len() };
            let at = at.index(among.max(1));
            if let Some(spoiled) = bytes.get_mut(at) {
                *spoiled ^= byte;
            }
        }
        let (walk, text) = decode(&mut after_zeros(), &bytes, &pieces);
        prop_assert_eq!(&(walk.clone(), text.clone()), &decode(&mut after_zeros(), &bytes, &[usize::MAX]));
        if !walk.ends_between_blocks() {
            bytes.extend(TRAILER);
        }
        let zlib = inflated(&bytes);
        // zlib stops at the end of a final block, the decoder goes on.
        if walk.final_blocks == 0 {
            match (walk.end, zlib) {
                // The fault is in the four bytes.
                (WalkEnd::Inside, None) => {}
                (WalkEnd::Fault { .. }, None) => {}
                // Where no length has a codeword, zlib takes each for 0, a bit each, and refuses what they make: it needs
                // the bits of up to 286 + 30 lengths for it.
                (WalkEnd::Fault { what, .. }, Some(_)) => {
                    prop_assert_eq!(what, "the lengths of a block's codewords are in no code");
                    bytes.extend([0; 40]);
                    prop_assert_eq!(inflated(&bytes), None);
                }
                (_, zlib) => {
                    prop_assert_eq!(walk.length, text.len() as u64);
                    prop_assert_eq!(Some(text), zlib);
                }
            }
        }
    }

    /// Of what a decoder says after bytes were lost, nothing differs from what one says that lost none.
    #[test]
    fn what_is_read_after_a_loss_is_what_was_written(
        messages in proptest::collection::vec(data(), 2..8),
        lost in any::<proptest::sample::Index>(),
        level in 1..=9_u32,
    ) {
        let mut compress = Compress::new(Compression::new(level), false);
        let mut decoder = Decoder::new(0);
        let lost = lost.index(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let bytes = compressed(&mut compress, message, FlushCompress::Sync);
            if index == lost {
                decoder.forget();
                continue;
            }
            let (walk, text) = decode(&mut decoder, &bytes, &[usize::MAX]);
            prop_assert_eq!(walk.length, message.len() as u64);
            prop_assert_eq!(&text, &message[..text.len()]);
            prop_assert_eq!(text.len() < message.len(), decoder.reached_unknown());
            if walk.history == 0 {
                prop_assert!(!decoder.reached_unknown());
            }
        }
    }

    #[test]
    fn any_bytes_end(bytes: Vec<u8>, more: Vec<u8>) {
        let mut decoder = Decoder::new(4);
        let _ = decode(&mut decoder, &more, &[7]);
        let (walk, _) = decode(&mut decoder, &bytes, &[3]);
        prop_assert!(walk.history <= 32 << 10 && walk.largest_distance <= 32 << 10);
        prop_assert!(!walk.is_whole() || walk.garbage.is_none());
    }
}
