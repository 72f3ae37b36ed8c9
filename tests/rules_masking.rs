//! Masking keys judged together: by generators that are simulated here from their published definitions, by numbers,
//! across connections; and what conforming clients did.

mod common;

use common::{Recorder, testdata};
use std::net::SocketAddr;
use wslens::Role::Client;
use wslens::rules::{Confidence, Severity};
use wslens::scenario::{Scenario, binary, text};

/// java.util.Random, from its API documentation.
struct Java(u64);

impl Java {
    fn new(seed: u64) -> Java {
        Java((seed ^ 0x5_DEEC_E66D) & ((1 << 48) - 1))
    }

    fn next_int(&mut self) -> u32 {
        self.0 = (self.0.wrapping_mul(0x5_DEEC_E66D) + 0xB) & ((1 << 48) - 1);
        (self.0 >> 16) as u32
    }
}

/// The C runtime of Microsoft.
struct Microsoft(u32);

impl Microsoft {
    fn rand(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(214_013).wrapping_add(2_531_011);
        self.0 >> 16 & 0x7fff
    }
}

/// glibc's TYPE_3 generator.
struct Glibc {
    state: Vec<u32>,
}

impl Glibc {
    fn new(seed: i64) -> Glibc {
        let mut words = vec![seed];
        for i in 1..31 {
            words.push((16_807 * words[i - 1]).rem_euclid(2_147_483_647));
        }
        let mut glibc = Glibc { state: words.iter().map(|&word| word as u32).collect() };
        glibc.state.extend_from_within(..3);
        for _ in 34..344 {
            glibc.next();
        }
        glibc
    }

    fn next(&mut self) -> u32 {
        let at = self.state.len();
        self.state.push(self.state[at - 3].wrapping_add(self.state[at - 31]));
        self.state[at]
    }

    fn rand(&mut self) -> u32 {
        self.next() >> 1
    }
}

/// MT19937, from Matsumoto and Nishimura's reference.
struct Mersenne {
    words: [u32; 624],
    at: usize,
}

impl Mersenne {
    fn new(seed: u32) -> Mersenne {
        let mut words = [seed; 624];
        for i in 1..624 {
            let before = words[i - 1];
            words[i] = 1_812_433_253u32.wrapping_mul(before ^ before >> 30).wrapping_add(i as u32);
        }
        Mersenne { words, at: 624 }
    }

    fn next(&mut self) -> u32 {
        if self.at == 624 {
            for i in 0..624 {
                let y = self.words[i] & 0x8000_0000 | self.words[(i + 1) % 624] & 0x7fff_ffff;
                let odd = if y % 2 == 1 { 0x9908_b0df } else { 0 };
                self.words[i] = self.words[(i + 397) % 624] ^ y >> 1 ^ odd;
            }
            self.at = 0;
        }
        let mut y = self.words[self.at];
        self.at += 1;
        y ^= y >> 11;
        y ^= y << 7 & 0x9d2c_5680;
        y ^= y << 15 & 0xefc6_0000;
        y ^ y >> 18
    }
}

#[test]
fn the_generators_are_the_published_ones() {
    let mut java = Java::new(42);
    assert_eq!([(); 2].map(|()| java.next_int() as i32), [-1_170_105_035, 234_785_527]);
    let mut microsoft = Microsoft(1);
    assert_eq!([(); 3].map(|()| microsoft.rand()), [41, 18_467, 6_334]);
    let mut glibc = Glibc::new(1);
    assert_eq!([(); 3].map(|()| glibc.rand()), [1_804_289_383, 846_930_886, 1_681_692_777]);
    let mut mersenne = Mersenne::new(5489);
    assert_eq!(mersenne.next(), 3_499_211_612);
    assert_eq!((2..=10_000).map(|_| mersenne.next()).last(), Some(4_123_659_995));
}

/// A connection whose client has these keys, as big-endian numbers.
fn with_keys(keys: &[u32]) -> Scenario {
    let frames: Vec<_> = keys.iter().map(|key| text("Hello").masked(key.to_be_bytes())).collect();
    Scenario::new().handshake().client(frames)
}

/// What is said of these keys: rule, severity, frame.
fn said_of(keys: &[u32]) -> Vec<(&'static str, Severity, Option<u64>)> {
    said_in(&with_keys(keys))
}

fn said_in(scenario: &Scenario) -> Vec<(&'static str, Severity, Option<u64>)> {
    let found = Recorder::play(scenario);
    let findings = found.findings.iter().map(|(_, finding)| finding);
    let own = findings.filter(|finding| finding.rule.id.starts_with("mask-"));
    own.map(|finding| (finding.rule.id, finding.severity, finding.frame)).collect()
}

