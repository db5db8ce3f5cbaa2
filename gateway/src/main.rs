//! The binary `janet`: parses the command line, runs one command, says what went wrong.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use janet_gateway::cli::Cli;

fn main() -> ExitCode {
    match janet_gateway::cli::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("janet: {error:#}");
            ExitCode::FAILURE
        }
    }
}
