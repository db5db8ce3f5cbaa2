//! A persona from an agent file.
//!
//! The block `persona` becomes instructions. What the other blocks remember is about somebody: it is
//! proposed, line by line, and kept only where the operator agrees to each, later and elsewhere. Every
//! line passes the gate: one that holds a secret or something delicate goes nowhere.

use janet_protocol::Private;

use super::clean::{clean_line, floor};
use super::draft::{Draft, id_of};
use super::import::{Format, Imported};
use super::json::Given;
use super::letta_shape::{Agent, Block};
use super::report::{Proposal, Report, counted};
use super::shape::Root;
use super::{Persona, PersonaError, PersonaId, limits};
use crate::gate::{Class, Gate};

/// Most that is proposed.
const MOST_PROPOSALS: usize = 64;
/// The part of a block that is read: more than three times what agents may write into one.
const LONGEST_BLOCK: usize = 64 << 10;
/// Longest proposal, in bytes.
const LONGEST_PROPOSAL: usize = 400;

pub(super) fn imported(
    root: Root,
    id: Option<&PersonaId>,
    report: Report,
) -> Result<Imported, PersonaError> {
    let (agent, blocks, others) = agent(&root)?;
    let mut draft = Draft::begin("name", &agent.name, report)?;
    let id = id_of(id, &draft.name)?;
    if others > 0 {
        let others = counted(others, "more agent", "more agents");
        draft
            .report
            .left_out("agents", format!("{others}: the first counts"));
    }
    let mut proposals = Vec::new();
    for block in &blocks {
        let label = clean_line(block.label.text(), 40).text;
        let field = format!("block {label}");
        let Some(value) = draft.given(&field, &block.value) else {
            continue;
        };
        let (value, rest) = value.split_at(floor(value, LONGEST_BLOCK));
        if !rest.is_empty() {
            let bytes = counted(rest.len(), "byte", "bytes");
            draft.report.left_out(&field, format!("the last {bytes}"));
        }
        if label.eq_ignore_ascii_case("persona") {
            let value = normal_lines(&mut draft, &field, value);
            draft.instruct(&field, "", &value);
        } else {
            propose(&mut draft, &label, &field, value, &mut proposals);
        }
    }
    not_used(&mut draft, &root, &agent);
    let description = draft
        .given("description", &agent.description)
        .map(str::to_owned);
    let description = description.map(|text| {
        let text = clean_line(&text, limits::DESCRIPTION * 8).text;
        draft.text(
            "description",
            &text,
            limits::DESCRIPTION,
            super::draft::FRIEND,
        )
    });
    let description = description.map(|text| clean_line(&text, limits::DESCRIPTION).text);
    let description = description.filter(|text| !text.is_empty());
    let name = draft.name.clone();
    let (instructions, report) = draft.done();
    Ok(Imported {
        persona: Persona {
            id,
            name,
            version: "1".to_owned(),
            description: description.unwrap_or_else(|| "An agent file.".to_owned()),
            instructions,
            greeting: None,
            tone: None,
            voice: None,
            speed: None,
            examples: Vec::new(),
            source: Some(Format::AgentFile.name().to_owned()),
        },
        format: Format::AgentFile,
        report,
        proposals,
    })
}

/// The first agent, its blocks, and how many more agents there are.
fn agent(root: &Root) -> Result<(Agent, Vec<Block>, usize), PersonaError> {
    if root.agents == Given::Absent {
        let agent = Agent {
            name: root.name.clone(),
            description: root.description.clone(),
            system: root.system.clone(),
            messages: root.messages.clone(),
            ..Agent::default()
        };
        let blocks = root.core_memory.each().cloned().collect();
        return Ok((agent, blocks, 0));
    }
    let mut agents = root.agents.each();
    let Some(agent) = agents.next().cloned() else {
        return Err(PersonaError::field(
            "agents",
            "a list with an agent in it",
            "none",
        ));
    };
    let others = agents.count() + root.agents.as_ref().ok().map_or(0, |list| list.more);
    let named = |id: &String| root.blocks.each().find(|block| block.id.text() == id);
    let mut blocks: Vec<Block> = agent.block_ids.each().filter_map(named).cloned().collect();
    blocks.extend(agent.memory_blocks.each().cloned());
    Ok((agent, blocks, others))
}

/// A block without the lines that are nobody else's to read.
fn normal_lines(draft: &mut Draft, field: &str, value: &str) -> String {
    let gate = Gate::new();
    let (mut kept, mut dropped) = (Vec::new(), 0);
    for line in value.lines() {
        // As it will stand there, not as it hides.
        let seen = clean_line(line, limits::INSTRUCTIONS).text;
        match gate.classify(&seen).class {
            Class::Secret | Class::Sensitive => dropped += 1,
            Class::Normal | Class::Discard => kept.push(line),
        }
    }
    refused(draft, field, dropped);
    kept.join("\n")
}

fn refused(draft: &mut Draft, field: &str, lines: usize) {
    if lines > 0 {
        let lines = counted(lines, "line", "lines");
        draft
            .report
            .left_out(field, format!("{lines} with something secret or delicate"));
    }
}

/// Each line that may be kept at all, for the operator to decide about.
fn propose(draft: &mut Draft, label: &str, field: &str, value: &str, out: &mut Vec<Proposal>) {
    let gate = Gate::new();
    let (mut dropped, mut proposed, mut more) = (0, 0, 0);
    for line in value.lines() {
        let seen = clean_line(line, LONGEST_PROPOSAL);
        let text = seen.text.trim_start_matches(['-', '*', '#', ' ']);
        if !says_something(text) {
            continue;
        }
        match gate.classify(text).class {
            Class::Secret | Class::Sensitive => dropped += 1,
            Class::Discard => {}
            Class::Normal if out.len() == MOST_PROPOSALS || seen.cut > 0 => more += 1,
            Class::Normal => {
                out.push(Proposal {
                    block: label.to_owned(),
                    text: Private::new(text.to_owned()),
                });
                proposed += 1;
            }
        }
    }
    refused(draft, field, dropped);
    if more > 0 {
        let lines = counted(more, "line", "lines");
        let most = MOST_PROPOSALS;
        draft.report.left_out(
            field,
            format!("{lines}: too long, or more than {most} in all"),
        );
    }
    if proposed > 0 {
        let lines = counted(proposed, "line", "lines");
        let said = format!("{lines} proposed for memory; none is kept before you agree to it");
        draft.report.taken(field, said);
    }
}

/// Not `Age: ?` and not a heading.
fn says_something(line: &str) -> bool {
    let said = line.split_once(':').map_or(line, |(_, said)| said);
    said.chars().filter(|c| c.is_alphanumeric()).count() >= 2 && line.contains(' ')
}

fn not_used(draft: &mut Draft, root: &Root, agent: &Agent) {
    if draft.given("system", &agent.system).is_some() {
        let why = "written for another program's tools; the block `persona` counts";
        draft.report.left_out("system", why);
    }
    let tools = root
        .tools
        .count()
        .max(agent.tool_ids.count())
        .max(agent.tools.count());
    let variables = &agent.tool_exec_environment_variables;
    for (field, count, why) in [
        (
            "messages",
            agent.messages.count(),
            "what was said elsewhere stays there",
        ),
        ("tools", tools, "code of strangers is not run"),
        (
            "tool_exec_environment_variables",
            variables.count(),
            "not looked at",
        ),
        ("secrets", agent.secrets.count(), "not looked at"),
    ] {
        if count > 0 {
            draft.report.left_out(field, format!("{count}: {why}"));
        }
    }
    draft.unused("agent ", &agent.unused);
    draft.unused("", &root.unused);
}
