//! Vectors under way.

use std::mem;
use std::ops::Range;

use candle_core::Tensor;

use super::model::TextEmbedder;
use crate::{ModelError, Step};

/// Tokens that are worked on together: half a layer of so many is a step, 0.6 billion multiplications and
/// additions at most.
const GROUP_TOKENS: usize = 256;

/// Vectors in bounded steps: half a layer of one group of texts each.
#[derive(Debug)]
pub struct EmbedJob {
    model: TextEmbedder,
    texts: Vec<Vec<u32>>,
    /// Which of the texts go together.
    groups: Vec<Range<usize>>,
    done: Vec<Vec<f32>>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Begin {
        group: usize,
    },
    Look {
        group: usize,
        layer: usize,
        x: Tensor,
    },
    Think {
        group: usize,
        layer: usize,
        x: Tensor,
    },
    Over,
}

impl EmbedJob {
    pub(super) fn new(model: &TextEmbedder, texts: &[&str]) -> Result<Self, ModelError> {
        let texts = texts
            .iter()
            .map(|text| model.parts.tokens.of(text))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            groups: grouped(&texts),
            done: Vec::with_capacity(texts.len()),
            texts,
            model: model.clone(),
            stage: Stage::Begin { group: 0 },
        })
    }

    /// Goes one step further.
    pub fn step(&mut self) -> Result<Step<Vec<Vec<f32>>>, ModelError> {
        let parts = &self.model.parts;
        self.stage = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Begin { group } => match self.groups.get(group) {
                None => return Ok(Step::Ready(mem::take(&mut self.done))),
                Some(texts) => Stage::Look {
                    group,
                    layer: 0,
                    x: parts.rows(&self.texts[texts.clone()])?,
                },
            },
            Stage::Look { group, layer, x } => {
                let texts = &self.texts[self.groups[group].clone()];
                match parts.layers.get(layer) {
                    Some(it) => Stage::Think {
                        group,
                        layer,
                        x: it.look(&x, texts)?,
                    },
                    None => {
                        self.done.extend(parts.means(&x, texts)?);
                        Stage::Begin { group: group + 1 }
                    }
                }
            }
            Stage::Think { group, layer, x } => Stage::Look {
                group,
                layer: layer + 1,
                x: parts.layers[layer].think(&x)?,
            },
            Stage::Over => {
                return Err(ModelError::Input {
                    what: "embedding",
                    reason: "stepped after its end".to_owned(),
                });
            }
        };
        Ok(Step::More)
    }
}

/// Neighbours, as many as have room; one alone always has.
fn grouped(texts: &[Vec<u32>]) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut tokens = usize::MAX;
    for (index, ids) in texts.iter().enumerate() {
        tokens = tokens.saturating_add(ids.len());
        match groups.last_mut() {
            Some(group) if tokens <= GROUP_TOKENS => group.end = index + 1,
            _ => {
                groups.push(index..index + 1);
                tokens = ids.len();
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_every_text_once_and_are_bounded() {
        let of = |lengths: &[usize]| -> Vec<Range<usize>> {
            let texts: Vec<_> = lengths.iter().map(|n| vec![0; *n]).collect();
            grouped(&texts)
        };
        assert!(of(&[]).is_empty());
        assert_eq!(of(&[256, 256]), [0..1, 1..2]);
        assert_eq!(of(&[100, 100, 56, 1, 200, 60]), [0..3, 3..5, 5..6]);
        assert_eq!(of(&[300, 2]), [0..1, 1..2]);
    }
}
