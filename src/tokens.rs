//! How many tokens a text is, roughly: for progress and for servers that do not count.

use crate::model::{Reply, Request, Usage};

/// Estimates the tokens of `text`: English and code are about four bytes to a token.
pub fn estimate(text: &str) -> u64 {
    text.len().div_ceil(4) as u64
}

/// What a call has used when nobody counted: roughly, and at a cost that is not known.
pub(crate) fn estimated_usage(request: &Request, reply: &Reply) -> Usage {
    let input = request.messages.iter().map(|message| estimate(&message.text)).sum();
    Usage { input, cached: 0, output: estimate(reply.said()), cost: None, is_estimated: true }
}
