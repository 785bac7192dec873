//! `smol gen`: the pipeline from the spec to files on disk.

use crate::{
    fake::Answer,
    smol::{Smol, plan},
};

#[test]
fn a_spec_becomes_files() {
    Smol::project(&["index.html", "src/main.js"])
        .success()
        .file("index.html", "index.html\n")
        .file("src/main.js", "src/main.js\n")
        .file("shared_dependencies.md", &plan(&["index.html", "src/main.js"]))
        .asked(4)
        .prints("main.js");
}
