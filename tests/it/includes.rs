//! Specs of single files, and the files and images that a spec includes: what each call is sent, and what is refused.

use std::fs;

use serde_json::Value;

use crate::{
    KEY,
    fake::{Answer, Fault},
    smol::{Run, Smol, plan},
};

const GIF: &[u8] = b"GIF89a picture";
/// The same as it is sent.
const GIF_SENT: &str = "R0lGODlhIHBpY3R1cmU=";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0 photo";
const JPEG_SENT: &str = "/9j/4CBwaG90bw==";

/// The text of the trunk's spec, and of the last message.
fn spec_and_last(run: &Run, question: &str) -> (String, String) {
    let messages = run.requests(question)[0].messages();
    (messages[1].1.clone(), messages.last().expect("there are messages").1.clone())
}

fn project() -> Smol {
    Smol::project(&["a.js", "b.js"])
}

#[test]
fn the_spec_of_a_file_goes_to_its_branch_alone() {
    let prompt = |own: &str| format!("# All\n\n## `a.js`\n\n{own}\n\n## Rest\n\nr\n");
    let run = project().spec(&prompt("only for a")).write("specs/b.js.md", "only for b\n").success();
    let run = run.says("shown to the writer of one file alone: the spec of 'a.js', 'b.js'");
    let (shared, _) = spec_and_last(&run, "plan");
    let stub = |file: &str| {
        format!("The file `{file}` has a specification of its own, which only whoever writes that file is shown.")
    };
    assert_eq!(shared, format!("# All\n\n{}\n\n## Rest\n\nr\n\n{}", stub("a.js"), stub("b.js")));
    for (file, own, other) in [("a.js", "only for a", "only for b"), ("b.js", "only for b", "only for a")] {
        let (trunk, last) = spec_and_last(&run, file);
        assert_eq!(trunk, shared, "the trunk is that of all");
        assert!(last.contains(&format!("```\n{own}\n```\n\nThe file to write is `{file}`.")), "{last}");
        let body = &run.requests(file)[0].body;
        assert!(body.contains(own) && !body.contains(other), "{body}");
    }
    assert!(!run.requests("list")[0].body.contains("only for"));

    // Written again, the file brings along what now belongs to it; the trunk does not move.
    let again =
        run.again().spec(&prompt("new for a")).on("a.js", "```\na\n```").args(["gen", "--file", "a.js"]).success();
    let (trunk, last) = spec_and_last(&again, "a.js");
    assert_eq!(trunk, shared);
    assert!(last.contains("```\nnew for a\n```") && last.contains("The present text of"), "{last}");
}

#[test]
fn a_change_of_what_belongs_to_one_file_asks_for_that_file_alone() {
    let spec = |own: &str, image: &[u8]| {
        let smol = project().spec(&format!("All.\n\n## `a.js`\n\n{own}\n")).write("ui", image);
        smol.write("specs/b.js.md", "[include](../ui)").on("a.js", format!("```\n{own}\n```\n")).arg("--yes")
    };
    let asked = |run: &Run| run.fake.asked().into_iter().map(|asked| asked.question).collect::<Vec<_>>();
    let first = spec("one", GIF).success();
    assert_eq!(asked(&first).len(), 4);
    let same = spec("one", GIF).within(first.dir).write("ui", GIF).success().says("nothing to do");
    assert!(asked(&same).is_empty());
    let own = project().within(same.dir).spec("All.\n\n## `a.js`\n\ntwo\n").on("a.js", "```\ntwo\n```\n");
    let own = own.arg("--yes").success().file("a.js", "two\n");
    assert_eq!(asked(&own), ["a.js"]);
    let image = project().within(own.dir).write("ui", b"GIF89a other").arg("--yes");
    let image = image.spec("All.\n\n## `a.js`\n\ntwo\n").success();
    assert_eq!(asked(&image), ["b.js"]);
}