/// Random to every test here.
fn random_keys(count: usize) -> Vec<u32> {
    let mut random = 0x1234_5678_9abc_def0_u64;
    let mut next = || {
        random = random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (random ^ random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) as u32
    };
    (0..count).map(|_| next()).collect()
}

const PREDICTABLE: &str = "mask-key-predictable";

#[test]
fn each_generator_is_known_by_its_first_prediction_and_by_no_key_less() {
    let mut java = Java::new(2026);
    let int: Vec<u32> = (0..3).map(|_| java.next_int()).collect();
    let bytes: Vec<u32> = int.iter().map(|key| key.swap_bytes()).collect();
    // `chance` lends one of a generator's numbers at a time.
    let keys = |count: usize, each: &mut dyn FnMut() -> u32| (0..count).map(|_| each()).collect::<Vec<u32>>();
    let four = |rand: &mut dyn FnMut() -> u32| (0..4).fold(0, |key, _| key << 8 | rand() & 0xff);
    let (mut a, mut b, mut c, mut d) = (Microsoft(1), Microsoft(99), Microsoft(7), Microsoft(8));
    let (mut e, mut f, mut g, mut h) = (Glibc::new(1), Glibc::new(2), Glibc::new(3), Glibc::new(4));
    let mut twister = Mersenne::new(5489);
    let mut twister_little = Mersenne::new(1);
    for (name, keys) in [
        ("java.util.Random (nextInt)", int),
        ("java.util.Random (nextBytes)", bytes),
        ("Microsoft's rand (its low byte", keys(6, &mut || four(&mut || a.rand()))),
        ("Microsoft's rand (its low byte", keys(6, &mut || four(&mut || b.rand()).swap_bytes())),
        ("Microsoft's rand (two calls", keys(6, &mut || c.rand() << 16 | c.rand())),
        ("Microsoft's rand (one call", keys(6, &mut || d.rand().swap_bytes())),
        ("glibc's rand (eight bits", keys(11, &mut || four(&mut || e.rand()))),
        ("glibc's rand (eight bits", keys(11, &mut || four(&mut || f.rand() >> 23).swap_bytes())),
        ("glibc's rand (sixteen bits", keys(19, &mut || g.rand() << 16 | g.rand() & 0xffff)),
        ("glibc's rand (one call", keys(34, &mut || h.rand().swap_bytes())),
        ("MT19937", keys(628, &mut || twister.next())),
        ("MT19937", keys(628, &mut || twister_little.next().swap_bytes())),
    ] {
        let found = Recorder::play(&with_keys(&keys));
        let own = found.of(PREDICTABLE);
        assert_eq!(own.len(), 1, "{name}: {:?}", found.rules());
        assert!(own[0].message.contains(name), "{name}: {}", own[0].message);
        let last = keys.len() - 1;
        assert_eq!(
            (own[0].severity, own[0].confidence, own[0].frame),
            (Severity::Error, Confidence::Certain, Some(last as u64)),
            "{name}"
        );
        let mut other = keys;
        other[last] ^= 0x0101_0101;
        assert!(Recorder::play(&with_keys(&other)).of(PREDICTABLE).is_empty(), "{name} is said of another key");
        other.truncate(last);
        assert!(Recorder::play(&with_keys(&other)).of(PREDICTABLE).is_empty(), "{name} is said too soon");
    }
}

#[test]
fn a_generator_is_known_again_after_missing_frames() {
    let mut java = Java::new(1);
    let mut message = || text("Hello").masked(java.next_int().to_be_bytes());
    let scenario = Scenario::new().handshake().client(message()).client(message()).lose().client(message());
    let scenario = (0..10).fold(scenario, |scenario, _| scenario.client(message()));
    let found = Recorder::play(&scenario);
    assert_eq!(found.of(PREDICTABLE).len(), 1, "{:?}", found.rules());
    assert_eq!(found.of(PREDICTABLE)[0].confidence, Confidence::AfterGap);
}

