use tally::{count::count_words, report::top_lines};

#[test]
fn the_most_frequent_word_comes_first() {
    let counts = count_words("a cat and a cat and a dog", 3);
    let lines = top_lines(&counts, 1);
    assert_eq!(lines.len(), 1);
}
