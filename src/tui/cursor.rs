//! A place in a list of which only a part is on the screen.

/// The selected row and the first visible one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) at: usize,
    pub(super) top: usize,
}

impl Cursor {
    /// Moves the selection by so many rows of `count`.
    pub(super) fn step(&mut self, by: isize, count: usize) {
        self.at = self.at.saturating_add_signed(by).min(count.saturating_sub(1));
    }

    /// Scrolls so that the selection is among `height` visible rows of `count`.
    pub(super) fn show(&mut self, count: usize, height: usize) {
        self.at = self.at.min(count.saturating_sub(1));
        // Where the list ends above the last visible row, it is moved down.
        self.top = self.top.min(count.saturating_sub(height)).min(self.at);
        if height > 0 && self.at >= self.top + height {
            self.top = self.at + 1 - height;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ends_hold() {
        let mut cursor = Cursor::default();
        cursor.step(-1, 10);
        assert_eq!(cursor.at, 0);
        cursor.step(100, 10);
        assert_eq!(cursor.at, 9);
        cursor.step(1, 0);
        assert_eq!(cursor.at, 0);
    }

    proptest! {
        #[test]
        fn the_selection_is_always_visible(at: usize, top: usize, count in 0_usize..1000, height in 1_usize..50) {
            let mut cursor = Cursor { at, top };
            cursor.show(count, height);
            prop_assert!(cursor.top <= cursor.at && cursor.at < cursor.top + height);
            prop_assert!(cursor.at < count || count == 0);
            prop_assert!(cursor.top + height <= count || cursor.top == 0);
        }
    }
}
