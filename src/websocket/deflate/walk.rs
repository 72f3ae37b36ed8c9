//! What a walk over a message's DEFLATE blocks tells.

/// A compressed message, block by block: what it is made of and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    /// The first of its blocks, as many as were asked for; the last one may be cut.
    pub blocks: Vec<Block>,
}

/// A DEFLATE block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// Its type.
    pub kind: BlockKind,
    /// BFINAL is set.
    pub is_final: bool,
    /// Where it begins among the message's compressed bits.
    pub at: u64,
    /// Bits of it that were sent, with its header and with the padding inside a block without compression.
    pub bits: u64,
    /// Literals; none in a block without compression.
    pub literals: u64,
    /// Matches.
    pub matches: u64,
    /// Bytes it stands for.
    pub length: u64,
    /// The largest distance of a match, in bytes; 0 without matches.
    pub largest_distance: u32,
    /// How far before the message's first byte its matches reach, at most.
    pub history: u32,
}

/// BTYPE (RFC 1951 §3.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BlockKind {
    /// 00: no compression.
    #[default]
    Stored,
    /// 01: the fixed Huffman codes.
    Fixed,
    /// 10: Huffman codes of its own.
    Dynamic,
}

impl BlockKind {
    /// `"stored"`, `"fixed"` or `"dynamic"`.
    pub fn name(self) -> &'static str {
        match self {
            BlockKind::Stored => "stored",
            BlockKind::Fixed => "fixed",
            BlockKind::Dynamic => "dynamic",
        }
    }
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
    /// Behind another block, or before the first.
    Block,
    /// Inside a block that the four bytes complete although they were not taken from it.
    Filled,
    /// Inside a block, with the four bytes too.
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
    pub fn block_count(&self) -> u64 {
        self.stored_blocks.saturating_add(self.fixed_blocks).saturating_add(self.dynamic_blocks)
    }

    /// All of it is DEFLATE, and with the four bytes that the receiver puts back no block is cut. What it stands for is
    /// known then.
    pub fn is_whole(&self) -> bool {
        !matches!(self.end, WalkEnd::Inside | WalkEnd::Fault { .. })
    }

    /// It ends between two blocks, where the four bytes that the receiver puts back begin a block that does not end.
    pub fn ends_between_blocks(&self) -> bool {
        matches!(self.end, WalkEnd::Trailer | WalkEnd::Final | WalkEnd::Block)
    }
}
