//! The way in: every request passes here before anything else is read of it.
//!
//! ```text
//!  guard (whose page?) ─▶ key shown? ─▶ who is it? ─▶ may they have this? ─▶ router
//! ```
//! What is refused reaches nothing. Whoever comes in the clear from another machine hears that TLS
//! is spoken here, and nothing else.

use std::sync::Arc;

use axum::Json;
use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use janet_protocol::KEY_SUBPROTOCOL;
use serde_json::json;

use super::{guard, until};
use crate::lock::{Access, Asked, Denied, DeviceId, Lock, Peer, Visitor};

/// When whoever showed too many wrong keys may come back, in seconds.
const COME_BACK_S: u16 = 60;

/// The middleware.
pub(super) async fn enter(
    State(lock): State<Arc<Lock>>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(peer) = request.extensions().get::<Peer>().copied() else {
        // Only a request that did not come through `accept`.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if let Err(refusal) = guard::check(request.headers(), &peer, &lock.names) {
        metrics::counter!("janet_http_refused_total").increment(1);
        tracing::warn!(%refusal, "a request was refused");
        return (StatusCode::FORBIDDEN, format!("{refusal}\n")).into_response();
    }
    let Some(shown) = lock.look_up(&peer, key(request.headers())) else {
        metrics::counter!("janet_http_refused_total").increment(1);
        return too_many(request.uri());
    };
    let Ok(access) = Access::of(&peer, shown, lock.legacy_lan) else {
        return come_by_tls(&request);
    };
    let asked = asked(request.uri(), request.headers());
    if let Err(denied) = access.may(asked) {
        metrics::counter!("janet_http_refused_total").increment(1);
        return match access {
            Access::Guest => come_by_tls(&request),
            _ => deny(denied, request.uri()),
        };
    }
    let device = access.device().cloned();
    request.extensions_mut().insert(Visitor { peer, access });
    match device {
        Some(id) => until_revoked(lock, id, request, next).await,
        None => next.run(request).await,
    }
}

/// The device key of a request: a bearer token of a program, or a page's subprotocol.
fn key(headers: &HeaderMap) -> Option<&str> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let (scheme, key) = authorization.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| key.trim());
    }
    let protocols = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    protocols
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|protocol| protocol.trim().strip_prefix(KEY_SUBPROTOCOL))
}

fn asked(uri: &Uri, headers: &HeaderMap) -> Asked {
    match uri.path() {
        "/metrics" => Asked::Metrics,
        "/healthz" => Asked::Api,
        path if is_v1(path) => Asked::Api,
        "/ws" => Asked::Socket,
        "/" if headers.contains_key(header::UPGRADE) => Asked::Socket,
        _ => Asked::Page,
    }
}

fn is_v1(path: &str) -> bool {
    path == "/v1" || path.starts_with("/v1/")
}

/// Where a browser is sent; everybody else is told.
fn come_by_tls(request: &Request) -> Response {
    const TOLD: &str = "Janet speaks TLS to other machines: https:// and wss:// on this port\n";
    let headers = request.headers();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD)
        && !headers.contains_key(header::UPGRADE);
    // One of our names: the guard has seen to it.
    let host = guard::only(headers, header::HOST).unwrap_or_default();
    let path = request.uri().path_and_query();
    let location = HeaderValue::try_from(format!(
        "https://{host}{}",
        path.map_or("/", axum::http::uri::PathAndQuery::as_str)
    ));
    let mut response = match location {
        Ok(location) if is_page => {
            let mut response = (StatusCode::TEMPORARY_REDIRECT, TOLD).into_response();
            response.headers_mut().insert(header::LOCATION, location);
            response
        }
        _ => (StatusCode::FORBIDDEN, TOLD).into_response(),
    };
    no_store(&mut response);
    response
}

fn deny(denied: Denied, uri: &Uri) -> Response {
    match denied {
        Denied::NoKey => {
            let why = "a device key is needed from another machine: Authorization: Bearer KEY; \
                       `janet pair` on Janet's own machine lets a device in";
            let mut response = told(StatusCode::UNAUTHORIZED, "invalid_api_key", why, uri);
            let bearer = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, bearer);
            response
        }
        Denied::Role => {
            let why = "this is not for guests";
            told(StatusCode::FORBIDDEN, "not_permitted", why, uri)
        }
    }
}

fn too_many(uri: &Uri) -> Response {
    let why = "too many keys that are not known; try again in a minute";
    let mut response = told(StatusCode::TOO_MANY_REQUESTS, "invalid_api_key", why, uri);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(COME_BACK_S));
    response
}

/// In the shape that whoever asks can read.
fn told(status: StatusCode, code: &str, why: &str, uri: &Uri) -> Response {
    let mut response = if is_v1(uri.path()) {
        let error = json!({
            "message": why, "type": "invalid_request_error", "param": null, "code": code,
        });
        (status, Json(json!({ "error": error }))).into_response()
    } else {
        (status, format!("{why}\n")).into_response()
    };
    no_store(&mut response);
    response
}

