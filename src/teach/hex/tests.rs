use super::*;
use proptest::prelude::*;

const FRAME: [u8; 30] = *b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\x81\x05Hello world, this";

#[test]
fn what_the_usual_programs_print() {
    // Printed by xxd, xxd -g1, hexdump -C, od -A x -t x1, od -t x1z (octal), xxd -p, and tshark's layout.
    let texts = [
        "00000000: 8185 37fa 213d 7f9f 4d51 5881 0548 656c  ..7.!=..MQX..Hel\n\
         00000010: 6c6f 2077 6f72 6c64 2c20 7468 6973       lo world, this\n",
        "00000000: 81 85 37 fa 21 3d 7f 9f 4d 51 58 81 05 48 65 6c  ..7.!=..MQX..Hel\n\
         00000010: 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69 73        lo world, this\n",
        "00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58 81 05 48 65 6c  |..7.!=..MQX..Hel|\n\
         00000010  6c 6f 20 77 6f 72 6c 64  2c 20 74 68 69 73        |lo world, this|\n\
         0000001e\n",
        "000000 81 85 37 fa 21 3d 7f 9f 4d 51 58 81 05 48 65 6c\n\
         000010 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69 73\n\
         00001e\n",
        "0000000 81 85 37 fa 21 3d 7f 9f 4d 51 58 81 05 48 65 6c  >..7.!=..MQX..Hel<\n\
         0000020 6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69 73        >lo world, this<\n\
         0000036\n",
        "0000  81 85 37 fa 21 3d 7f 9f 4d 51 58 81 05 48 65 6c   ..7.!=..MQX..Hel\n\
         0010  6c 6f 20 77 6f 72 6c 64 2c 20 74 68 69 73         lo world, this\n",
        "818537fa213d7f9f4d5158810548656c6c6f20776f726c642c2074686973\n",
    ];
    for text in texts {
        assert_eq!(parse_hex(text).as_deref(), Ok(&FRAME[..]), "{text}");
        assert_eq!(parse_hex(&text.replace('\n', "\r\n    ")).as_deref(), Ok(&FRAME[..]), "{text}");
    }
}

#[test]
fn a_single_line_of_a_dump() {
    let hello = *b"\x81\x05Hello";
    for text in [
        "00000000: 8105 4865 6c6c 6f                        ..Hello",
        "00000000  81 05 48 65 6c 6c 6f                              |..Hello|",
        "0000   81 05 48 65 6c 6c 6f                              ..Hello",
        "000000 81 05 48 65 6c 6c 6f",
        "00001230: 8105 4865 6c6c 6f                        ..Hello",
    ] {
        assert_eq!(parse_hex(text).as_deref(), Ok(&hello[..]), "{text}");
    }
}

#[test]
fn an_ascii_column_of_digits_and_bars_is_not_read() {
    assert_eq!(parse_hex("00000000: 8104 6265 6566 20                        ..beef"), Ok(b"\x81\x04beef ".to_vec()));
    assert_eq!(parse_hex("0000  81 03 7c 3e 7c   ..|>|"), Ok(b"\x81\x03|>|".to_vec()));
}

#[test]
fn zeros_are_not_taken_for_an_offset() {
    assert_eq!(parse_hex("0000 8105"), Ok(vec![0, 0, 0x81, 5]));
    assert_eq!(parse_hex("0000 81"), Ok(vec![0, 0, 0x81]));
    assert_eq!(parse_hex("00000000"), Ok(vec![0; 4]));
    assert_eq!(parse_hex("8105 4865\n6c6c 6f81"), Ok(vec![0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x81]));
}

#[test]
fn a_star_repeats_the_line_before_it() {
    let text = "00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n\
                00000040  01                                                |.|\n00000041\n";
    let mut expected = vec![0; 64];
    expected.push(1);
    assert_eq!(parse_hex(text), Ok(expected));
    assert_eq!(parse_hex("00000000  00 00\n*\nfffffffffffffff0  01\n"), Err(HexError::TooLong));
}

