//! How long the gate needs for 2 kB of several kinds: best and median of 300, in microseconds.

use std::time::Instant;

use janet_vault::gate::Gate;

fn main() {
    let gate = Gate::new();
    for (name, piece) in [
        (
            "talk",
            "the weather is fine today and tomorrow it will rain a little, ",
        ),
        (
            "passwords",
            "my password is wrong and the pin for the door is 4 7 1 1. ",
        ),
        ("nouns", "the password for i "),
        ("digits", "4111 1 "),
        ("code", "{\"token\": \"a1b2c3d4e5\", \"password\": null} "),
    ] {
        let text = piece.repeat(2048 / piece.len() + 1);
        let mut micros: Vec<u128> = (0..300)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(gate.redact(std::hint::black_box(&text)));
                start.elapsed().as_micros()
            })
            .collect();
        micros.sort_unstable();
        println!(
            "gate_us/{name}/2kB best {} median {}",
            micros[0], micros[150]
        );
    }
}
