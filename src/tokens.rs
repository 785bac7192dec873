//! How many tokens a text is: exactly where a model's vocabulary is built in, else roughly. No network.

use tiktoken::CoreBpe;

/// Estimates the tokens of `text`: English and code are about four bytes to a token.
pub fn estimate(text: &str) -> u64 {
    estimate_bytes(text.len())
}

/// The same for a text of so many bytes.
pub fn estimate_bytes(bytes: usize) -> u64 {
    bytes.div_ceil(4) as u64
}

/// Counts the tokens of texts as one model does.
#[derive(Clone, Copy)]
pub struct Counter {
    vocabulary: Option<&'static CoreBpe>,
    /// Whether the count is the model's own; else it is that of a vocabulary like it.
    pub is_exact: bool,
}

impl Counter {
    /// The counter for a model, named with or without its provider.
    ///
    /// A model whose vocabulary is not public, or not built in, is counted by the newest one of OpenAI: on code the
    /// vocabularies of this size differ by some percent, a division by four errs by a third.
    pub fn of(model: &str) -> Counter {
        let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
        let own = tiktoken::encoding_for_model(&name);
        Counter { vocabulary: own.or_else(|| tiktoken::get_encoding("o200k_base")), is_exact: own.is_some() }
    }

    /// Counts bytes and divides: for whoever wants no more than the order of magnitude.
    pub fn rough() -> Counter {
        Counter { vocabulary: None, is_exact: false }
    }

    pub fn count(&self, text: &str) -> u64 {
        self.vocabulary.map_or_else(|| estimate(text), |vocabulary| vocabulary.count(text) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_counts_of_the_vocabularies() {
        let text = "fn main() { println!(\"Hello, wörld\"); }\n";
        let own = |name: &str| tiktoken::get_encoding(name).expect("is built in").encode(text).len() as u64;
        for (model, vocabulary) in
            [("gpt-4o", "o200k_base"), ("openai/gpt-5-mini", "o200k_base"), ("gpt-4", "cl100k_base")]
        {
            let counter = Counter::of(model);
            assert_eq!((counter.count(text), counter.is_exact), (own(vocabulary), true), "{model}");
        }
        assert_eq!(Counter::of("gpt-4o").count("hello world"), 2);
    }

    #[test]
    fn a_model_nobody_knows_is_counted_but_not_exactly() {
        let counter = Counter::of("somebody/else-7b");
        assert_eq!((counter.count("hello world"), counter.is_exact), (2, false));
    }
}