#[test]
fn a_repetition_is_told_where_chance_is_ruled_out() {
    const REPEATED: &str = "mask-key-repeated";
    let random = random_keys(628);
    assert_eq!(said_of(&random), []);
    let with = |changes: &[(usize, usize)]| {
        let mut keys = random.clone();
        for &(at, from) in changes {
            keys[at] = random[from];
        }
        said_of(&keys)
    };
    assert_eq!(with(&[(31, 0)]), [(REPEATED, Severity::Warning, Some(31))]);
    assert_eq!(with(&[(32, 0)]), []);
    assert_eq!(with(&[(627, 0)]), []);
    assert_eq!(with(&[(32, 0), (627, 0)]), [(REPEATED, Severity::Warning, Some(627))]);
    assert_eq!(with(&[(1, 0)]), [("mask-key-constant", Severity::Error, Some(1))]);
}

#[test]
fn a_constant_key_is_no_error_once_chance_may_have_made_it() {
    let mut keys = random_keys(6_000);
    keys[5_001] = keys[5_000];
    assert_eq!(said_of(&keys), [("mask-key-constant", Severity::Warning, Some(5_001))]);
    keys[5_501] = keys[5_500];
    assert_eq!(said_of(&keys)[1], ("mask-key-constant", Severity::Error, Some(5_501)));
}

#[test]
fn counters_and_clocks_are_sequences() {
    let sequence = |frame| vec![("mask-key-sequence", Severity::Warning, Some(frame))];
    let up: Vec<u32> = (0..40).map(|n| 0xffff_fffe_u32.wrapping_add(n)).filter(|&key| key != 0).collect();
    assert_eq!(said_of(&up[2..]), sequence(3), "and nothing more is said of all the bits that stay the same");
    let down: Vec<u32> = (0..5).map(|n| (0x1234_5678_u32 - 3 * n).swap_bytes()).collect();
    assert_eq!(said_of(&down), sequence(3));
    assert_eq!(said_of(&down[..3]), []);
    // Microseconds that passed between messages; two fell into one.
    let mut clock = 0x61cf_9980_u32;
    let steps = [120, 4_000, 77, 1_000_003, 0, 9, 15_000_000, 410, 2_222];
    let mut keys: Vec<u32> = vec![clock];
    keys.extend(steps.map(|step| {
        clock += step;
        clock
    }));
    let found = said_of(&keys);
    assert!(found.contains(&sequence(9)[0]), "{found:?}");
    keys.truncate(9);
    assert!(!said_of(&keys).iter().any(|(rule, ..)| *rule == "mask-key-sequence"));
}

#[test]
fn too_few_keys_are_told_at_the_first_count_that_rules_out_chance() {
    let weak = |severity, frame| vec![("mask-key-low-entropy", severity, Some(frame))];
    let random = random_keys(300);
    let ascii: Vec<u32> = random.iter().map(|key| key & 0x7f7f_7f7f | 0x0020_4000).collect();
    assert_eq!(said_of(&ascii[..32]), weak(Severity::Warning, 31));
    assert_eq!(said_of(&ascii[..31]), []);
    // As from `nextInt(Integer.MAX_VALUE)`: half of the keys are left.
    let positive: Vec<u32> = random.iter().map(|key| key & 0x7fff_ffff).collect();
    assert_eq!(said_of(&positive), weak(Severity::Note, 31));
    // The second half is the first one turned: no bit stands still, and 2^16 keys are more than 64.
    let halves: Vec<u32> = random.iter().map(|key| (key & 0xffff) << 16 | !key & 0xffff).collect();
    assert_eq!(said_of(&halves), weak(Severity::Warning, 63));
    assert_eq!(said_of(&halves[..63]), []);
    // One bit is set three times of four.
    let biased: Vec<u32> = random.iter().map(|key| key | (key & 0x100) << 4).collect();
    assert_eq!(said_of(&biased), weak(Severity::Warning, 255));
    let found = Recorder::play(&with_keys(&ascii));
    let [finding] = found.of("mask-key-low-entropy")[..] else { panic!("said once") };
    assert_eq!(finding.confidence, Confidence::Statistical);
    assert_eq!(
        finding.message,
        "client's keys up to frame 31: all bytes of 32 keys are ASCII, which leaves 2^26 keys at most"
    );
}

fn endpoints(client: &str, server: &str) -> Scenario {
    let at = |text: &str| -> SocketAddr { text.parse().unwrap() };
    Scenario::new().endpoints(at(client), at(server))
}

