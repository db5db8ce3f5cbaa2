//! Both souls in one process: the same messages, written and read, without a network between.

use std::collections::VecDeque;

use super::{Frame, Given, Giving, LinkError, Progress, Taking};
use crate::bridge::Side;
use crate::red_thread::RedThread;

/// Carries one transfer from the beginning to its end. `tell` hears how far it is.
pub fn carry(
    mut giving: Giving,
    here: &Side<'_>,
    there: &Side<'_>,
    thread: &RedThread,
    now_ms: u64,
    tell: &mut dyn FnMut(Progress),
) -> Result<Given, LinkError> {
    let mut taking = Taking::new();
    let mut over: VecDeque<Vec<u8>> = [giving.start(here).write()].into();
    loop {
        let bytes = over.pop_front().ok_or(LinkError::OutOfTurn("nothing"))?;
        let said = taking.handle(read(&bytes)?, here.me, there, thread, now_ms)?;
        for answer in said {
            let answer = read(&answer.write())?;
            let next = giving.handle(answer, there.me, here, thread, now_ms)?;
            over.extend(next.iter().map(Frame::write));
            tell(giving.progress());
            if let Some(given) = giving.given() {
                return Ok(given.clone());
            }
        }
    }
}

fn read(bytes: &[u8]) -> Result<Frame, LinkError> {
    let (head, body) = bytes
        .split_first_chunk::<4>()
        .ok_or(LinkError::Malformed("message"))?;
    if Frame::length(*head)? != body.len() {
        return Err(LinkError::Malformed("length"));
    }
    Frame::read(body)
}
