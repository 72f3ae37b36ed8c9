//! Frames and rules made visible: bit rulers, unmasking tables, rule pages.
