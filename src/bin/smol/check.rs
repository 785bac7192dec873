//! `smol check`: reads a directory, has it checked, and shows what does not fit.

use std::{io::Write, path::Path};

use serde_json::json;
use smol_dev::{
    check::{self, Findings, Misfit, Selection, Severity, sarif},
    report::Outcome,
    workspace::tree::read_tree,
};

use crate::{
    Failure,
    cli::{CheckArgs, Format},
    face::{BAD, BOLD, DIM, Face, ODD},
    words::{clean, counted},
};

pub fn run(args: CheckArgs, face: &Face) -> Result<Outcome, Failure> {
    let directory = args.dir.as_deref().unwrap_or(Path::new("."));
    let tree = read_tree(directory).map_err(Failure::Usage)?;
    let selection = Selection { only: args.rule, without: args.ignore };
    let findings = check::check(&tree, &selection);
    match args.format {
        _ if face.is_json() => json_lines(&findings),
        Format::Json => json_lines(&findings),
        Format::Sarif => print(&format!("{:#}\n", sarif::log(&findings))),
        Format::Text => text(&findings, directory, face),
    }
    let has_errors = findings.misfits.iter().any(|misfit| misfit.severity == Severity::Error);
    Ok(if has_errors { Outcome::Partial } else { Outcome::Complete })
}

/// A reader that has gone does not stop the work.
fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}

fn json_lines(findings: &Findings) {
    for misfit in &findings.misfits {
        let mut line = json!({ "event": "misfit" });
        let fields = serde_json::to_value(misfit).expect("misfits are plain data");
        if let (Some(line), serde_json::Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        print(&format!("{line}\n"));
    }
    let report = json!({ "files": findings.files, "errors": count(findings, Severity::Error), "hints": count(findings, Severity::Hint) });
    print(&format!("{}\n", json!({ "event": "finished", "report": report })));
}

fn count(findings: &Findings, severity: Severity) -> usize {
    findings.misfits.iter().filter(|misfit| misfit.severity == severity).count()
}

/// The place comes first, so that editors can jump to it; the count comes last.
fn text(findings: &Findings, directory: &Path, face: &Face) {
    for misfit in &findings.misfits {
        print(&format!("{}\n", line(misfit, directory)));
    }
    if face.is_quiet() {
        return;
    }
    let [errors, hints] = [Severity::Error, Severity::Hint].map(|severity| count(findings, severity));
    let mut last = match errors {
        0 => "no misfits".to_owned(),
        errors => counted(errors, "misfit"),
    };
    if hints > 0 {
        last.push_str(&format!(" and {}", counted(hints, "hint")));
    }
    print(&format!("{last} in {}\n", counted(findings.files, "file")));
}

/// The place, what is wrong there, and the nearest name.
pub fn line(misfit: &Misfit, directory: &Path) -> String {
    let Misfit { line, column, rule, severity, message, nearest, .. } = misfit;
    let path = match directory.to_str() {
        Some(".") | None => misfit.path.clone(),
        Some(directory) => format!("{}/{}", directory.trim_end_matches('/'), misfit.path),
    };
    let style = if *severity == Severity::Error { BAD } else { ODD };
    let nearest = nearest.as_ref().map_or_else(String::new, |nearest| format!("; nearest: '{}'", clean(nearest)));
    let place = clean(&path);
    let message = message.replace(['\n', '\t'], " ");
    let message = clean(&message);
    format!("{BOLD}{place}:{line}:{column}{BOLD:#}: {style}{severity}{style:#}{DIM}[{rule}]{DIM:#} {message}{nearest}")
}
