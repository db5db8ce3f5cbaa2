//! `alloc_cost` with memory that is zeroed when it is given back.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

#[global_allocator]
static MEMORY: ZeroAlloc<System> = ZeroAlloc(System);

#[path = "alloc_cost.rs"]
mod plain;

fn main() {
    plain::main();
}
