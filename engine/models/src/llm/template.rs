//! The chat template that a model file carries, rendered the way the transformers library does.

use std::fmt::Write as _;

use minijinja::value::{Kwargs, Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind, context};

use super::calendar;
use super::message::Role;
use crate::ModelError;

/// The ChatML form, for files whose vocabulary has its tokens but that carry no template.
pub(super) const CHATML: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] \
    + '\n' + message['content'] + '<|im_end|>\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// The token that says that a vocabulary is made for [`CHATML`].
pub(super) const CHATML_START: &str = "<|im_start|>";

/// A compiled template.
pub(super) struct Template {
    environment: Environment<'static>,
    bos: String,
    eos: String,
}

/// What comes after the last message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Nothing.
    None,
    /// The beginning of the assistant's answer.
    Answer,
}

impl Template {
    pub(super) fn compile(source: String, bos: String, eos: String) -> Result<Self, ModelError> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment.set_keep_trailing_newline(false);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        // A template that never ends must not take the process with it.
        environment.set_fuel(Some(2_000_000));
        environment.add_function("raise_exception", |text: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, text))
        });
        environment.add_function("strftime_now", |format: String| calendar::now(&format));
        environment.add_filter("tojson", to_json);
        environment
            .add_template_owned("chat", source)
            .map_err(|error| refused("chat template", &error))?;
        Ok(Self {
            environment,
            bos,
            eos,
        })
    }

    /// The text of the conversation.
    pub(super) fn render(
        &self,
        messages: &[(Role, &str)],
        opening: Opening,
    ) -> Result<String, ModelError> {
        let messages: Vec<Value> = messages
            .iter()
            .map(|(role, text)| context! { role => role.name(), content => *text })
            .collect();
        let template = self
            .environment
            .get_template("chat")
            .map_err(|e| refused("chat template", &e))?;
        template
            .render(context! {
                messages,
                add_generation_prompt => opening == Opening::Answer,
                bos_token => self.bos,
                eos_token => self.eos,
                enable_thinking => false,
            })
            .map_err(|error| refused("messages", &error))
    }
}

fn refused(what: &'static str, error: &Error) -> ModelError {
    let reason = error
        .detail()
        .unwrap_or("the chat template cannot be rendered")
        .to_owned();
    ModelError::Input {
        what,
        reason: format!("{reason} ({})", error.kind()),
    }
}

/// JSON as Python's `json.dumps` writes it: spaces behind commas and colons, nothing escaped for
/// HTML.
fn to_json(value: Value, options: Kwargs) -> Result<Value, Error> {
    let indent: Option<usize> = options.get("indent")?;
    // Other arguments of Python's function change nothing that a template relies on.
    options.get::<Option<bool>>("ensure_ascii")?;
    options.get::<Option<bool>>("sort_keys")?;
    let mut out = String::new();
    write_json(&mut out, &value, indent, 0)?;
    Ok(Value::from_safe_string(out))
}

fn write_json(
    out: &mut String,
    value: &Value,
    indent: Option<usize>,
    depth: usize,
) -> Result<(), Error> {
    let plain = |value: &Value| {
        serde_json::to_string(value)
            .map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
    };
    let (open, close) = match value.kind() {
        ValueKind::Map => ('{', '}'),
        ValueKind::Seq | ValueKind::Iterable => ('[', ']'),
        _ => {
            out.push_str(&plain(value)?);
            return Ok(());
        }
    };
    let line = |out: &mut String, depth: usize| {
        if let Some(indent) = indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    out.push(open);
    let mut empty = true;
    for item in value.try_iter()? {
        if !empty {
            out.push_str(if indent.is_some() { "," } else { ", " });
        }
        empty = false;
        line(out, depth + 1);
        if open == '{' {
            let key = plain(&item)?;
            write!(out, "{key}: ").map_err(|_| ErrorKind::WriteFailure)?;
            write_json(out, &value.get_item(&item)?, indent, depth + 1)?;
        } else {
            write_json(out, &item, indent, depth + 1)?;
        }
    }
    if !empty {
        line(out, depth);
    }
    out.push(close);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, messages: &[(Role, &str)]) -> Result<String, ModelError> {
        Template::compile(source.to_owned(), "<s>".to_owned(), "</s>".to_owned())?
            .render(messages, Opening::Answer)
    }

    #[test]
    fn blocks_are_trimmed_as_transformers_does() {
        let source =
            "{{ bos_token }}\n  {% for m in messages %}\n[{{ m.role }}]\n  {% endfor %}\nX";
        let out = render(source, &[(Role::User, "a"), (Role::Assistant, "b")]);
        assert_eq!(out.expect("renders"), "<s>\n[user]\n[assistant]\nX");
    }

    #[test]
    fn an_exception_of_the_template_becomes_an_error_with_its_text() {
        let source = "{{ raise_exception('roles must alternate') }}";
        let error = render(source, &[]).expect_err("refused").to_string();
        assert!(error.contains("roles must alternate"), "{error}");
    }

    #[test]
    fn a_template_without_an_end_is_stopped() {
        let source = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        assert!(render(source, &[]).is_err());
    }

    #[test]
    fn python_methods_and_json_work_as_in_python() {
        let source = "{{ ' a,b '.strip().split(',')[1] }}{{ 'xay'.startswith('xa') }}\
            {{ {'a': [1, 'é<'], 'b': none} | tojson }}{% for k, v in {'q': 1}.items() %}{{ k }}{{ v }}\
            {% endfor %}{{ 'Abc'.upper() }}";
        let out = render(source, &[]).expect("renders");
        assert_eq!(out, "bTrue{\"a\": [1, \"é<\"], \"b\": null}q1ABC");
    }

    #[test]
    fn the_fallback_is_chatml() {
        let out = render(CHATML, &[(Role::System, "s"), (Role::User, "u")]).expect("renders");
        assert_eq!(
            out,
            "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n\
             <|im_start|>assistant\n"
        );
    }
}
