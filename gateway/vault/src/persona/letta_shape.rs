//! The shape of an agent file (`.af`): what is asked for of its JSON.
//!
//! <https://github.com/letta-ai/agent-file>. Blocks lie beside the agents, which name them; the first kind
//! of these files was one agent with its blocks inside.

use super::json::{Amount, List, object};

object! {
    /// An agent.
    struct Agent {
        name: String,
        description: String,
        system: String,
        block_ids: List<String, 256>,
        memory_blocks: List<Block, 256>,
        messages: Amount,
        tool_ids: Amount,
        tools: Amount,
        tool_exec_environment_variables: Amount,
        secrets: Amount,
    }
}

object! {
    /// A block of its memory.
    struct Block {
        id: String,
        label: String,
        value: String,
    }
}
