//! Reads ONNX files: the weights and the list of nodes, nothing more.
//!
//! Decides which tensors a file holds and what they are called. Never evaluates a graph, never
//! follows references to other files, and never trusts a length that the file claims: a damaged
//! file is an error, not a panic and not a large allocation. Voices and the end-of-turn model sit
//! on top and know what the names mean.

mod parse;
mod tensor;
mod wire;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::ModelError;

pub use tensor::{Dtype, Initializer};

/// What an ONNX file holds that is of use to a native model.
#[derive(Debug, Default)]
pub struct OnnxFile {
    /// Stored tensors by name.
    pub initializers: HashMap<String, Initializer>,
    /// The graph's nodes in the file's order (which is a topological one).
    pub nodes: Vec<Node>,
    /// Names of the graph's inputs.
    pub inputs: Vec<String>,
    /// Names of the graph's outputs.
    pub outputs: Vec<String>,
    path: PathBuf,
}

/// One operation of the graph.
#[derive(Debug, Default)]
pub struct Node {
    /// The node's name, often a path such as `/enc_p/emb/Gather`; may be empty.
    pub name: String,
    /// What it computes, for example `Conv`.
    pub op_type: String,
    /// Names of the tensors it reads; an empty name is an input left out.
    pub inputs: Vec<String>,
    /// Names of the tensors it writes.
    pub outputs: Vec<String>,
    /// Its settings.
    pub attributes: HashMap<String, Attribute>,
}

/// A node's setting.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Attribute {
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f32),
    /// A text; bytes that are not UTF-8 are replaced.
    Text(String),
    /// A tensor, as in `Constant` nodes.
    Tensor(Initializer),
    /// A list of whole numbers.
    Ints(Vec<i64>),
    /// A list of numbers.
    Floats(Vec<f32>),
    /// A kind that no model here needs (subgraphs, lists of tensors).
    Other,
}

impl OnnxFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is not an ONNX model, is cut short, or keeps its weights in
    /// another file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&bytes, path)
    }

    /// Reads a file's content; `path` is for error messages only.
    ///
    /// # Errors
    /// As [`OnnxFile::read`].
    pub fn parse(bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        let mut file = parse::model(bytes).map_err(|fault| ModelError::Format {
            path: path.to_path_buf(),
            reason: fault.to_string(),
        })?;
        file.path = path.to_path_buf();
        Ok(file)
    }

    /// The tensor called `name`.
    ///
    /// # Errors
    /// When the file has none of that name.
    pub fn initializer(&self, name: &str) -> Result<&Initializer, ModelError> {
        self.initializers
            .get(name)
            .ok_or_else(|| ModelError::Weight {
                name: name.to_owned(),
                reason: format!("not in {}", self.path.display()),
            })
    }

    /// The node called `name`, if there is one.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }

    /// The tensor that a `Constant` node writes under `name`, if there is such a node.
    pub fn constant(&self, name: &str) -> Option<&Initializer> {
        let node = self
            .nodes
            .iter()
            .find(|node| node.op_type == "Constant" && node.outputs.iter().any(|o| o == name))?;
        match node.attributes.get("value")? {
            Attribute::Tensor(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// Where the file lies, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
}
