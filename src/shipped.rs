//! The prompts that ship with smol, each with its recorded run, so that the first command works without a model.

use crate::spec::Spec;

/// A shipped prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    pub name: &'static str,
    pub prompt: &'static str,
    /// The recorded run, one JSON object a line.
    pub run: &'static str,
}

/// All of them; the first one's prompt is also `prompt.md` at the root.
pub const SHIPPED: [Shipped; 3] = [
    Shipped {
        name: "chrome-extension",
        prompt: include_str!("../examples/chrome-extension/prompt.md"),
        run: include_str!("../examples/chrome-extension/run.jsonl"),
    },
    Shipped {
        name: "pong",
        prompt: include_str!("../examples/pong/prompt.md"),
        run: include_str!("../examples/pong/run.jsonl"),
    },
    Shipped {
        name: "todo-api",
        prompt: include_str!("../examples/todo-api/prompt.md"),
        run: include_str!("../examples/todo-api/run.jsonl"),
    },
];

/// The shipped prompt that `spec` is, to the letter.
pub fn shipped(spec: &Spec) -> Option<Shipped> {
    let is_it = |shipped: &Shipped| Spec::new(shipped.prompt).is_ok_and(|prompt| prompt == *spec);
    SHIPPED.into_iter().find(is_it)
}
