//! Words with their times, put together to what is shown at once.

use janet_models::whisper::Word;

/// A pause this long ends a segment.
const PAUSE_S: f32 = 0.8;
/// A segment that lasts so long ends with its next word, whatever that is.
const LONGEST_S: f32 = 8.0;
/// And one of so many characters, which is two lines of captions.
const LONGEST_CHARS: usize = 84;

/// Words that belong together, in their order.
#[derive(Debug, PartialEq)]
pub(super) struct Segment {
    pub(super) text: String,
    pub(super) start_s: f32,
    pub(super) end_s: f32,
}

/// The words as sentences, cut in pauses and where they get too long.
pub(super) fn segments(words: &[Word], spaced: bool) -> Vec<Segment> {
    let mut segments: Vec<Segment> = Vec::new();
    let mut is_open = false;
    for word in words {
        match segments.last_mut() {
            Some(last) if is_open && goes_on(last, word) => {
                if spaced {
                    last.text.push(' ');
                }
                last.text.push_str(&word.text);
                last.end_s = word.end_s;
            }
            _ => segments.push(Segment {
                text: word.text.clone(),
                start_s: word.start_s,
                end_s: word.end_s,
            }),
        }
        is_open = !word.text.ends_with(['.', '!', '?', '。', '！', '？', '…']);
    }
    segments
}

fn goes_on(segment: &Segment, word: &Word) -> bool {
    let chars = segment.text.chars().count() + 1 + word.text.chars().count();
    word.start_s - segment.end_s < PAUSE_S
        && word.end_s - segment.start_s <= LONGEST_S
        && chars <= LONGEST_CHARS
}

/// As SubRip has it.
pub(super) fn srt(segments: &[Segment]) -> String {
    let cue = |(number, segment): (usize, &Segment)| {
        let Segment {
            text,
            start_s,
            end_s,
        } = segment;
        let (start, end) = (time(*start_s, ','), time(*end_s, ','));
        format!("{}\n{start} --> {end}\n{text}\n\n", number + 1)
    };
    segments.iter().enumerate().map(cue).collect()
}

/// As WebVTT has it.
pub(super) fn vtt(segments: &[Segment]) -> String {
    let cue = |segment: &Segment| {
        let (start, end) = (time(segment.start_s, '.'), time(segment.end_s, '.'));
        // What would be read as markup.
        let text = segment.text.replace('&', "&amp;").replace('<', "&lt;");
        format!("{start} --> {end}\n{text}\n\n")
    };
    "WEBVTT\n\n".to_owned() + &segments.iter().map(cue).collect::<String>()
}

fn time(seconds: f32, point: char) -> String {
    let ms = (f64::from(seconds.max(0.0)) * 1e3).round() as u64;
    let (s, ms) = (ms / 1000, ms % 1000);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    format!("{h:02}:{m:02}:{s:02}{point}{ms:03}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of half a second each, one behind the other.
    fn words(text: &str) -> Vec<Word> {
        let words = text.split_whitespace().enumerate();
        words
            .map(|(n, text)| Word {
                text: text.to_owned(),
                start_s: n as f32 * 0.5,
                end_s: n as f32 * 0.5 + 0.5,
                probability: 1.0,
            })
            .collect()
    }

    fn texts(words: &[Word]) -> Vec<String> {
        let segments = segments(words, true).into_iter();
        segments.map(|segment| segment.text).collect()
    }

    #[test]
    fn sentences_and_pauses_are_borders() {
        let mut said = words("Go on. I am listening to you");
        assert_eq!(texts(&said), ["Go on.", "I am listening to you"]);
        for word in &mut said[5..] {
            word.start_s += 1.0;
            word.end_s += 1.0;
        }
        assert_eq!(texts(&said), ["Go on.", "I am listening", "to you"]);
        assert!(segments(&[], true).is_empty());
    }

    #[test]
    fn no_segment_is_too_long_to_be_read() {
        let long = words(&"word ".repeat(40));
        for segment in segments(&long, true) {
            assert!(segment.end_s - segment.start_s <= LONGEST_S, "{segment:?}");
        }
        let mut fast = words(&"letters ".repeat(40));
        for (n, word) in fast.iter_mut().enumerate() {
            word.start_s = n as f32 * 0.1;
            word.end_s = word.start_s + 0.1;
        }
        for text in texts(&fast) {
            assert!(text.len() <= LONGEST_CHARS, "{text}");
        }
        assert_eq!(segments(&words("我 是"), false)[0].text, "我是");
    }

    #[test]
    fn captions_are_as_their_readers_want_them() {
        let segment = |text: &str, start_s, end_s| Segment {
            text: text.to_owned(),
            start_s,
            end_s,
        };
        let said = [
            segment("Go on.", 0.12, 1.0),
            segment("a < b & c", 3661.5, 3662.0),
        ];
        assert_eq!(
            srt(&said),
            "1\n00:00:00,120 --> 00:00:01,000\nGo on.\n\n2\n01:01:01,500 --> 01:01:02,000\na < b & c\n\n"
        );
        assert_eq!(
            vtt(&said),
            "WEBVTT\n\n00:00:00.120 --> 00:00:01.000\nGo on.\n\n01:01:01.500 --> 01:01:02.000\na &lt; b &amp; c\n\n"
        );
    }
}
