//! The examples of RFC 7541 Appendix C, what is wrong, and what is lost.

use super::*;
use proptest::prelude::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The fields of a block, as `name: value`; `?` for a part that is not known.
fn fields(decoder: &mut Decoder, block: &str) -> Vec<String> {
    try_fields(decoder, &hex(block)).expect("a valid block")
}

fn try_fields(decoder: &mut Decoder, block: &[u8]) -> Result<Vec<String>, Broken> {
    let mut told = Vec::new();
    let text = |part: Option<&[u8]>| part.map_or("?".into(), |part| String::from_utf8_lossy(part).into_owned());
    decoder.decode(block, &mut |field| told.push(format!("{}: {}", text(field.name), text(field.value))))?;
    Ok(told)
}

#[test]
fn integers_of_appendix_c_1() {
    let of = |bytes: &[u8], prefix| integer(&mut &*bytes, prefix);
    assert_eq!(of(&[0b1110_1010], 5), Some(10));
    assert_eq!(of(&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5), Some(1337));
    assert_eq!(of(&[0b0010_1010], 8), Some(42));
    assert_eq!(of(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], 8), None, "255 and 2^32 - 1");
    assert_eq!(of(&[0x1F, 0x80, 0x80, 0x80, 0x80, 0x00], 5), Some(31), "zeros may follow");
    assert_eq!(of(&[0x1F, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], 5), None, "but not for ever");
    assert_eq!(of(&[0x1F, 0x9A], 5), None);
}

#[test]
fn literals_of_appendix_c_2() {
    let decoder = || Decoder::new(65_536);
    let custom = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
    assert_eq!(fields(&mut decoder(), custom), ["custom-key: custom-header"]);
    assert_eq!(fields(&mut decoder(), "040c 2f73 616d 706c 652f 7061 7468"), [":path: /sample/path"]);
    assert_eq!(fields(&mut decoder(), "1008 7061 7373 776f 7264 0673 6563 7265 74"), ["password: secret"]);
    assert_eq!(fields(&mut decoder(), "82"), [":method: GET"]);
}

const REQUESTS: [&[&str]; 3] = [
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"],
    &[":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache"],
    &[
        ":method: GET",
        ":scheme: https",
        ":path: /index.html",
        ":authority: www.example.com",
        "custom-key: custom-value",
    ],
];

#[test]
fn requests_of_appendix_c_3_and_c_4() {
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let huffman = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::new(65_536);
        for (block, expected) in blocks.iter().zip(REQUESTS) {
            assert_eq!(fields(&mut decoder, block), expected);
        }
        assert_eq!(decoder.table.size(), 164);
    }
}

#[test]
fn responses_of_appendix_c_5_and_c_6_evict_at_256_bytes() {
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d \
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f \
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b \
         2076 6572 7369 6f6e 3d31",
    ];
    let huffman = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 \
         8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 \
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    let expected: [&[&str]; 3] = [
        &[
            ":status: 302",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        &[
            ":status: 307",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:21 GMT",
            "location: https://www.example.com",
        ],
        &[
            ":status: 200",
            "cache-control: private",
            "date: Mon, 21 Oct 2013 20:13:22 GMT",
            "location: https://www.example.com",
            "content-encoding: gzip",
            "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
        ],
    ];
    for blocks in [plain, huffman] {
        let mut decoder = Decoder::new(65_536);
        decoder.table.resize(256);
        for (block, expected) in blocks.iter().zip(expected) {
            assert_eq!(fields(&mut decoder, block), expected);
        }
        assert_eq!(decoder.table.size(), 215);
    }
}

#[test]
fn what_is_no_hpack_is_told_and_does_not_panic() {
    for block in [
        "80",               // index 0
        "be",               // index 62 of an empty table
        "ffffffffff7f",     // an index above 32 bits
        "ff",               // an integer that ends too soon
        "0005 6162",        // a string that ends too soon
        "0081 ff 00",       // eight bits of padding
        "0081 fe 00",       // padding that is not made of ones
        "0084 ffff ffff00", // EOS
    ] {
        let mut decoder = Decoder::new(65_536);
        assert_eq!(try_fields(&mut decoder, &hex(block)), Err(Broken), "{block}");
    }
}

#[test]
fn after_lost_blocks_old_entries_are_unknown_and_new_ones_known() {
    let mut decoder = Decoder::new(65_536);
    fields(&mut decoder, "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d");
    decoder.lose();
    // The authority, which stood at 62, may be anywhere.
    assert_eq!(
        fields(&mut decoder, "82 be 5808 6e6f 2d63 6163 6865"),
        [":method: GET", "?: ?", "cache-control: no-cache"]
    );
    // What was added since stands at 62, what is behind it is lost; a literal may borrow a lost name.
    assert_eq!(fields(&mut decoder, "be bf 7f00 0178"), ["cache-control: no-cache", "?: ?", "?: x"]);
    assert_eq!(fields(&mut decoder, "be bf"), ["?: x", "cache-control: no-cache"]);
    // An emptied table is known again.
    assert_eq!(fields(&mut decoder, "20 3fe1 1f 82"), [":method: GET"]);
    assert_eq!(try_fields(&mut decoder, &hex("be")), Err(Broken));
}

#[test]
fn a_table_larger_than_is_kept_loses_its_oldest_entries() {
    let mut decoder = Decoder::new(100);
    // 65,536 bytes, then two entries of 50: "a" with 17 bytes of value.
    let entry = |name: &str| format!("4001 {name} 11 {}", "78".repeat(17));
    fields(&mut decoder, "3fe1 ff03");
    for name in ["61", "62", "63"] {
        fields(&mut decoder, &entry(name));
    }
    let x = "x".repeat(17);
    assert_eq!(fields(&mut decoder, "be bf c0"), [format!("c: {x}"), format!("b: {x}"), "?: ?".to_owned()]);
}

proptest! {
    #[test]
    fn any_bytes_are_taken_without_a_panic_and_the_table_stays_bounded(blocks in
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20), lost in any::<bool>()) {
        let mut decoder = Decoder::new(4096);
        if lost {
            decoder.lose();
        }
        for block in blocks {
            let _ = decoder.decode(&block, &mut |_| {});
            prop_assert!(decoder.table.size() <= 4096);
        }
    }

    #[test]
    fn huffman_codes_give_back_what_was_spelled(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let (mut coded, mut decoded) = (Vec::new(), Vec::new());
        huffman::encode(&bytes, &mut coded);
        prop_assert_eq!(huffman::decode(&coded, &mut decoded), Some(()));
        prop_assert_eq!(decoded, bytes);
    }
}