#[test]
fn a_file_without_a_spec_of_its_own_is_asked_for_as_ever() {
    let own = spec_and_last(&project().spec("x\n\n## `a.js`\n\ny\n").success(), "b.js").1;
    let none = spec_and_last(&project().success(), "b.js").1;
    assert_eq!(own, none);
    assert!(none.ends_with("from the same plan.\n\nThe file to write is `b.js`."), "{none}");
}

#[test]
fn a_spec_of_a_file_that_nobody_writes_is_said() {
    let run = project().spec("x\n\n## `chrome.storage`\n\ny\n").write("specs/b.js.md", "z").success();
    let run = run.says("note   'chrome.storage' has a spec of its own, but no file of this name is written");
    assert!(!run.stderr().contains("'b.js' has a spec"), "{}", run.stderr());
}

#[test]
fn included_files_stand_in_the_place_of_their_links() {
    let smol = Smol::project(&["a.js"])
        .write("docs/spec.md", "Top\n\n[include](api/schema.json)\n\n[include](more.md)\n")
        .write("docs/api/schema.json", "{\"a\": 1}\n")
        .write("docs/more.md", "More.\n\n## `a.js`\n\n[include](own.txt)\n")
        .write("docs/own.txt", "own words");
    let run = smol.arg("docs/spec.md").success();
    let (shared, last) = spec_and_last(&run, "a.js");
    assert!(
        shared.starts_with("Top\n\n`api/schema.json`:\n\n```\n{\"a\": 1}\n```\n\nMore.\n\nThe file `a.js` has"),
        "{shared}"
    );
    assert!(last.contains("````\n`own.txt`:\n\n```\nown words\n```\n````"), "{last}");
    assert!(!shared.contains("own words"));
}

/// Nothing is asked and nothing made; this is said.
#[track_caller]
fn refuses(smol: Smol, words: &str) {
    smol.exit(2).says(words).asked(0).no_file("");
}

#[test]
fn what_cannot_be_included_ends_the_run_before_it_begins() {
    let spec = |text: &str| project().spec(text);
    let link = "could not follow '[include](x.json)' in 'prompt.md': there is no file './x.json'";
    refuses(spec("[include](x.json)"), link);
    refuses(spec("[include](d)").write("d/x", "x"), "'./d' is a directory; include its files one by one");
    refuses(spec("[include](x)").write("x", b"\xff\xfe\x00"), "neither text in UTF-8 nor an image");
    refuses(spec("[include](x)").write("x", vec![b'x'; (5 << 20) + 1]), "'./x' is larger than 5 MiB; make it smaller");
    refuses(
        spec("[include](x)").write("x", vec![b'x'; (1 << 20) + 1]),
        "the text is longer than 1 MiB; include the part",
    );
    let circle = spec("x").write("specs/a.js.md", "[include](../b.md)").write("b.md", "[include](specs/a.js.md)");
    refuses(circle, "it includes itself: specs/a.js.md → b.md → specs/a.js.md");
    refuses(spec("x").write("specs/CON.md", "x"), "'specs/CON.md' is the spec of no file that can be written");
    for name in [".env", "d/.env.local"] {
        refuses(spec(&format!("[include]({name})")).write(name, KEY), "is where keys are kept, which go to no model");
    }
    let text = Smol::new().write("x.json", "{}").args(["gen", "use [include](x.json)"]);
    refuses(text, "in 'the spec': a spec that comes as text has no folder to include from");
    refuses(Smol::new().write("x.json", "{}").stdin("[include](x.json)").args(["gen", "-"]), "has no folder");
}

#[test]
fn a_pipe_is_not_waited_for() {
    let smol = project().spec("[include](pipe)");
    let made =
        std::process::Command::new("mkfifo").arg(smol.dir.path().join("pipe")).status().expect("mkfifo is there");
    assert!(made.success());
    refuses(smol, "'./pipe' is no ordinary file");
}

