//! Secrets that are known by their own shape: keys, tokens, blocks, and strings that nobody would
//! say.

use std::ops::Range;

use super::text::{Text, trimmed};

/// What a kind of key begins with, and how many characters of `[A-Za-z0-9_-]` follow at least.
/// Case counts. Publishable keys are not here.
const PREFIXES: &[(&str, usize)] = &[
    ("AKIA", 16),             // AWS access key
    ("ASIA", 16),             // AWS temporary access key
    ("ghp_", 20),             // GitHub, personal
    ("gho_", 20),             // GitHub, OAuth
    ("ghu_", 20),             // GitHub, user to server
    ("ghs_", 20),             // GitHub, server to server
    ("ghr_", 20),             // GitHub, refresh
    ("github_pat_", 20),      // GitHub, fine-grained
    ("glpat-", 16),           // GitLab
    ("xoxb-", 10),            // Slack
    ("xoxa-", 10),            // Slack
    ("xoxp-", 10),            // Slack
    ("xoxr-", 10),            // Slack
    ("xoxs-", 10),            // Slack
    ("xapp-", 10),            // Slack
    ("sk-", 20),              // OpenAI, Anthropic and those that followed them
    ("sk_live_", 10),         // Stripe
    ("sk_test_", 10),         // Stripe
    ("rk_live_", 10),         // Stripe
    ("whsec_", 16),           // Stripe
    ("AIza", 30),             // Google
    ("ya29", 20),             // Google OAuth
    ("GOCSPX-", 16),          // Google OAuth client
    ("hf_", 24),              // Hugging Face
    ("npm_", 24),             // npm
    ("pypi-", 32),            // PyPI
    ("dop_v1_", 32),          // DigitalOcean
    ("SG", 40),               // SendGrid
    ("hvs", 20),              // Vault
    ("AGE-SECRET-KEY-1", 20), // age
    ("tskey-", 16),           // Tailscale
    ("key-", 32),             // Mailgun
    ("lin_api_", 20),         // Linear
    ("dckr_pat_", 16),        // Docker
    ("shpat_", 20),           // Shopify
];

/// Shortest string that can be told from a word by its letters alone.
const RANDOM_CHARS: usize = 20;

pub(super) fn find(text: &Text<'_>, spans: &mut Vec<Range<usize>>) {
    private_key_blocks(text, spans);
    bearers(text, spans);
    for chunk in &text.chunks {
        let found = spans.len();
        url_password(text.raw, chunk, spans);
        for run in runs(text.raw, chunk, |b| token_byte(b) || matches!(b, b'.')) {
            let run = run.start..run.start + text.raw[run].trim_end_matches('.').len();
            if known_prefix(&text.raw[run.clone()]) || json_web_token(&text.raw[run.clone()]) {
                spans.push(run);
            }
        }
        for run in runs(text.raw, chunk, token_byte) {
            if known_prefix(&text.raw[run.clone()]) {
                spans.push(run);
            }
        }
        if found < spans.len() || text.raw[chunk.clone()].contains("://") {
            continue;
        }
        // The whole first, then its parts: a key may hold slashes, and a path may hold a key.
        let whole = trimmed(text.raw, chunk.clone());
        if looks_random(&text.raw[whole.clone()]) {
            spans.push(whole);
            continue;
        }
        for run in runs(text.raw, chunk, token_byte) {
            if looks_random(&text.raw[run.clone()]) {
                spans.push(run);
            }
        }
    }
}

fn token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The maximal runs of such bytes in a part of the text.
fn runs<'a>(
    raw: &'a str,
    part: &Range<usize>,
    of: impl Fn(u8) -> bool + 'a,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let (mut at, end) = (part.start, part.end);
    let bytes = raw.as_bytes();
    std::iter::from_fn(move || {
        while at < end && !of(bytes[at]) {
            at += 1;
        }
        let start = at;
        while at < end && of(bytes[at]) {
            at += 1;
        }
        (start < at).then_some(start..at)
    })
}

fn known_prefix(run: &str) -> bool {
    PREFIXES.iter().any(|(prefix, tail)| {
        run.strip_prefix(prefix).is_some_and(|rest| {
            // A tail of plain words ("sk-learn-contrib-projects") is a name.
            rest.len() >= *tail
                && rest
                    .bytes()
                    .any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        })
    })
}

/// Three base64url parts, the first of which decodes to `{"…`.
fn json_web_token(run: &str) -> bool {
    let mut parts = run.split('.');
    let head = parts.next().unwrap_or_default();
    head.starts_with("eyJ") && head.len() >= 12 && parts.next().is_some_and(|body| body.len() >= 8)
}

