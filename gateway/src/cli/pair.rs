//! `janet pair`: shows a code, and waits until a device has used it.

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};
use clap::Args;
use janet_protocol::{ClientMessage, PairEnd, Role, ServerMessage};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

use super::operator::{Operator, Where, block_on};
use super::out::outln;
use crate::config::{Config, Request};

/// Flags of `janet pair`.
#[derive(Debug, Args)]
pub(super) struct Pair {
    /// Let a guest in: talks and is answered, and may nothing else
    #[arg(long)]
    guest: bool,
    #[command(flatten)]
    whither: Where,
}

impl Pair {
    /// Adds what was given to the request for settings.
    pub(super) fn flags(&self, request: &mut Request) {
        self.whither.flags(request);
    }

    /// Opens a pairing and waits for its end; ending the command takes it back.
    pub(super) fn run(&self, config: &Config) -> anyhow::Result<()> {
        block_on(async {
            let mut operator = Operator::connect(config).await?;
            let role = if self.guest {
                Role::Guest
            } else {
                Role::Operator
            };
            let opened = operator.ask(ClientMessage::PairOpen { role }).await?;
            let ServerMessage::PairOpened {
                code,
                fingerprint,
                addresses,
                quic_port,
                expires_ms,
                ..
            } = opened
            else {
                bail!("Janet answers with something else; is it another version?");
            };
            let code = code.expose();
            show(code, &fingerprint, &addresses, quic_port, expires_ms)?;
            loop {
                match operator.next().await? {
                    ServerMessage::DevicePaired { device } => {
                        outln!("Paired: {} ({})", device.name, device.device_id)?;
                        return Ok(());
                    }
                    ServerMessage::PairClosed { reason } => bail!(match reason {
                        PairEnd::Late => "nobody paired in time",
                        PairEnd::WornOut => "five tries were wrong: no device is paired",
                        PairEnd::Withdrawn => "another pairing was opened",
                        PairEnd::Failed => "the device could not be kept; Janet's log says why",
                    }),
                    _ => {}
                }
            }
        })
    }
}

fn show(
    code: &str,
    fingerprint: &str,
    addresses: &[String],
    quic: Option<u16>,
    expires_ms: u64,
) -> anyhow::Result<()> {
    let link = addresses
        .first()
        .map(|address| link(address, code, fingerprint));
    // Into a file or a pipe it would be no picture.
    if let Some(link) = link.filter(|_| std::io::stdout().is_terminal()) {
        outln!("{}", picture(&link)?)?;
    }
    let (first, second) = code.split_at(code.len() / 2);
    outln!("Open on the device: {}", addresses.join(" or "))?;
    outln!(
        "Code: {first} {second} (good for {} s and five tries)",
        expires_ms / 1000
    )?;
    outln!("SHA-256 of the certificate: {fingerprint}")?;
    if let Some(command) = addresses
        .first()
        .and_then(|address| command(address, quic?, code))
    {
        outln!("Without a browser, on the device: {command}")?;
    }
    outln!("Waiting for the device; Ctrl-C takes the code back.")?;
    Ok(())
}

/// What a device without a browser runs.
fn command(address: &str, quic: u16, code: &str) -> Option<String> {
    let url = reqwest::Url::parse(address).ok()?;
    let host = url.host_str()?;
    Some(format!(
        "janet client --quic {host}:{quic} --pair {code} --key-file janet.key"
    ))
}

/// What is behind `#` is for the page or the app alone: a browser sends it to nobody.
fn link(address: &str, code: &str, fingerprint: &str) -> String {
    format!("{address}#pair={code}&sha256={fingerprint}")
}

/// Black on white, whatever colours the terminal has.
fn picture(link: &str) -> anyhow::Result<String> {
    let code = QrCode::new(link).context("the address is too long for a QR code")?;
    let lines = code.render::<Dense1x2>().build();
    let lines = lines
        .lines()
        .map(|line| format!("\x1b[38;5;16;48;5;231m{line}\x1b[0m"));
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_a_browser_has_a_command_where_quic_is_known() {
        let line = "janet client --quic 192.168.1.5:8767 --pair 12345678 --key-file janet.key";
        let told = command("https://192.168.1.5:8765/", 8767, "12345678");
        assert_eq!(told.as_deref(), Some(line));
        let told = command("https://[fd00::1]:8765/", 1, "12345678").expect("an address");
        assert!(told.contains("--quic [fd00::1]:1 "), "{told}");
        assert_eq!(command("no address", 1, "12345678"), None);
    }

    /// The modules of a picture, dark ones true, without the quiet edge of four.
    fn modules(picture: &str) -> Vec<Vec<bool>> {
        let mut rows = Vec::new();
        for line in picture.lines() {
            let inner = line.trim_start_matches("\x1b[38;5;16;48;5;231m");
            let inner = inner.trim_end_matches("\x1b[0m");
            let is_dark = |halves: [char; 2]| {
                let row = inner.chars().map(|c| halves.contains(&c));
                row.collect::<Vec<bool>>()
            };
            rows.extend([is_dark(['▀', '█']), is_dark(['▄', '█'])]);
        }
        let edge = 4;
        let width = rows[0].len() - 2 * edge;
        let inside = rows.into_iter().skip(edge).take(width);
        inside.map(|row| row[edge..edge + width].to_vec()).collect()
    }

    #[test]
    fn the_picture_holds_the_address_the_code_and_the_fingerprint() {
        let fingerprint = "0123456789abcdef".repeat(4);
        for address in ["https://192.168.1.5:8765/", "https://[fd00::1]:8765/"] {
            let shown = modules(&picture(&link(address, "12345678", &fingerprint)).expect("short"));
            let wanted = format!("{address}#pair=12345678&sha256={fingerprint}");
            let code = QrCode::new(&wanted).expect("short");
            let colors = code.to_colors();
            let wanted: Vec<Vec<bool>> = colors
                .chunks(code.width())
                .map(|row| row.iter().map(|c| *c == qrcode::Color::Dark).collect())
                .collect();
            assert_eq!(shown, wanted, "{address}");
        }
    }

    #[test]
    fn the_picture_is_square_and_has_a_quiet_edge() {
        let link = link("https://192.168.1.5:8765/", "12345678", &"0".repeat(64));
        assert!(link.starts_with("https://192.168.1.5:8765/#pair=12345678&sha256=000"));
        let picture = picture(&link).expect("short");
        let lines: Vec<&str> = picture.lines().collect();
        let inner = |line: &str| -> String {
            let line = line
                .strip_prefix("\x1b[38;5;16;48;5;231m")
                .expect("colours");
            line.strip_suffix("\x1b[0m")
                .expect("and their end")
                .to_owned()
        };
        let width = inner(lines[0]).chars().count();
        assert_eq!(lines.len(), width.div_ceil(2), "two modules a character");
        assert!(inner(lines[0]).trim().is_empty(), "the edge is white");
        assert!(lines.iter().all(|line| inner(line).starts_with("    ")));
    }
}
