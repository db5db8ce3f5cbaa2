//! Every backend of signal work against plain loops in double precision.
//!
//! A test's name begins with its backend. Where there is no GPU its tests say SKIPPED and why; a job that has
//! one says so (`JANET_REQUIRE_GPU=1` for CUDA, `CI` for wgpu, which `./test` brings a software Vulkan for),
//! and there it is a failure.

mod backends;
mod cases;
mod fallback;
mod models;
mod reference;
mod whisper;

macro_rules! on_each_backend {
    ($($module:ident::$case:ident),* $(,)?) => {
        mod cpu {
            $(#[test]
            fn $case() {
                crate::$module::$case(crate::backends::cpu());
            })*
        }
        mod wgpu {
            $(#[test]
            fn $case() {
                if let Some(backend) = crate::backends::wgpu() {
                    crate::$module::$case(backend);
                }
            })*
        }
        mod cuda {
            $(#[test]
            fn $case() {
                if let Some(backend) = crate::backends::cuda() {
                    crate::$module::$case(backend);
                }
            })*
        }
    };
}

on_each_backend! {
    whisper::spectrograms_are_whispers,
    whisper::odd_clips_are_spectrograms_too,
    cases::features_are_log_mel_of_the_last_25_ms,
    cases::two_spectra_in_a_frame,
    cases::the_network_is_causal_convolutions,
    cases::heads_and_activations,
    cases::smoothing_rises_and_falls_by_its_poles,
    cases::samples_become_weights,
    cases::a_session_is_the_same_alone_and_among_others,
    cases::a_slot_starts_anew_after_a_reset,
    cases::what_is_not_finite_stays_outside,
    cases::the_largest_weights_overflow_nothing,
    cases::wrong_inputs_move_nothing,
    fallback::the_cpu_goes_on_where_the_device_was,
}
