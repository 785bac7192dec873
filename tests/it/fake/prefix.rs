//! The cache of a service for the beginnings of prompts, as OpenAI documents its own: whole blocks of 128 tokens, from
//! 1,024 tokens up, tools and forms of answer before the messages, there as soon as an answer has begun.

use std::{
    collections::{HashSet, hash_map::DefaultHasher},
    hash::Hasher,
};

use serde_json::Value;

const BLOCK: usize = 128;
const LEAST: usize = 1024;
/// Letters of a token.
const TOKEN: usize = 4;

/// A prompt as it is hashed: what each block is, with all before it.
pub struct Prompt {
    pub tokens: usize,
    blocks: Vec<u64>,
}

impl Prompt {
    pub fn of(request: &Value) -> Prompt {
        let part = |name: &str| request.get(name).map_or_else(String::new, Value::to_string);
        let parts = ["tools", "response_format", "text", "format", "system", "messages", "input"].map(part);
        let bytes = parts.concat().into_bytes();
        let mut hasher = DefaultHasher::new();
        let blocks = bytes.chunks_exact(BLOCK * TOKEN).map(|block| {
            hasher.write(block);
            hasher.finish()
        });
        Prompt { tokens: bytes.len() / TOKEN, blocks: blocks.collect() }
    }
}

#[derive(Default)]
pub struct Cache(HashSet<u64>);

impl Cache {
    /// How many tokens of the prompt are there.
    pub fn found(&self, prompt: &Prompt) -> usize {
        let tokens = prompt.blocks.iter().take_while(|block| self.0.contains(block)).count() * BLOCK;
        if tokens < LEAST { 0 } else { tokens }
    }

    pub fn keep(&mut self, prompt: &Prompt) {
        self.0.extend(&prompt.blocks);
    }
}
