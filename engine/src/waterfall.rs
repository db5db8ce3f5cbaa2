//! Draws a turn's ledger as text: where the time between the last word and the first sound went.

use std::fmt::Write;

use crate::Ledger;

/// Characters of the longest bar.
const WIDTH: i64 = 48;

/// One line per stage; `│` is the true end of speech, what lies left of it was done ahead of it.
pub fn waterfall(ledger: &Ledger) -> String {
    let first = ledger
        .marks
        .iter()
        .map(|(_, at)| *at)
        .min()
        .unwrap_or(0)
        .min(0);
    let last = ledger
        .marks
        .iter()
        .map(|(_, at)| *at)
        .max()
        .unwrap_or(0)
        .max(1);
    let column = |at: i64| (at - first) * WIDTH / (last - first).max(1);
    let zero = column(0);
    let mut out = String::new();
    let mut before = first.min(0);
    for (mark, at) in &ledger.marks {
        let (from, to) = (column(before), column(*at).max(column(before)));
        let bar: String = (0..=WIDTH)
            .map(|n| match n {
                n if n >= from && n <= to => '█',
                n if n == zero => '│',
                _ => ' ',
            })
            .collect();
        writeln!(out, "  {:<18} {at:>6} ms  {}", mark.label(), bar.trim_end())
            .expect("writing to a string cannot fail");
        before = *at;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Mark;

    #[test]
    fn a_bar_begins_where_the_stage_before_it_ended() {
        let ledger = Ledger {
            marks: vec![
                (Mark::Transcript, -100),
                (Mark::Decision, 200),
                (Mark::FirstAudio, 380),
            ],
            ..Ledger::default()
        };
        let drawn = waterfall(&ledger);
        let bars: Vec<_> = drawn
            .lines()
            .map(|line| (line.find('█').expect("a bar"), line.matches('█').count()))
            .collect();
        assert_eq!(bars.len(), 3);
        assert!(bars[0].0 <= bars[1].0 && bars[1].0 < bars[2].0, "{drawn}");
        assert!(bars[1].1 > bars[2].1, "{drawn}");
        assert!(drawn.contains("First sound sent      380 ms"), "{drawn}");
    }

    #[test]
    fn an_empty_ledger_draws_nothing() {
        assert_eq!(waterfall(&Ledger::default()), "");
    }
}
