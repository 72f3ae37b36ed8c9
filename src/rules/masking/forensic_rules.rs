//! The declarations of the rules about many masking keys together: patterns, repetitions, and generators that predict.

use super::super::{Blames, Requirement, Rule, Severity};
use super::generators::java_example;
use crate::scenario::{Frames, Scenario, text};

/// The rules of this file.
pub const RULES: &[&Rule] = &[&KEY_REPEATED, &KEY_CROSS_CONNECTION, &KEY_SEQUENCE, &KEY_LOW_ENTROPY, &KEY_PREDICTABLE];

const UNPREDICTABLE: &str = "The masking key needs to be unpredictable; thus, the masking key MUST be derived from a \
                             strong source of entropy, and the masking key for a given frame MUST NOT make it simple \
                             for a server/proxy to predict the masking key for a subsequent frame.";

/// `mask-key-repeated`
pub static KEY_REPEATED: Rule = Rule {
    id: "mask-key-repeated",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: UNPREDICTABLE,
    statement: "A masking key comes back after other keys, sooner or more often than chance allows.",
    why: "The keys come from a small pool or from a generator with a short cycle, so who saw the earlier frames knows \
          the next key.",
    restraint: "Among the first 32 keys one repetition is told: chance makes one on 1 connection in 8,300,000 \
                (n²/2^33). Among the first 628 keys it takes two, which chance makes on 1 connection in 900,000,000. \
                Later keys are not compared. A key that equals the one just before it is the matter of \
                mask-key-constant, 00000000 that of mask-key-zero.",
    breaks: || Scenario::new().handshake().client(keyed([0x37fa_213d, 0x8c05_e390, 0x37fa_213d])),
    keeps: || Scenario::new().handshake().client(keyed([0x37fa_213d, 0x8c05_e390, 0x37fa_213c])),
};

/// `mask-key-cross-connection`
pub static KEY_CROSS_CONNECTION: Rule = Rule {
    id: "mask-key-cross-connection",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: UNPREDICTABLE,
    statement: "Two connections begin with the same sequence of masking keys.",
    why: "The generator is not seeded, or always with the same number: every key of every connection is known to who \
          has seen one.",
    restraint: "The first two keys are compared, with those of the last 65,536 connections: chance makes them equal \
                on 1 connection in 280,000,000,000,000. Silent for two equal keys (mask-key-constant), and for what \
                may be two legs of one proxied connection: to the same server the same Sec-WebSocket-Key from another \
                client; to another server the same Sec-WebSocket-Key, another client, or a client at the address of \
                the other's server. Needs both requests and every byte up to the second frame.",
    breaks: || {
        let connection =
            || Scenario::new().handshake().client(keyed([0x37fa_213d, 0x8c05_e390])).fin(crate::Role::Client);
        connection().connection().then(connection())
    },
    keeps: || {
        let connection = |last| Scenario::new().handshake().client(keyed([0x37fa_213d, last])).fin(crate::Role::Client);
        connection(0x8c05_e390).connection().then(connection(0x8c05_e391))
    },
};

/// `mask-key-sequence`
pub static KEY_SEQUENCE: Rule = Rule {
    id: "mask-key-sequence",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: UNPREDICTABLE,
    statement: "Masking keys count: they are an arithmetic progression, or rise slowly as a clock does.",
    why: "The next key is the last one plus a known step, so a hostile page can choose the bytes on the wire after all.",
    restraint: "Told for four keys with equal steps, or nine that rise by less than 2^24 each, read in either byte \
                order. Chance makes either once in 2^62 frames, so on less than 1 connection in 10^12 of a million \
                frames. Equal keys are the matter of mask-key-constant.",
    breaks: || Scenario::new().handshake().client(keyed([0x37fa_213d, 0x37fa_213e, 0x37fa_213f, 0x37fa_2140])),
    keeps: || Scenario::new().handshake().client(keyed([0x37fa_213d, 0x37fa_213e, 0x37fa_213f, 0x37fa_2141])),
};

/// `mask-key-low-entropy`
pub static KEY_LOW_ENTROPY: Rule = Rule {
    id: "mask-key-low-entropy",
    severity: Severity::Warning,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: UNPREDICTABLE,
    statement: "Masking keys use a part of the 32-bit values only: fixed bits or bytes, ASCII, bytes that depend on \
                each other, biased bits.",
    why: "The fewer keys there are, the fewer tries a hostile page needs until its bytes appear on the wire as it \
          wants them (§10.3). Keys made of letters and digits, of one random byte four times, or of `rand()`, which \
          leaves bits at zero, look like this.",
    restraint: "Tested at fixed counts of keys. At 32: a bit that never changed (by chance on 1 connection in \
                67,000,000). At 64: all keys in an affine space over GF(2) of fewer than 32 dimensions, so that some \
                bits follow from others (at most 1 in 2,100,000,000). At 256 and at 512: a bit whose ones are 3.2 √n \
                or more away from the half (Hoeffding's bound: at most 1 in 12,000,000 for each). A note where 2^30 \
                keys or more are left, which is little help to anybody. Said once, and not where mask-key-sequence or \
                mask-key-predictable said more.",
    breaks: || Scenario::new().handshake().client(keyed((1..=32).map(|n| scattered(n) & 0x7f7f_7f7f | 0x4000_0000))),
    keeps: || Scenario::new().handshake().client(keyed((1..=32).map(scattered))),
};

/// `mask-key-predictable`
pub static KEY_PREDICTABLE: Rule = Rule {
    id: "mask-key-predictable",
    severity: Severity::Error,
    blames: Blames::Client,
    requires: Requirement::Nothing,
    source: "RFC 6455 §5.3",
    quote: UNPREDICTABLE,
    statement: "A masking key was predicted from earlier ones by a known pseudo-random generator.",
    why: "The generator's state was recovered from the keys on the wire, so every later key is known too. Two keys \
          tell the state of java.util.Random, some bytes that of C's `rand`, 624 keys that of the Mersenne Twister \
          (Python's `random`, C++'s `std::mt19937`).",
    restraint: "Only a prediction that came true on keys that were not used to make it counts; that chance does this is \
                less likely than 1 connection in 100,000,000,000. Looks at the first 628 keys, for: java.util.Random \
                (`nextInt`, `nextBytes`; two keys, the third predicted); the C runtime of Microsoft (four times the \
                low byte of `rand`, two calls side by side, one call); glibc's `rand` and `random` (four times eight \
                bits, twice sixteen, or one call); MT19937 (one 32-bit output a key, four predicted from 624). A \
                generator that others draw from between two frames is not recognised.",
    breaks: || Scenario::new().handshake().client(keyed(java_example())),
    keeps: || {
        let [first, second, third] = java_example();
        Scenario::new().handshake().client(keyed([first, second, third ^ 1]))
    },
};

/// One small message for each key.
fn keyed(keys: impl IntoIterator<Item = u32>) -> Frames {
    keys.into_iter().map(|key| text("Hello").masked(key.to_be_bytes())).collect::<Vec<_>>().into()
}

/// Numbers without a pattern that the tests would find (the finalizer of MurmurHash3).
fn scattered(n: u32) -> u32 {
    let n = (n ^ n >> 16).wrapping_mul(0x85eb_ca6b);
    let n = (n ^ n >> 13).wrapping_mul(0xc2b2_ae35);
    n ^ n >> 16
}