#[test]
fn errors_name_the_place() {
    assert_eq!(parse_hex(""), Err(HexError::Empty));
    assert_eq!(parse_hex(" {}\n"), Err(HexError::Empty));
    assert_eq!(parse_hex("81 0"), Err(HexError::OddDigits { line: 1, column: 4, digits: 1 }));
    assert_eq!(parse_hex("81\n 05z"), Err(HexError::Character { line: 2, column: 4, found: 'z' }));
    assert_eq!(parse_hex("81x05"), Err(HexError::Character { line: 1, column: 3, found: 'x' }));
    assert_eq!(parse_hex("0x"), Err(HexError::Character { line: 1, column: 2, found: 'x' }));
    assert_eq!(
        parse_hex("00000000: 8105  ..\n00000010: 4865  He\n"),
        Err(HexError::Offset { line: 2, expected: 2, found: 16 })
    );
    assert_eq!(parse_hex("0000000 8581 fa37\n0000004\n"), Err(HexError::Words));
    assert_eq!(
        HexError::Character { line: 1, column: 1, found: '\x1b' }.to_string().split(';').next(),
        Some(r#"line 1, column 1: "\x1b" is not a hexadecimal digit"#)
    );
}

fn joined(bytes: &[u8], form: impl Fn(u8) -> String, between: &str) -> String {
    bytes.iter().map(|&byte| form(byte)).collect::<Vec<_>>().join(between)
}

/// A dump as the programs print it: `group` bytes a group, `between` the offset and the bytes, then the text.
fn dump(bytes: &[u8], offset: impl Fn(usize) -> String, group: usize, text: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    for (line, chunk) in bytes.chunks(16).enumerate() {
        let hex = chunk.chunks(group).map(|group| joined(group, |b| format!("{b:02x}"), "")).collect::<Vec<_>>();
        let shown: String =
            chunk.iter().map(|&b| if (0x20..0x7f).contains(&b) { char::from(b) } else { '.' }).collect();
        let width = 16 / group * (group * 2 + 1) - 1;
        out += &format!("{}{:width$}{}\n", offset(line * 16), hex.join(" "), text(&shown));
    }
    out
}

proptest! {
    #[test]
    fn any_bytes_in_any_form(bytes in prop::collection::vec(any::<u8>(), 1..80)) {
        let forms = [
            joined(&bytes, |b| format!("{b:02x}"), ""),
            joined(&bytes, |b| format!("{b:02X}"), " "),
            joined(&bytes, |b| format!("{b:02x}"), ":"),
            joined(&bytes, |b| format!("{b:02x}"), "-"),
            joined(&bytes, |b| format!("{b:02x}"), "\n"),
            joined(&bytes, |b| format!("\\x{b:02x}"), ""),
            joined(&bytes, |b| format!("0x{b:02x}"), " "),
            joined(&bytes, |b| format!("0X{b:02X}"), ""),
            format!("0x{}", joined(&bytes, |b| format!("{b:02x}"), "")),
            format!("{{{}}}", joined(&bytes, |b| format!("0x{b:x}"), ", ")),
            format!("\"{}\";", joined(&bytes, |b| format!("\\x{b:02x}"), "")),
            dump(&bytes, |o| format!("{o:08x}: "), 2, |t| format!("  {t}")),
            dump(&bytes, |o| format!("{o:08x}: "), 1, |t| format!("  {t}")),
            dump(&bytes, |o| format!("{o:08x}  "), 1, |t| format!("  |{t}|")) + &format!("{:08x}\n", bytes.len()),
            dump(&bytes, |o| format!("{o:04x}  "), 1, |t| format!("   {t}")),
            dump(&bytes, |o| format!("{o:04x}   "), 1, |_| String::new()),
            dump(&bytes, |o| format!("{o:06x} "), 1, |_| String::new()) + &format!("{:06x}\n", bytes.len()),
            dump(&bytes, |o| format!("{o:07o} "), 1, |t| format!("  >{t}<")) + &format!("{:07o}\n", bytes.len()),
        ];
        for text in forms {
            let read = parse_hex(&text);
            prop_assert_eq!(read.as_deref(), Ok(&bytes[..]), "{}", text);
        }
    }

    #[test]
    fn any_text_is_bytes_or_an_error(text in "[0-9a-fx:* \\n\\\\|.-]{0,200}") {
        let _ = parse_hex(&text);
    }

    #[test]
    fn any_unicode_is_bytes_or_an_error(text: String) {
        let _ = parse_hex(&text);
    }
}
