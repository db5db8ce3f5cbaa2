//! When each phoneme is heard, and how far into the text that is.

use crate::phonemes::Symbol;

/// When one phoneme sounds, in samples since the phrase began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhonemeTime {
    /// The IPA letter; punctuation and the space stand for silence. Stress and length marks are
    /// no entries of their own: their time belongs to the letter that they mark.
    pub symbol: char,
    /// Its first sample.
    pub start_sample: u64,
    /// The sample behind its last one.
    pub end_sample: u64,
}

/// A sentence's schedule: its phonemes are told with its first sound, its text as that goes out.
#[derive(Default)]
pub(super) struct Timing {
    phonemes: Vec<PhonemeTime>,
    /// (sample, byte): from this sample on, the text up to that byte has been heard.
    reached: std::collections::VecDeque<(u64, usize)>,
}

/// Where a symbol's own time goes.
enum Owner {
    Itself,
    Previous,
    Next,
}

fn owner(symbol: char) -> Owner {
    match symbol {
        'ˈ' | 'ˌ' => Owner::Next,
        'ː' | 'ˑ' | '˞' | 'ʲ' | 'ʰ' | '\u{300}'..='\u{36f}' => Owner::Previous,
        _ => Owner::Itself,
    }
}

impl Timing {
    /// Plans the sentence that begins at sample `start`: `symbols` with the samples that each of
    /// them lasts, the pad before it included; `before` and `after` are the frame's own ids.
    ///
    /// The voice was trained to have a pad between any two symbols, and begins the next one's sound there: in 160
    /// closures of lips the end of the symbol's own time is that of its sound, to a millisecond on average, and with
    /// the pad behind it, it would be 22 ms late.
    pub(super) fn plan(start: u64, before: u64, symbols: &[(Symbol, u64)], after: u64) -> Self {
        let mut timing = Self::default();
        let mut at = start;
        // Time owed to the next letter: since when.
        let mut pending = None;
        timing.add(' ', at, at + before);
        at += before;
        for (symbol, samples) in symbols {
            let end = at + samples;
            match owner(symbol.phoneme) {
                Owner::Next => {
                    pending.get_or_insert(at);
                }
                Owner::Previous => {
                    if let Some(last) = timing.phonemes.last_mut() {
                        last.end_sample = end;
                    }
                }
                Owner::Itself => {
                    timing.add(symbol.phoneme, pending.take().unwrap_or(at), end);
                }
            }
            at = end;
            let known = timing.reached.back().map_or(0, |&(_, byte)| byte);
            if symbol.end_byte > known {
                timing.reached.push_back((at, symbol.end_byte));
            }
        }
        timing.add(' ', pending.unwrap_or(at), at + after);
        timing
    }

    fn add(&mut self, symbol: char, start_sample: u64, end_sample: u64) {
        if end_sample > start_sample {
            self.phonemes.push(PhonemeTime {
                symbol,
                start_sample,
                end_sample,
            });
        }
    }

    /// Takes the phonemes; there are none any more then.
    pub(super) fn take_phonemes(&mut self) -> Vec<PhonemeTime> {
        std::mem::take(&mut self.phonemes)
    }

    /// Takes the byte up to which the text has been heard at sample `end`, if that is further
    /// than at the last call.
    pub(super) fn reached_by(&mut self, end: u64) -> Option<usize> {
        let count = self
            .reached
            .iter()
            .take_while(|(sample, _)| *sample <= end)
            .count();
        self.reached
            .drain(..count)
            .next_back()
            .map(|(_, byte)| byte)
    }
}

#[cfg(test)]
mod tests {
    use super::{PhonemeTime, Timing};
    use crate::phonemes::Symbol;

    fn symbols(text: &str) -> Vec<(Symbol, u64)> {
        text.chars()
            .map(|phoneme| {
                (
                    Symbol {
                        phoneme,
                        end_byte: 0,
                    },
                    10,
                )
            })
            .collect()
    }

    #[test]
    fn marks_give_their_time_to_the_letter_they_mark() {
        let mut timing = Timing::plan(100, 10, &symbols("hˈiː"), 10);
        let time = |symbol, start_sample, end_sample| PhonemeTime {
            symbol,
            start_sample,
            end_sample,
        };
        assert_eq!(
            timing.take_phonemes(),
            [
                time(' ', 100, 110),
                time('h', 110, 120),
                time('i', 120, 150),
                time(' ', 150, 160)
            ]
        );
    }

    #[test]
    fn text_counts_as_heard_when_its_last_sample_is_out() {
        let mut symbols = symbols("ab cd");
        symbols[1].0.end_byte = 5;
        symbols[4].0.end_byte = 9;
        let mut timing = Timing::plan(0, 0, &symbols, 0);
        assert_eq!(timing.reached_by(19), None);
        assert_eq!(timing.reached_by(20), Some(5));
        assert_eq!(timing.reached_by(49), None);
        assert_eq!(timing.reached_by(1000), Some(9));
    }
}
