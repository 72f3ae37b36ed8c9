//! The least that an analysis of payloads can cost, to compare with: reads a file in pieces and undoes a mask on all of it,
//! `pass FILE`. Prints a sum of the result, so that the work is not in vain.

use std::fs::File;
use std::io::{self, Read};
use std::process::ExitCode;

/// As the reader of captures has it.
const PIECE: usize = 512 << 10;

fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: pass FILE");
        return ExitCode::from(2);
    };
    match pass(&path) {
        Ok(sum) => {
            println!("{sum:016x}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("pass: {path}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// XORs the bytes by words, as unmasking does (RFC 6455 §5.3).
fn pass(path: &str) -> io::Result<u64> {
    const MASK: u64 = 0x37FA_213D_37FA_213D;
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    let mut sum = 0u64;
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(sum);
        }
        let (words, _) = piece[..length].as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ MASK).to_ne_bytes();
            sum = sum.wrapping_add(u64::from_ne_bytes(*word));
        }
    }
}
