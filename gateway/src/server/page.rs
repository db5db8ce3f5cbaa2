//! The page's files, from the folder that the build left.
//!
//! Serves what lies inside that folder and nothing else; without a build, a page that says how to
//! get one. Every answer carries the headers that keep a browser from being talked into anything.

use std::path::{Component, Path, PathBuf};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::ServeError;

/// What is served where nobody has built the page yet.
const UNBUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Janet</title>\
    <body><h1>Janet is running</h1><p>The page has not been built. Stop Janet and start her with \
    <code>./run</code>, which builds it, or build it with <code>npm ci &amp;&amp; npm run build</code> in \
    <code>gateway/web</code>.</p>";

/// Everything the page needs is its own; sockets go back to where it came from. `blob:` is for
/// recordings that are played.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self'; \
    img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; \
    manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The folder that is served.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Canonical; `None` where there is no build.
    root: Option<PathBuf>,
}

impl Page {
    /// Looks for a build: where the configuration says, else beside the executable, else in the
    /// workspace that the executable was built from.
    pub(super) fn find(configured: Option<&Path>) -> Result<Self, ServeError> {
        let here = std::env::current_exe().ok();
        let beside = here
            .as_deref()
            .and_then(Path::parent)
            .map(|folder| folder.join("web"));
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/dist");
        let candidates = match configured {
            Some(folder) => vec![folder.to_path_buf()],
            None => beside.into_iter().chain([workspace]).collect(),
        };
        let root = candidates
            .into_iter()
            .filter(|folder| folder.join("index.html").is_file())
            .find_map(|folder| folder.canonicalize().ok());
        match (&root, configured) {
            (None, Some(folder)) => Err(ServeError::NoPage {
                folder: folder.to_path_buf(),
            }),
            (None, None) => {
                tracing::warn!("the page has not been built; ./run builds it");
                Ok(Self { root })
            }
            (Some(_), _) => Ok(Self { root }),
        }
    }

    /// The folder that is served.
    pub(super) fn root(&self) -> Option<&Path> {
        self.root.as_deref()
    }

    /// Answers a GET.
    pub(super) async fn serve(&self, uri: &Uri) -> Response {
        let Some(root) = &self.root else {
            return match uri.path() {
                "/" | "/index.html" => {
                    finish("text/html; charset=utf-8", "no-cache", UNBUILT.into())
                }
                _ => not_found(),
            };
        };
        let Some(inside) = inside(uri.path()) else {
            return not_found();
        };
        // A link inside the folder may point out of it: the resolved path decides.
        let file = match tokio::fs::canonicalize(root.join(&inside)).await {
            Ok(file) if file.starts_with(root) => file,
            _ => return not_found(),
        };
        // Built names carry a hash of their content, so they never change.
        let cache = if inside.starts_with("assets") {
            "max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        match tokio::fs::read(&file).await {
            Ok(bytes) => finish(media_type(&file), cache, bytes.into()),
            Err(_) => not_found(),
        }
    }
}

/// The path inside the folder that a request path means; `None` for one that leads out of it or
/// to a hidden file.
fn inside(path: &str) -> Option<PathBuf> {
    let decoded = decode(path)?;
    if decoded.contains(['\\', '\0']) {
        return None;
    }
    let relative = decoded.trim_start_matches('/');
    let relative = Path::new(if relative.is_empty() {
        "index.html"
    } else {
        relative
    });
    relative
        .components()
        .all(|part| match part {
            Component::Normal(name) => !name.to_string_lossy().starts_with('.'),
            _ => false,
        })
        .then(|| relative.to_path_buf())
}

/// Undoes percent-encoding, once.
fn decode(path: &str) -> Option<String> {
    let mut bytes = path.bytes();
    let mut out = Vec::with_capacity(path.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
            let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
            out.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

fn media_type(file: &Path) -> &'static str {
    match file
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "wav" => "audio/wav",
        "mp3" => "audio/mpeg",
        "ogg" | "opus" => "audio/ogg",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        "glb" | "vrm" => "model/gltf-binary",
        _ => "application/octet-stream",
    }
}

fn not_found() -> Response {
    let mut response = finish(
        "text/plain; charset=utf-8",
        "no-cache",
        "there is nothing here\n".into(),
    );
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

fn finish(media_type: &'static str, cache: &'static str, body: Body) -> Response {
    let headers: [(HeaderName, HeaderValue); 9] = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "microphone=(self), camera=(), geolocation=()",
        ),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> (tempfile::TempDir, Page) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let web = folder.path().join("web");
        std::fs::create_dir_all(web.join("assets")).expect("made");
        std::fs::write(web.join("index.html"), "<p>page").expect("written");
        std::fs::write(web.join("assets/app-1a2b.js"), "1").expect("written");
        std::fs::write(web.join(".hidden"), "hidden").expect("written");
        std::fs::write(folder.path().join("secret.txt"), "secret").expect("written");
        std::os::unix::fs::symlink(folder.path().join("secret.txt"), web.join("link.txt"))
            .expect("linked");
        let page = Page::find(Some(&web)).expect("there is a page");
        (folder, page)
    }

    async fn get(page: &Page, path: &str) -> (StatusCode, String, Response) {
        let response = page.serve(&path.parse().expect("a path")).await;
        let media = response.headers()[header::CONTENT_TYPE]
            .to_str()
            .expect("text")
            .to_owned();
        (response.status(), media, response)
    }

    #[tokio::test]
    async fn files_come_with_their_media_type_and_the_strict_headers() {
        let (_folder, page) = built();
        let (status, media, response) = get(&page, "/").await;
        assert_eq!(
            (status, media.as_str()),
            (StatusCode::OK, "text/html; charset=utf-8")
        );
        assert_eq!(
            response.headers()[header::X_CONTENT_TYPE_OPTIONS],
            "nosniff"
        );
        assert!(
            response
                .headers()
                .contains_key(header::CONTENT_SECURITY_POLICY)
        );
        let (status, media, response) = get(&page, "/assets/app-1a2b.js").await;
        assert_eq!(
            (status, media.as_str()),
            (StatusCode::OK, "text/javascript; charset=utf-8")
        );
        assert!(
            response.headers()[header::CACHE_CONTROL]
                .to_str()
                .expect("text")
                .contains("immutable")
        );
    }

    #[tokio::test]
    async fn nothing_outside_the_folder_and_nothing_hidden_is_served() {
        let (_folder, page) = built();
        for path in [
            "/../secret.txt",
            "/assets/../../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%5c..%5csecret.txt",
            "/%252e%252e/secret.txt",
            "//etc/passwd",
            "/.hidden",
            "/link.txt",
            "/assets",
            "/index.html%00.js",
            "/%zz",
            "/%",
        ] {
            assert_eq!(get(&page, path).await.0, StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[tokio::test]
    async fn without_a_build_the_page_says_run_and_a_named_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let refused = Page::find(Some(folder.path()));
        let error = refused.expect_err("an empty folder").to_string();
        assert!(error.contains("server.web_dir"), "{error}");
        let page = Page { root: None };
        let response = page.serve(&Uri::from_static("/")).await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = axum::body::to_bytes(response.into_body(), 1 << 16)
            .await
            .expect("short");
        assert!(String::from_utf8_lossy(&body).contains("./run"));
    }
}