#[test]
fn nothing_outside_of_the_folder_goes_along_unless_it_is_allowed() {
    let outside = |target: &str| {
        let smol = Smol::project(&["a.js"]).arg("docs/p.md").write("docs/p.md", format!("[include]({target})"));
        let smol = smol.write("far.txt", "far away").write("docs/x", "x");
        std::os::unix::fs::symlink("../far.txt", smol.dir.path().join("docs/link.txt")).expect("links");
        std::os::unix::fs::symlink("..", smol.dir.path().join("docs/up")).expect("links");
        smol
    };
    let absolute = outside("x").write("other", "").dir.path().join("far.txt").display().to_string();
    for target in ["../far.txt", "x/../../far.txt", "%2e%2e/far.txt"] {
        refuses(outside(target), "is outside of the folder of the prompt; copy it there, or pass --allow-outside");
    }
    refuses(outside(&absolute), "is outside of the folder of the prompt");
    for target in ["link.txt", "up/far.txt"] {
        refuses(outside(target), "leads out of the folder of the prompt; copy the file, or pass --allow-outside");
    }
    for target in ["../far.txt", "link.txt", "up/far.txt"] {
        let run = outside(target).arg("--allow-outside").success();
        assert!(spec_and_last(&run, "plan").0.contains("far away"), "{target}");
    }
    let keys = outside("link").arg("--allow-outside").write(".env", KEY);
    std::os::unix::fs::symlink("../.env", keys.dir.path().join("docs/link")).expect("links");
    refuses(keys, "is where keys are kept, which go to no model");
}

#[test]
fn the_specs_of_files_may_lie_outside_only_if_that_is_allowed() {
    let smol = || {
        let smol = Smol::project(&["a.js"]).arg("docs/p.md").write("docs/p.md", "p").write("far/a.js.md", "far away");
        std::os::unix::fs::symlink("../far", smol.dir.path().join("docs/specs")).expect("links");
        smol
    };
    refuses(smol(), "leads out of the folder of the prompt");
    let run = smol().arg("--allow-outside").success();
    assert!(spec_and_last(&run, "a.js").1.contains("far away"));
}

/// A project with one picture in the trunk and one for a.js alone.
fn pictured() -> Smol {
    let smol = project().spec("Like [include](ui.png).\n\n## `a.js`\n\n[include](photo)\n");
    // The bytes tell the format, not the name.
    smol.write("ui.png", GIF).write("photo", JPEG)
}

