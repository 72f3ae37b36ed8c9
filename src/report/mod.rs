//! From connections, frames, messages and findings to one file for each output format.
