//! Findings as SARIF 2.1.0 (OASIS), the format that code hosts and editors read.

use serde_json::{Value, json};

use super::{Findings, Rule, Severity};

/// One log with one run.
pub fn log(findings: &Findings) -> Value {
    let rules: Vec<Value> = Rule::ALL
        .iter()
        .map(|rule| json!({ "id": rule.to_string(), "shortDescription": { "text": rule.meaning() } }))
        .collect();
    let results: Vec<Value> = findings
        .misfits
        .iter()
        .map(|misfit| {
            let level = match misfit.severity {
                Severity::Error => "error",
                Severity::Hint => "note",
            };
            let text = match &misfit.nearest {
                Some(nearest) => format!("{}; nearest: '{nearest}'", misfit.message),
                None => misfit.message.clone(),
            };
            json!({
                "ruleId": misfit.rule.to_string(),
                "ruleIndex": Rule::ALL.iter().position(|rule| *rule == misfit.rule),
                "level": level,
                "message": { "text": text },
                "locations": [{ "physicalLocation": {
                    "artifactLocation": { "uri": uri(&misfit.path), "uriBaseId": "%SRCROOT%" },
                    "region": { "startLine": misfit.line, "startColumn": misfit.column },
                } }],
            })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "smol",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A path as a relative URI: what has a meaning there is written as a number.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(byte as char),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_written_as_numbers() {
        assert_eq!(uri("a b/[id].ts"), "a%20b/%5Bid%5D.ts");
        assert_eq!(uri("src/ü.js"), "src/%C3%BC.js");
    }
}
