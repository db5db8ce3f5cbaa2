//! The command line: what can be asked of `janet`, and which file does it.

mod audit;
mod client;
mod devices;
mod doctor;
mod goodbye;
mod key_file;
mod listen;
mod loading;
mod models;
mod models_list;
mod operator;
mod out;
mod pair;
mod persona;
mod quic_address;
mod replay;
mod say;
mod serve;
mod soul;
mod sound;
mod talk;

use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{self, Config, Environment, Layers, Origin, Request};
use crate::{logging, reexec};

/// Janet, a voice assistant that runs on your own machine.
#[derive(Debug, Parser)]
#[command(name = "janet", version, about, max_term_width = 100)]
#[command(
    after_help = "Start with `janet models pull`, then `janet serve`. Every setting can come from a \
    profile, a file (--config), the environment (JANET_SECTION_KEY) or a flag; `janet config explain` shows \
    which value counts and why."
)]
pub struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Settings that every command understands.
#[derive(Debug, Args)]
struct Settings {
    /// Settings for a kind of machine: auto looks at this one [default: auto]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// A TOML file whose settings override the profile's
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// One setting, such as --set talk.wait_sure_ms=250; may be given again
    #[arg(long, global = true, value_name = "KEY=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Fetch nothing from the network for models; JANET_OFFLINE=1 does the same
    #[arg(long, global = true)]
    offline: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the page and the WebSocket until Ctrl-C
    Serve(serve::Serve),
    /// Fetch, list or check the models' weights
    Models {
        #[command(subcommand)]
        command: models::Command,
    },
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Let a device of another machine in: shows a code and waits for it
    Pair(pair::Pair),
    /// List or revoke the devices that are paired
    Devices {
        #[command(subcommand)]
        command: devices::Command,
    },
    /// Look at the log of what was decided, or check it
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Take in, list or look at personas: who she can be
    Persona {
        #[command(subcommand)]
        command: persona::Command,
    },
    /// Show her souls, and pair with one of another process
    Soul {
        #[command(subcommand)]
        command: soul::Command,
    },
    /// Look whether everything is there to run, and say what to do where it is not
    Doctor(serve::Serve),
    /// Print the lines that complete `janet` in a shell
    #[command(
        after_help = "For bash: janet completions bash > ~/.local/share/bash-completion/completions/janet"
    )]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Speak a text into a WAV file
    Say(say::Say),
    /// Print what is said in a recording
    Listen(listen::Listen),
    /// Have a whole conversation with a recording instead of a microphone
    Talk(talk::Talk),
    /// Talk to a Janet over QUIC as a headset would, with a recording instead of a microphone
    Client(client::ClientFlags),
    /// Run a recorded session through the conversation again and draw where its time went
    Replay(replay::Replay),
    /// Print the WebSocket protocol as a JSON Schema (2020-12), for clients in other languages
    #[command(
        after_help = "Every message that a client may send ($defs/ClientMessage) and that Janet sends \
        ($defs/ServerMessage); the binary frames are described in its `description`."
    )]
    Schema,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Print every setting with its value and where it came from
    Explain(serve::Serve),
}

/// Runs the command that was asked for.
pub fn run(cli: Cli) -> anyhow::Result<()> {
    let Cli { settings, command } = cli;
    if let Command::Completions { shell } = command {
        let mut lines = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "janet", &mut lines);
        return Ok(out::text(&lines)?);
    }
    if let Command::Schema = command {
        return Ok(out::text(janet_protocol::SCHEMA.as_bytes())?);
    }
    let environment = Environment::read();
    let mut request = Request {
        profile: settings.profile,
        file: settings.config,
        flags: settings
            .set
            .into_iter()
            .map(|(key, value)| (format!("--set {key}"), key, value))
            .collect(),
    };
    if settings.offline {
        let flag = ("--offline", "models.offline", "true");
        request
            .flags
            .push((flag.0.into(), flag.1.into(), flag.2.into()));
    }
    match &command {
        // What would count if Janet were served with them.
        Command::Serve(serve)
        | Command::Doctor(serve)
        | Command::Config {
            command: ConfigCommand::Explain(serve),
        } => serve.flags(&mut request),
        Command::Listen(listen) => listen.flags(&mut request),
        Command::Pair(pair) => pair.flags(&mut request),
        Command::Devices { command } => command.flags(&mut request),
        _ => {}
    }
    let (config, layers) = config::load(&request, &environment)?;
    // The doctor's table says what a warning would; who asks for a log gets it.
    let is_log_wanted = layers.origin("log.filter") != Origin::Default;
    let mut log = config.log.clone();
    if matches!(command, Command::Doctor(_)) && !is_log_wanted {
        "error".clone_into(&mut log.filter);
    }
    // https://no-color.org
    logging::start(&log, !environment.is_set("NO_COLOR"));
    match command {
        Command::Config {
            command: ConfigCommand::Explain(_),
        } => Ok(out::text(config::explain(&layers).as_bytes())?),
        Command::Doctor(_) => doctor::run(&config, &layers),
        Command::Completions { .. } | Command::Schema => {
            unreachable!("done before the configuration is read")
        }
        Command::Models { command } => models::run(command, &config),
        Command::Persona { command } => command.run(&config),
        Command::Replay(replay) => replay.run(),
        Command::Client(client) => client.run(),
        Command::Pair(pair) => pair.run(&config),
        Command::Devices { command } => command.run(&config),
        Command::Audit { command } => command.run(&config),
        Command::Soul { command } => command.run(&config),
        Command::Serve(_) => with_models(&config, &layers, &environment, serve::run),
        Command::Say(say) => {
            with_models(&config, &layers, &environment, |config, _| say.run(config))
        }
        Command::Listen(listen) => with_models(&config, &layers, &environment, |config, _| {
            listen.run(config)
        }),
        Command::Talk(talk) => {
            with_models(&config, &layers, &environment, |config, _| talk.run(config))
        }
    }
}

/// Runs a command that loads models, in a process whose environment suits them.
fn with_models(
    config: &Config,
    layers: &Layers,
    environment: &Environment,
    command: impl FnOnce(&Config, &Layers) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    reexec::once(environment, config.engine.threads);
    command(config, layers)
}

/// `key=value`.
fn setting(text: &str) -> Result<(String, String), String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.trim().is_empty())
        .ok_or(
            "expected KEY=VALUE, such as server.port=9000; `janet config explain` lists the keys",
        )?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_are_understood_behind_every_command() {
        let cli = Cli::try_parse_from([
            "janet",
            "models",
            "list",
            "--set",
            "models.stt = whisper-base",
        ]);
        let cli = cli.expect("a good command line");
        assert_eq!(
            cli.settings.set,
            [("models.stt".to_owned(), "whisper-base".to_owned())]
        );
        for command in [&["serve"][..], &["doctor"], &["config", "explain"]] {
            let words = [&["janet"], command, &["--port", "9000", "--host", "::1"]].concat();
            Cli::try_parse_from(&words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        }
        for wrong in ["port", "=", " =3"] {
            assert!(Cli::try_parse_from(["janet", "serve", "--set", wrong]).is_err());
        }
    }
}
