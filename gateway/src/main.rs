//! The binary `janet`: parses the command line, runs one command, says what went wrong.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::process::ExitCode;

use clap::Parser;
use janet_gateway::cli::Cli;
use zeroizing_alloc::ZeroAlloc;

/// What is given back is zeroed: a frame, a request or an answer that held a secret leaves nothing behind.
#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    match janet_gateway::cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("janet: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes; one that is told already is not told again.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}
