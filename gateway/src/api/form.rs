//! Reads `multipart/form-data` that is there as a whole.

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use futures_util::stream;

use super::error::ApiError;

/// Fields of a form, its file apart.
const MOST_FIELDS: usize = 32;
/// Bytes of one of them.
const LONGEST_FIELD: usize = 4096;
/// The field that holds the file.
const FILE: &str = "file";

/// A form with one file.
pub(super) struct Form {
    pub(super) file: Bytes,
    fields: Vec<(String, String)>,
}

impl Form {
    pub(super) async fn read(headers: &HeaderMap, body: Bytes) -> Result<Self, ApiError> {
        let kind = headers.get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let Ok(boundary) = multer::parse_boundary(kind) else {
            return Err(ApiError::body("the request is no multipart/form-data"));
        };
        let body = stream::iter([Ok::<_, std::convert::Infallible>(body)]);
        let mut parts = multer::Multipart::new(body, boundary);
        let malformed = |_| ApiError::body("the form is malformed");
        let (mut file, mut fields) = (None, Vec::new());
        while let Some(part) = parts.next_field().await.map_err(malformed)? {
            let Some(name) = part.name().map(str::to_owned) else {
                return Err(ApiError::body("a part of the form has no name"));
            };
            let bytes = part.bytes().await.map_err(malformed)?;
            if name == FILE {
                file = Some(bytes);
                continue;
            }
            if bytes.len() > LONGEST_FIELD || fields.len() >= MOST_FIELDS {
                let why = "is too long, or there are too many fields";
                return Err(ApiError::field(&name, why));
            }
            let text = String::from_utf8(bytes.into());
            let text = text.map_err(|_| ApiError::field(&name, "is no text"))?;
            fields.push((name, text));
        }
        let file = file.ok_or_else(|| ApiError::field(FILE, "is missing"))?;
        Ok(Self { file, fields })
    }

    /// A field that is there and says something.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).find(|value| !value.is_empty())
    }

    /// All fields of this name.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.fields.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(parts: &[(&str, &str)], end: &str) -> Result<Form, ApiError> {
        let mut body = String::new();
        for (name, value) in parts {
            body += &format!(
                "--xyz\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        body += end;
        let mut headers = HeaderMap::new();
        let kind = "multipart/form-data; boundary=xyz";
        headers.insert(header::CONTENT_TYPE, kind.parse().expect("a header"));
        Form::read(&headers, body.into()).await
    }

    #[tokio::test]
    async fn a_form_is_its_file_and_its_fields() {
        let parts = [
            ("model", "whisper-1"),
            ("file", "RIFF…"),
            ("prompt", ""),
            ("timestamp_granularities[]", "word"),
            ("timestamp_granularities[]", "segment"),
        ];
        let form = read(&parts, "--xyz--\r\n").await.expect("a form");
        assert_eq!(&form.file[..], "RIFF…".as_bytes());
        assert_eq!(form.get("model"), Some("whisper-1"));
        assert_eq!(form.get("prompt"), None);
        let all: Vec<&str> = form.all("timestamp_granularities[]").collect();
        assert_eq!(all, ["word", "segment"]);
    }

    #[tokio::test]
    async fn what_is_no_form_with_a_file_is_refused() {
        let end = "--xyz--\r\n";
        assert!(read(&[("model", "whisper-1")], end).await.is_err());
        assert!(
            read(&[("file", "RIFF")], "--xyz\r\nContent-")
                .await
                .is_err()
        );
        let long = "x".repeat(LONGEST_FIELD + 1);
        assert!(read(&[("model", &long), ("file", "")], end).await.is_err());
        let many = vec![("model", "x"); MOST_FIELDS + 1];
        assert!(read(&many, end).await.is_err());
        let none = Form::read(&HeaderMap::new(), Bytes::new()).await;
        assert!(none.is_err());
    }
}