/// From the first dash of a private key block to its end, or to the end of the text if it is cut.
fn private_key_blocks(text: &Text<'_>, spans: &mut Vec<Range<usize>>) {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut from = 0;
    while let Some(at) = text.raw[from..].find(BEGIN).map(|at| from + at) {
        let label = &text.raw[at + BEGIN.len()..];
        let label = &label[..label.find("-----").unwrap_or(label.len())];
        from = at + BEGIN.len();
        if label.contains("PRIVATE KEY") {
            let end = text.raw[from..].find(END).map(|end| from + end + END.len());
            let end = end.map(|end| {
                text.raw[end..]
                    .find("-----")
                    .map_or(text.raw.len(), |close| end + close + 5)
            });
            from = end.unwrap_or(text.raw.len());
            spans.push(at..from);
        }
    }
}

/// `Bearer …` and `Basic …` in a header, pasted or read out of a log.
fn bearers(text: &Text<'_>, spans: &mut Vec<Range<usize>>) {
    for (index, word) in text.words.iter().enumerate() {
        let min_chars = match text.word(index) {
            "bearer" => 12,
            "basic" if index > 0 && text.word(index - 1) == "authorization" => 8,
            _ => continue,
        };
        let Some(chunk) = text.chunk_from(word.end) else {
            continue;
        };
        let between = &text.raw[word.end..chunk.start];
        if between.is_empty() || !between.trim().is_empty() {
            continue;
        }
        let token = trimmed(text.raw, chunk);
        let shown = &text.raw[token.clone()];
        let letters_only = shown.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if shown.len() >= min_chars && !letters_only {
            spans.push(token);
        }
    }
}

/// The password in `scheme://user:password@host`.
fn url_password(raw: &str, chunk: &Range<usize>, spans: &mut Vec<Range<usize>>) {
    let Some(start) = raw[chunk.clone()]
        .find("://")
        .map(|at| chunk.start + at + 3)
    else {
        return;
    };
    let authority = &raw[start..chunk.end];
    // A password may hold a slash or a question mark, so the last `@` of the chunk ends it.
    let Some(at) = authority.rfind('@') else {
        return;
    };
    let Some(colon) = authority[..at].find(':') else {
        return;
    };
    if !authority[..colon].contains('/') && colon + 1 < at {
        spans.push(start + colon + 1..start + at);
    }
}

/// Whether a string has more turns between letters and digits, small and large, than any name.
///
/// Measured in *segments*: "Word", "WORD", "word" and "42" are one each. In 4000 random strings of
/// 32 characters a segment had 1.9 characters (base 62; 99 % have less than 2.9) or 2.5 (base 36);
/// product names have 2.8 to 4.6, words and paths more. Hashes and UUIDs (hexadecimal only) stay:
/// they name things.
pub(super) fn looks_random(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_hash = |part: &str| part.len() >= 32 && part.bytes().all(|b| b.is_ascii_hexdigit());
    if bytes.len() < RANDOM_CHARS || text.split(['-', '_', '.', '/']).any(is_hash) {
        return false;
    }
    let (mut lower, mut upper, mut digits, mut joints, mut segments) = (0, 0, 0, 0, 0);
    let mut hex = true;
    let mut previous = b'-';
    for (at, &byte) in bytes.iter().enumerate() {
        let new = match byte {
            b'a'..=b'z' => {
                lower += 1;
                // "Word" is one segment: the capital already began it, if it stands alone.
                let capital_began = previous.is_ascii_uppercase()
                    && !at
                        .checked_sub(2)
                        .is_some_and(|two| bytes[two].is_ascii_uppercase());
                !(previous.is_ascii_lowercase() || capital_began)
            }
            b'A'..=b'Z' => {
                upper += 1;
                !previous.is_ascii_uppercase()
            }
            b'0'..=b'9' => {
                digits += 1;
                !previous.is_ascii_digit()
            }
            b'_' | b'-' | b'.' | b'/' | b'+' | b'=' | b'~' => {
                joints += 1;
                false
            }
            _ => return false,
        };
        hex &= byte.is_ascii_hexdigit() || byte == b'-';
        segments += usize::from(new);
        previous = byte;
    }
    let signs = lower + upper + digits;
    if hex || digits == 0 || signs < RANDOM_CHARS || joints * 8 > bytes.len() + 8 {
        return false;
    }
    if lower > 0 && upper > 0 {
        segments * 275 >= signs * 100
    } else {
        signs >= 24 && digits >= 4 && segments * 36 >= signs * 10 && joints <= 1
    }
}
