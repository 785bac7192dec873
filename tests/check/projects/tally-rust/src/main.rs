use std::process::ExitCode;

use tally::{count::count_words, options::Options, report};

fn main() -> ExitCode {
    let options = match Options::from_args(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::from(2);
        }
    };
    let text = match std::fs::read_to_string(&options.path) {
        Ok(text) => text,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let counts = count_words(&text, options.shortest);
    let lines = report::top_lines(&counts, options.limit);
    println!("{}", lines.join("\n"));
    ExitCode::SUCCESS
}
