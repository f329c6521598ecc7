//! Eventual consistency, counted in reads.

/// How many more reads see the world before a change.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lag(u32);

impl Lag {
    pub fn of(reads: u32) -> Self {
        Self(reads)
    }

    /// Counts a read, and tells whether the change is hidden from it.
    pub fn hides(&mut self) -> bool {
        let hidden = self.0 > 0;
        self.0 = self.0.saturating_sub(1);
        hidden
    }
}
