//! Counts what was taken apart.

use crate::split::words_of;

/// A word and how often it stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct WordCount {
    pub word: String,
    pub number: usize,
}

impl WordCount {
    pub fn first(word: &str) -> WordCount {
        WordCount { word: word.to_owned(), number: 1 }
    }

    pub fn increase(&mut self) {
        self.number += 1;
    }

    pub fn is_common(&self, limit: usize) -> bool {
        self.number >= limit
    }
}

/// Every word of at least so many letters, with its count.
pub fn count_words(text: &str, shortest: usize) -> Vec<WordCount> {
    let mut counts: Vec<WordCount> = Vec::new();
    for word in words_of(text) {
        if word.len() < shortest {
            continue;
        }
        match find_count(&mut counts, &word) {
            Some(count) => count.increase(),
            None => counts.push(WordCount::first(&word)),
        }
    }
    counts
}

fn find_count<'a>(counts: &'a mut [WordCount], word: &str) -> Option<&'a mut WordCount> {
    counts.iter_mut().find(|count| count.word == word)
}

#[cfg(test)]
mod tests {
    use super::{count_words, WordCount};

    #[test]
    fn words_are_counted() {
        let counts = count_words("a bb bb", 2);
        let expected = WordCount { word: "bb".to_owned(), number: 2 };
        assert_eq!(counts, [expected]);
    }
}