/// Connections with the same two masking keys: from where, to where, Sec-WebSocket-Key.
fn twins(parties: [(&str, &str, &'static str); 2]) -> Vec<u64> {
    let one = |(client, server, key): (&str, &str, &'static str)| {
        let frames = [text("Hello").masked([1, 2, 3, 5]), text("again").masked([7, 11, 13, 17])];
        endpoints(client, server)
            .connection()
            .handshake_with(|request| request.replace("Sec-WebSocket-Key", key), |response| response)
            .client(frames)
            .fin(Client)
    };
    let found = Recorder::play(&one(parties[0]).then(one(parties[1])));
    let own = found.findings.iter().filter(|(_, finding)| finding.rule.id == "mask-key-cross-connection");
    own.map(|(connection, finding)| {
        assert_eq!((finding.severity, finding.blame), (Severity::Error, Some(Client)));
        assert!(finding.message.ends_with("are those of connection 0"), "{}", finding.message);
        connection.unwrap()
    })
    .collect()
}

#[test]
fn the_same_keys_on_two_connections_are_told_of_the_second() {
    const A: &str = "AAECAwQFBgcICQoLDA0ODw==";
    const B: &str = "Dw4NDAsKCQgHBgUEAwIBAA==";
    let (client, server) = ("10.0.0.1:50000", "10.0.0.9:80");
    assert_eq!(twins([(client, server, A), ("10.0.0.1:50001", server, B)]), [1]);
    assert_eq!(twins([(client, server, A), ("10.0.0.2:50000", server, B)]), [1], "another client, not seeded either");
    assert_eq!(twins([(client, server, A), ("10.0.0.1:50001", server, A)]), [1], "not even its nonce is random");
    assert_eq!(twins([(client, server, A), ("10.0.0.1:50001", "10.0.0.8:80", B)]), [1]);
    for (legs, what) in [
        ([(client, server, A), ("10.0.0.9:50000", "10.0.0.8:80", A)], "a proxy"),
        ([(client, server, A), ("10.0.0.9:50000", "10.0.0.8:80", B)], "a proxy with a nonce of its own"),
        ([("10.0.0.9:50000", "10.0.0.8:80", B), (client, server, A)], "its legs the other way round"),
        ([(client, server, A), ("10.0.0.7:50000", "10.0.0.8:80", B)], "a proxy with two addresses"),
        ([("127.0.0.1:50000", "127.0.0.1:80", A), ("127.0.0.1:50001", "127.0.0.1:81", B)], "a proxy on loopback"),
        ([(client, server, A), ("192.0.2.77:4000", server, A)], "before and behind address translation"),
    ] {
        assert_eq!(twins(legs), [0; 0], "{what}");
    }
}

#[test]
fn masked_bytes_that_spell_http_are_told() {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let sends = |wire: &str, key_of_frame: [u8; 4]| {
        let payload: Vec<u8> = wire.bytes().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        said_in(&Scenario::new().handshake().client(binary(payload).masked(key_of_frame)))
    };
    let http = [("mask-wire-looks-http", Severity::Warning, Some(0))];
    assert_eq!(sends("POST /poison HTTP/1.1\r\nHost: a\r\n\r\n", key), http);
    assert_eq!(sends("HTTP/1.1 200 OK\r\n\r\n", key), http);
    assert_eq!(sends("GET /script.js", key), [], "no version, no request");
    assert_eq!(sends("GETTING / HTTP/1.1\r\n", key), []);
    assert_eq!(sends("GET /\r\n HTTP/1.1\r\n", key), [], "the version is not on the first line");
    assert_eq!(sends("GET / HTTP/1.1\r\n", [0x37, 0xfa, 0x21, 0x3e]), []);
    assert_eq!(said_in(&Scenario::new().handshake().client(text("GET / HTTP/1.1\r\n"))), [], "masked, nobody sees it");
    assert_eq!(said_in(&Scenario::new().handshake().server(text("GET / HTTP/1.1\r\n"))), [], "servers do not mask");
    assert!(sends("", key).is_empty());
}

#[test]
fn nothing_is_said_of_the_keys_of_real_clients() {
    // What testdata/make/raw.py sends is no real client: its keys are a counter with some bits turned.
    const COUNTING: [&str; 6] =
        ["large.pcap", "lossy.pcap", "lossy_both.pcap", "lossy_frames.pcap", "lossy_header.pcap", "reordered.pcap"];
    let mut captures = 0;
    for folder in ["", "gallery"] {
        for entry in std::fs::read_dir(testdata(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !name.contains(".pcap") {
                continue;
            }
            captures += 1;
            let found = Recorder::read(&path);
            let own: Vec<_> = found.rules().into_iter().filter(|rule| rule.starts_with("mask-")).collect();
            let expected: &[_] = if COUNTING.contains(&&*name) { &["mask-key-sequence"] } else { &[] };
            assert_eq!(own, expected, "{name}");
        }
    }
    assert!(captures > 40, "{captures}");
}
