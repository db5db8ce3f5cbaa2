//! End-to-end behaviour of `janet serve`, on real weights over real sockets. One file per
//! behaviour; most tests share one server, because loading the models takes seconds.

#![forbid(unsafe_code)]

mod acting;
mod bad_input;
mod bad_sound;
mod calls;
mod calls_parked;
mod calls_soak;
mod canary;
mod clocks;
mod crowd;
mod dialects;
mod distil;
mod doors;
mod face;
mod guests;
mod language_server;
mod lock;
mod lock_files;
mod long_conversations;
mod media_ways;
mod models;
mod owners;
mod persona;
mod privacy;
mod push;
mod quic;
mod quic_doors;
mod quic_early;
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
mod taken_back;
mod transfer;
mod trust;
mod trust_spoken;
mod turn;
mod two_souls;
mod v1;
mod v1_elsewhere;
mod v1_keys;
mod v1_sound;
mod vault;
mod vault_beside_voice;
mod voice;
mod voice_file;
