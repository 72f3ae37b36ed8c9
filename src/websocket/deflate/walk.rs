//! What a walk over a message's DEFLATE blocks tells.

/// A compressed message, block by block: what it is made of and how it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// Blocks without compression (RFC 1951 §3.2.4). The empty one at the end counts, although its last four bytes
    /// are not sent (RFC 7692 §7.2.1).
    pub stored_blocks: u64,
    /// Blocks with the fixed Huffman codes (RFC 1951 §3.2.6).
    pub fixed_blocks: u64,
    /// Blocks with Huffman codes of their own (RFC 1951 §3.2.7).
    pub dynamic_blocks: u64,
    /// Of these blocks, how many have BFINAL set.
    pub final_blocks: u64,
    /// Bytes in blocks without compression.
    pub stored_bytes: u64,
    /// Literals.
    pub literals: u64,
    /// Matches: references to bytes before them.
    pub matches: u64,
    /// Bytes that all this stands for.
    pub length: u64,
    /// The largest distance of a match, in bytes; 0 without matches.
    pub largest_distance: u32,
    /// Where in the inflated message the first match with that distance stands.
    pub largest_distance_at: u64,
    /// How far before the message's first byte its matches reach, at most; 0 if it needs nothing before it.
    pub history: u32,
    /// A final block is padded to the byte boundary with bits that are not all 0: the offset of that byte among the
    /// compressed bytes, the first time.
    pub padding: Option<u64>,
    /// How it ends.
    pub end: WalkEnd,
    /// It ends in bytes that stand behind a final block and are no block: their offset among the compressed bytes.
    pub garbage: Option<u64>,
}

/// Where the compressed bytes of a message end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WalkEnd {
    /// Behind the header bits of a block without compression, as they should (RFC 7692 §7.2.1): with the four bytes
    /// that the receiver puts back, that is an empty block.
    Flushed,
    /// Behind a whole empty block: its last four bytes, 00 00 FF FF, were not removed.
    Trailer,
    /// Behind a final block, and nothing follows.
    Final,
    /// Behind another block.
    Block,
    /// Inside a block.
    #[default]
    Inside,
    /// Before it: this is no DEFLATE.
    Fault {
        /// How many bits were understood.
        bit: u64,
        /// What is wrong, as a clause.
        what: &'static str,
    },
}

impl Walk {
    /// Blocks in all.
    pub fn blocks(&self) -> u64 {
        self.stored_blocks.saturating_add(self.fixed_blocks).saturating_add(self.dynamic_blocks)
    }

    /// The message is DEFLATE from its first to its last byte, and nothing of a block is missing but the four bytes
    /// that the receiver puts back.
    pub fn is_whole(&self) -> bool {
        matches!(self.end, WalkEnd::Flushed | WalkEnd::Trailer | WalkEnd::Final)
    }
}
