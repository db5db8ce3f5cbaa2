//! End-to-end behaviour of `janet serve`, on real weights over real sockets. One file per
//! behaviour; most tests share one server, because loading the models takes seconds.

#![forbid(unsafe_code)]

mod bad_input;
mod bad_sound;
mod calls;
mod calls_soak;
mod clocks;
mod crowd;
mod dialects;
mod doors;
mod face;
mod language_server;
mod lock;
mod long_conversations;
mod models;
mod persona;
mod privacy;
mod push;
mod quic;
mod quic_doors;
mod quic_foul;
mod realtime;
mod robust;
mod schema;
mod sessions;
mod settings;
mod shutdown;
mod slow_clients;
mod soak;
mod speech_server;
mod transfer;
mod trust;
mod trust_spoken;
mod turn;
mod v1;
mod v1_elsewhere;
mod v1_sound;
mod vault;
mod voice;
mod voice_file;
