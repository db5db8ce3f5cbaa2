//! Links and addresses: read shortly, since nobody wants to hear a query string.

use super::{Reading, Said};

/// Path segments that are read; the rest of a link is not.
const MOST_SEGMENTS: usize = 2;

/// `https://example.com/page?x=1`, `www.example.com`.
pub(super) fn link(text: &str) -> Reading {
    let scheme = ["https://", "http://", "ftp://"]
        .into_iter()
        .find(|scheme| {
            text.get(..scheme.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(scheme))
        });
    let start = scheme.map_or(0, str::len);
    let www = text[start..]
        .get(..4)
        .is_some_and(|s| s.eq_ignore_ascii_case("www."));
    if scheme.is_none() && !www {
        return None;
    }
    let whole = token(text);
    let address = &whole[start + if www { 4 } else { 0 }..];
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let mut segments = address.split('/').filter(|segment| !segment.is_empty());
    let mut said = host(segments.next().unwrap_or_default());
    for segment in segments.take(MOST_SEGMENTS) {
        said.push(Said::word("slash"));
        said.extend(name(segment));
    }
    (!said.is_empty()).then_some((whole.len(), said))
}

/// `name@example.com`.
pub(super) fn email(text: &str) -> Reading {
    let whole = token(text);
    let (user, domain) = whole.split_once('@')?;
    let sound = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-+".contains(c))
    };
    if !sound(user) || !sound(domain) || !domain.contains('.') {
        return None;
    }
    let mut said = Vec::new();
    for (index, part) in user.split('.').enumerate() {
        if index > 0 {
            said.push(Said::word("dot"));
        }
        said.extend(name(part));
    }
    said.push(Said::word("at"));
    said.extend(host(domain));
    Some((whole.len(), said))
}

/// `example.com` without anything that would make it a link.
pub(super) fn bare_host(text: &str) -> Reading {
    let whole = token(text);
    let (before, last) = whole.rsplit_once('.')?;
    let known = matches!(
        last,
        "com"
            | "org"
            | "net"
            | "io"
            | "ai"
            | "dev"
            | "gov"
            | "edu"
            | "co"
            | "app"
            | "html"
            | "pdf"
            | "txt"
            | "md"
            | "rs"
            | "py"
            | "js"
            | "json"
            | "toml"
            | "png"
            | "jpg"
            | "mp3"
            | "wav"
    );
    let sound = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    (known && sound(before)).then(|| (whole.len(), host(whole)))
}

/// The token at the beginning without the punctuation that ends a sentence.
fn token(text: &str) -> &str {
    let end = text
        .find(|c: char| c.is_whitespace() || "<>\"|{}^`\\".contains(c))
        .unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '\'', '*', '_'])
}

fn host(host: &str) -> Vec<Said> {
    let mut said = Vec::new();
    for (index, part) in host.split('.').filter(|part| !part.is_empty()).enumerate() {
        if index > 0 {
            said.push(Said::word("dot"));
        }
        said.extend(name(part));
    }
    said
}

/// A part of an address: words where it has letters, digits one by one.
fn name(part: &str) -> Vec<Said> {
    let mut said = Vec::new();
    for piece in part
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|p| !p.is_empty())
    {
        let mut rest = piece;
        while !rest.is_empty() {
            let digits = rest.starts_with(|c: char| c.is_ascii_digit());
            let end = rest
                .find(|c: char| c.is_ascii_digit() != digits)
                .unwrap_or(rest.len());
            let run = &rest[..end];
            let short = run.len() <= 2 && run != "co" && run != "me" && run != "my" && run != "go";
            said.push(if digits || short {
                Said::Spelled(run.to_owned())
            } else {
                Said::word(run)
            });
            rest = &rest[end..];
        }
    }
    said
}