fn no_store(response: &mut Response) {
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
}

/// Answers a device as long as it is paired, the body included: a stream may take minutes.
async fn until_revoked(lock: Arc<Lock>, id: DeviceId, request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let response = tokio::select! {
        response = next.run(request) => response,
        () = lock.devices.revoked(&id) => return deny(Denied::NoKey, &uri),
    };
    // A WebSocket looks after itself, and what is there already goes out at once.
    let is_whole = response.body().size_hint().exact().is_some();
    if response.status() == StatusCode::SWITCHING_PROTOCOLS || is_whole {
        return response;
    }
    response.map(|body| {
        let revoked = async move { lock.devices.revoked(&id).await };
        Body::from_stream(until::until(body.into_data_stream(), revoked))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().cloned();
        pairs
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_key_is_found_where_programs_and_pages_put_it() {
        use header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
        for (pairs, expected) in [
            (vec![], None),
            (vec![(AUTHORIZATION, "Bearer abc")], Some("abc")),
            (vec![(AUTHORIZATION, "bearer  abc ")], Some("abc")),
            (vec![(AUTHORIZATION, "Basic abc")], None),
            (vec![(AUTHORIZATION, "abc")], None),
            (
                vec![(SEC_WEBSOCKET_PROTOCOL, "janet.1, janet.key.abc")],
                Some("abc"),
            ),
            (
                vec![
                    (SEC_WEBSOCKET_PROTOCOL, "janet.1"),
                    (SEC_WEBSOCKET_PROTOCOL, "janet.key.x"),
                ],
                Some("x"),
            ),
            (vec![(SEC_WEBSOCKET_PROTOCOL, "janet.1")], None),
            (
                vec![
                    (AUTHORIZATION, "Bearer a"),
                    (SEC_WEBSOCKET_PROTOCOL, "janet.key.b"),
                ],
                Some("a"),
            ),
        ] {
            let mut all = HeaderMap::new();
            for (name, value) in &pairs {
                all.append(name, HeaderValue::from_static(value));
            }
            assert_eq!(key(&all), expected, "{pairs:?}");
        }
    }

    #[test]
    fn a_path_asks_for_what_it_is_called() {
        let upgrade = headers(&[(header::UPGRADE, "websocket")]);
        for (path, upgraded, plain) in [
            ("/", Asked::Socket, Asked::Page),
            ("/ws", Asked::Socket, Asked::Socket),
            ("/v1/models", Asked::Api, Asked::Api),
            ("/v1", Asked::Api, Asked::Api),
            ("/v10", Asked::Page, Asked::Page),
            ("/healthz", Asked::Api, Asked::Api),
            ("/metrics", Asked::Metrics, Asked::Metrics),
            ("/assets/app.js", Asked::Page, Asked::Page),
        ] {
            let uri = Uri::from_static(path);
            assert_eq!(asked(&uri, &upgrade), upgraded, "{path}");
            assert_eq!(asked(&uri, &HeaderMap::new()), plain, "{path}");
        }
    }

    #[test]
    fn whoever_comes_in_the_clear_is_sent_to_tls_or_told_of_it() {
        let request = |method: Method, upgrade: bool| {
            let mut request = Request::new(Body::empty());
            *request.method_mut() = method;
            *request.uri_mut() = Uri::from_static("/a?b=c");
            let host = HeaderValue::from_static("192.168.1.5:8765");
            request.headers_mut().insert(header::HOST, host);
            if upgrade {
                let websocket = HeaderValue::from_static("websocket");
                request.headers_mut().insert(header::UPGRADE, websocket);
            }
            come_by_tls(&request)
        };
        let page = request(Method::GET, false);
        assert_eq!(page.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(
            page.headers()[header::LOCATION],
            "https://192.168.1.5:8765/a?b=c"
        );
        for (method, upgrade) in [(Method::POST, false), (Method::GET, true)] {
            let told = request(method, upgrade);
            assert_eq!(told.status(), StatusCode::FORBIDDEN);
            assert!(!told.headers().contains_key(header::LOCATION));
        }
    }

    #[tokio::test]
    async fn a_refusal_has_the_shape_that_is_read_there() {
        let body = |path: &'static str| async move {
            let response = deny(Denied::NoKey, &Uri::from_static(path));
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
            let bytes = axum::body::to_bytes(response.into_body(), 4096).await;
            String::from_utf8(bytes.expect("short").to_vec()).expect("text")
        };
        let error: serde_json::Value =
            serde_json::from_str(&body("/v1/models").await).expect("JSON");
        assert_eq!(error["error"]["code"], "invalid_api_key");
        assert!(body("/healthz").await.contains("janet pair"));
    }
}
