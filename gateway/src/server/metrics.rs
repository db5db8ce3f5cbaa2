//! `/metrics`: what was measured, as Prometheus reads it.
//!
//! Names are `janet_<stage>_<quantity>_<unit>`; buckets lie around the budget of their stage.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::app::App;

/// Around "an answer within a second".
const TURN_SECONDS: [f64; 12] = [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.9, 1.2, 2.0, 3.0, 5.0, 10.0];
/// From a sentence spoken to half an hour heard.
const REQUEST_SECONDS: [f64; 10] = [0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0];
/// Around "no work of ours above 5 ms".
const MESSAGE_SECONDS: [f64; 9] = [0.0001, 0.0003, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 1.0];

/// Around "a call is set up within a second".
const CALL_SECONDS: [f64; 11] = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 5.0, 10.0, 30.0];

/// The process's measurements; cheap to clone.
#[derive(Clone)]
pub(super) struct Scrape(PrometheusHandle);

/// Makes every `metrics::…!` of this process count. A second call in one process (tests) counts
/// into a recorder of its own that nobody reads.
pub(super) fn install() -> Scrape {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Prefix("janet_turn_".into()), &TURN_SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Prefix("janet_api_".into()), &REQUEST_SECONDS)
        })
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Prefix("janet_call_".into()), &CALL_SECONDS)
        })
        .and_then(|builder| {
            builder
                .set_buckets_for_metric(Matcher::Prefix("janet_socket_".into()), &MESSAGE_SECONDS)
        })
        .expect("the bucket lists are not empty");
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("measurements are already collected elsewhere in this process");
    }
    Scrape(handle)
}

impl Scrape {
    /// The text that Prometheus reads, with the engine's own numbers brought up to date.
    pub(super) fn render(&self, app: &App) -> Response {
        // Tasks that live now: what the soak test watches for growth.
        let tasks = tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks();
        metrics::gauge!("janet_runtime_tasks").set(tasks as f64);
        metrics::gauge!("janet_socket_clients").set(app.clients() as f64);
        if let Some(engine) = app.engine.get() {
            let stats = engine.stats();
            metrics::gauge!("janet_engine_sessions").set(engine.sessions() as f64);
            metrics::gauge!("janet_engine_requests").set(engine.requests() as f64);
            metrics::gauge!("janet_engine_waiting_jobs").set(stats.waiting as f64);
            metrics::gauge!("janet_engine_load_ratio").set(f64::from(stats.load));
            metrics::gauge!("janet_vad_late_p99_seconds").set(stats.vad_late_p99_ms / 1e3);
        }
        let text = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
        (text, self.0.render()).into_response()
    }

    /// Folds samples together; without it they gather until the next scrape.
    pub(super) fn upkeep(&self) {
        self.0.run_upkeep();
    }
}