#[test]
fn images_go_over_every_wire() {
    for (model, address, key, has_type) in [
        ("openrouter/some/model", "OPENROUTER_BASE_URL", "OPENROUTER_API_KEY", true),
        ("xai/grok-x", "XAI_BASE_URL", "XAI_API_KEY", true),
        ("anthropic/claude-opus-5-5", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", true),
        ("ollama/llava", "OLLAMA_HOST", "UNUSED", false),
    ] {
        let smol = pictured().offline().env_with_address(address).env(key, KEY).arg("-m").arg(model);
        let run = smol.success().file("a.js", "a.js\n");
        let url = |kind: &str, bytes: &str| format!("data:{};base64,{bytes}", if has_type { kind } else { "" });
        let (shared, own) = ((0, url("image/gif", GIF_SENT)), (2, url("image/jpeg", JPEG_SENT)));
        for question in ["plan", "list", "b.js"] {
            assert_eq!(run.requests(question)[0].images(), std::slice::from_ref(&shared), "{model}: {question}");
        }
        assert_eq!(run.requests("a.js")[0].images(), [shared, own], "{model}");
        let (text, _) = spec_and_last(&run, "a.js");
        assert!(text.starts_with("Like (image `ui.png`, "), "{model}: {text}");
        run.says("2 images go with the spec; estimates of tokens and cost leave images out");
    }
}

#[test]
fn the_cache_mark_of_the_trunk_stays_with_images() {
    let smol = pictured().offline().env_with_address("ANTHROPIC_BASE_URL").env("ANTHROPIC_API_KEY", KEY);
    let run = smol.arg("-m").arg("anthropic/claude-opus-5-5").success();
    let parts = |question: &str| run.requests(question)[0].json()["messages"].clone();
    assert_eq!(parts("a.js")[1]["content"][0]["cache_control"]["type"], "ephemeral");
    assert_eq!(parts("a.js")[2]["content"][0]["type"], "image");
    assert_eq!(parts("a.js")[0], parts("b.js")[0], "the trunk is the same");
    assert_eq!(parts("a.js")[0]["content"][1]["cache_control"], Value::Null);
}

#[test]
fn a_record_names_images_by_their_hash_and_answers_only_for_the_same() {
    let run = pictured().arg("--record").arg("r").success();
    let record = fs::read_to_string(run.dir.path().join("r")).expect("was written");
    assert_eq!(record.matches("{\"image\":{").count(), 2, "each once: {record}");
    assert!(!record.contains(GIF_SENT), "the bytes are the person's own file");
    let replay =
        |ui: &[u8]| pictured().write("r", &record).write("ui.png", ui).offline().args(["gen", "--replay", "r"]);
    replay(GIF).success().file("a.js", "a.js\n").asked(0);
    replay(b"GIF89a other").exit(3).says("in message 2 of 2 (User), line 1");
    // Without the hash in the text it is still the picture that counts.
    let id = blake3_of(GIF);
    let other = record.replace(&format!("\"images\":[\"{id}\"]"), "\"images\":[\"0\"]");
    assert_ne!(other, record);
    let replay = pictured().write("r", &other).offline().args(["gen", "--replay", "r"]);
    replay.exit(3).says("has other images with message 2 of 2");
}

/// The hash that the record of a run names these bytes by.
fn blake3_of(bytes: &[u8]) -> String {
    smol_dev::image::Image::new("", bytes).expect("is a picture").id
}

#[test]
fn a_model_that_cannot_see_is_an_error_with_the_way_out() {
    for (status, words) in [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "fake-1 is not a multimodal model"),
        (500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
    ] {
        let body = serde_json::json!({ "error": { "message": words } }).to_string();
        let blind = Answer::text("").fault(Fault::Status(status, body));
        let run = pictured().on("plan", blind.clone()).exit(3).asked(1);
        run.says(&format!("does not take the images of this spec for 'fake-1': {words}"))
            .says("hint: name a model that can see, --model, or take the link to the image out of the spec");
        let run = project().on("plan", blind).arg("--retries=0").exit(3).asked(1);
        assert!(!run.stderr().contains("the images of this spec"), "there are none: {}", run.stderr());
    }
}

#[test]
fn a_dry_run_shows_images_and_says_that_they_are_not_counted() {
    let smol = pictured().write("generated/shared_dependencies.md", plan(&["a.js"]));
    let run = smol.args(["gen", "--dry-run", "--from-plan"]).success().asked(0);
    run.prints("ui.png, image/gif, 14 bytes").prints("photo, image/jpeg, 10 bytes").says("leave images out");
}

#[test]
fn a_cut_run_goes_on_only_with_the_same_images() {
    let lost = || Answer::text("").fault(Fault::Status(401, "{}".to_owned()));
    let cut = || pictured().on("a.js", lost()).exit(1);
    let same = cut().again().on("a.js", "```\na\n```").args(["gen"]).success();
    assert_eq!(same.fake.asked().len(), 1, "plan, list and b.js are paid for");
    let other = project().on("plan again", plan(&["a.js", "b.js"])).within(cut().dir).write("ui.png", b"GIF89a other");
    let other = other.arg("--yes").success();
    let images = other.requests("plan again")[0].images();
    assert_eq!(images.len(), 1, "another picture is another spec");
    assert_eq!(images[0].0, 2, "the old one is not kept, so the new one goes with the last message");
}
