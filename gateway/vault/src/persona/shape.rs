//! The shape of a character card: what is asked for of its JSON.
//!
//! Version 2: <https://github.com/malfoyslastname/character-card-spec-v2>, version 3:
//! <https://github.com/kwaroran/character-card-spec-v3>. Version 1 has the first six texts at the top.

use super::json::{Amount, List, object};

/// Greetings, entries and assets that are looked at; the rest is counted.
const MOST: usize = 256;

object! {
    /// The card, or the whole of an agent file: which it is shows in what is there.
    struct Root {
        spec: String,
        spec_version: String,
        data: Data,
        // Version 1, and left in later ones for old programs.
        name: String,
        description: String,
        personality: String,
        scenario: String,
        first_mes: String,
        mes_example: String,
        // An agent file.
        agents: List<super::letta_shape::Agent, 8>,
        blocks: List<super::letta_shape::Block, 256>,
        tools: Amount,
        // An agent file of the first kind.
        core_memory: List<super::letta_shape::Block, 256>,
        system: String,
        agent_type: String,
        messages: Amount,
    }
}

object! {
    /// What a card says.
    struct Data {
        name: String,
        nickname: String,
        description: String,
        personality: String,
        scenario: String,
        first_mes: String,
        mes_example: String,
        system_prompt: String,
        post_history_instructions: String,
        creator_notes: String,
        creator_notes_multilingual: Amount,
        alternate_greetings: Amount,
        group_only_greetings: Amount,
        character_book: Book,
        character_version: String,
        creator: String,
        tags: Amount,
        extensions: Amount,
        assets: Amount,
        source: Amount,
        creation_date: Amount,
        modification_date: Amount,
    }
}

object! {
    /// A book of facts, each told where one of its keys comes up.
    struct Book {
        entries: List<Entry, MOST>,
    }
}

object! {
    /// One of its facts.
    struct Entry {
        content: String,
        enabled: bool,
        constant: bool,
        use_regex: bool,
    }
}
