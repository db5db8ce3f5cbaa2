//! How long unlocking takes: `cargo run --release -p janet-vault --example unlock_speed`.

use std::time::{Duration, Instant};

use janet_vault::blue::{Blue, Limits};
use janet_vault::red::{Fresh, MOST_ITEMS, Red, SafeWord};
use janet_vault::red_thread::RedThread;

const WORD: &str = "tulips in may";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let thread = RedThread::open(folder.path())?;
    let pass = thread.pass()?;
    let blue = Blue::new(Limits::default())?;
    let red = Red::open(folder.path(), blue, Duration::ZERO, 1)?;
    red.create(&pass, &Fresh::derive(&SafeWord::chosen(WORD)?)?, 1)?;
    for (items, kind) in [
        (0, "empty"),
        (MOST_ITEMS, "all put while it was locked"),
        (0, "full"),
    ] {
        for item in 0..items {
            red.put(
                &pass,
                &format!("item {item}"),
                &["tag"],
                b"a secret of usual length",
                1,
            )?;
        }
        for round in 0..3 {
            let began = Instant::now();
            let guess = red.begin_unlock(&pass, "here", 2)?;
            let counted = began.elapsed();
            let derived = guess.derive(WORD)?;
            let slow = began.elapsed();
            let _proof = red.finish_unlock(&pass, derived, &["item 7"][..items.min(1)], 2)?;
            let all = began.elapsed();
            println!(
                "{kind}, {round}: counted {:.1} ms, Argon2id {:.1} ms, opened {:.1} ms, together {:.1} ms",
                ms(counted),
                ms(slow - counted),
                ms(all - slow),
                ms(all)
            );
        }
        red.lock();
    }
    Ok(())
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
