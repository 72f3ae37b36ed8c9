//! Rotated files in order.

use std::path::PathBuf;

use super::build::{MICROSECONDS, Order, Pcap, PcapNg};
use crate::capture::in_time_order;

/// Files that are removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("wslens-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_are_ordered_by_their_first_time_and_those_without_come_last() {
    let folder = Folder::new("join");
    let at = |seconds| Pcap::new(Order::Little, MICROSECONDS, 0, 1).packet(seconds, 0, 0, b"").bytes;
    let empty = folder.file("empty", &Pcap::counting(0).bytes);
    let late = folder.file("late", &at(30));
    let also_late = folder.file("also-late", &at(30));
    let early = folder.file("early", &at(10));
    // Its first packet has no time; the second comes at 20 s.
    let simple = PcapNg::new(Order::Big).interface(1, 0, &[]).simple(1, b"x").enhanced(0, 20_000_000, 0, b"").bytes;
    let middle = folder.file("middle", &simple);
    let given = [empty.clone(), late.clone(), also_late.clone(), middle.clone(), early.clone()];
    assert_eq!(in_time_order(&given).unwrap(), [early, middle, late, also_late, empty]);
}

#[test]
fn what_can_be_read_only_once_is_refused() {
    assert_eq!(
        in_time_order(&["-".into()]).unwrap_err().to_string(),
        "standard input cannot be joined: it can be read only once; give a regular file, or leave out --join"
    );
    assert!(in_time_order(&[std::env::temp_dir()]).is_err());
    assert!(in_time_order(&["no/such/file".into()]).unwrap_err().to_string().starts_with("cannot open no/such/file: "));
}
