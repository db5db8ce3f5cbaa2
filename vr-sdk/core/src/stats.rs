//! What became of the packets.

/// Counts since the session began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets of her voice that came, whatever became of them.
    pub received: u64,
    /// Never came, or too late.
    pub lost: u64,
    /// Of the lost: whose sound the next packet held once more.
    pub fec_recovered: u64,
    /// Beats on which the decoder made something up.
    pub concealed: u64,
    /// Came when their turn was over.
    pub late: u64,
    /// Came twice.
    pub duplicates: u64,
    /// Datagrams that were none of this session's, or none at all.
    pub garbage: u64,
    /// Packets of the microphone that were encoded.
    pub sent: u64,
    /// Of those: dropped because the path took no more.
    pub unsent: u64,
}

impl Stats {
    /// Lost packets of a hundred.
    pub fn loss_percent(&self) -> f64 {
        let due = self.received.saturating_sub(self.duplicates + self.late) + self.lost;
        if due == 0 {
            return 0.0;
        }
        self.lost as f64 * 100.0 / due as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_of_what_should_have_come() {
        assert!(Stats::default().loss_percent().abs() < f64::EPSILON);
        let stats = Stats {
            received: 94,
            duplicates: 2,
            late: 2,
            lost: 10,
            ..Stats::default()
        };
        assert!((stats.loss_percent() - 10.0).abs() < 1e-9);
    }
}
