"""smol against the litellm proxy: a whole project, and everything that its users see go wrong. See litellm.sh."""

import os
import pathlib
import sys

from harness import Outside, Server, Workplace, end, fetch, files_in, free_port, limit, ok, smol
from project import FILES, PLAN

KEY = "sk-the-right-one"
HERE = pathlib.Path(__file__).parent


def environment(home, outside):
    """Nothing of this machine's settings, and nothing fetched: maps, news and presets are those of the package.

    Telemetry needs no switch: since some versions the proxy has none (`--telemetry` is a hidden no-op).
    """
    local = ("MODEL_COST_MAP", "ANTHROPIC_BETA_HEADERS", "BLOG_POSTS", "POLICY_TEMPLATES", "AUTOROUTER_PRESETS")
    return {
        "PATH": os.environ.get("PATH", ""), "HOME": str(home), "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
        "LITELLM_MASTER_KEY": KEY, "LITELLM_MODE": "PRODUCTION", "NO_DOCS": "True",
        **{f"LITELLM_LOCAL_{name}": "True" for name in local}, **outside.env(),
    }


def check_project(run, out):
    ran = run("scripted", "--json", "--out", out, key=KEY)
    ok("a project is written, exit 0", ran.code == 0, ran)
    expected = {"shared_dependencies.md": PLAN, **FILES}
    written = files_in(out)
    ok("every file has the text that the model gave, byte for byte", written == expected, written)
    ok("nothing was asked twice", not ran.named("asked_again"), ran.named("asked_again"))
    notices = [notice for notice in ran.named("notice") if "function call" in str(notice)]
    ok("the list came by the forced function call", not notices, notices)
    ok("the plan arrived in many pieces", len(ran.named("piece")) > 50, len(ran.named("piece")))
    answers = ran.named("answered")
    counted = [answer for answer in answers if not answer["usage"]["is_estimated"]]
    ok("each answer's tokens were counted by the proxy", len(answers) == 5 and counted == answers, answers)


def check_file_again(run, out):
    (out / "app.js").unlink()
    ran = run("scripted", "--out", out, "--file", "app.js", key=KEY)
    ok("one file is written again", ran.code == 0 and files_in(out).get("app.js") == FILES["app.js"], ran)


def check_key(run, home):
    ran = run("scripted", "--out", home / "no-key")
    ok("without a key: exit 3", ran.code == 3, ran)
    ok("… and the proxy's words, with the way out", "api key" in ran.err and "OPENAI_API_KEY" in ran.err, ran)
    ran = run("scripted", "--out", home / "wrong-key", key="sk-a-wrong-one")
    ok("with a wrong key: exit 3", ran.code == 3, ran)
    # A proxy without a database looks a key that is not its master key up in it, and answers 400 "No connected db."
    ok("… and the proxy's words", "No connected db" in ran.err or "refused the key" in ran.err, ran)
    ok("… and the key is not in them", "sk-a-wrong-one" not in ran.err + ran.out, ran)
    ok("… and nothing was written", not files_in(home / "wrong-key"), ran)


def check_errors(run, home):
    cases = [
        ("always-429", "429", "mock rate limit error"),
        ("always-500", "500", "mock internal server error"),
        ("always-too-long", "400", "mock context window exceeded"),
        ("no-such-model", "400", "Invalid model name"),
    ]
    for model, status, words in cases:
        ran = run(model, "--out", home / model, key=KEY)
        ok(f"{model}: exit 3", ran.code == 3, ran)
        ok(f"… with the status {status} and the words '{words}'", status in ran.err and words in ran.err, ran)
        print("".join(f"    {line}\n" for line in ran.err.splitlines()), end="")


def check_steps_down(run, home):
    out = home / "steps-down"
    ran = run("refuses-tools", "--out", out, "--json", key=KEY)
    ok("tools refused with 400: the list is asked for in another way, exit 0", ran.code == 0, ran)
    ok("… and all files are there", set(files_in(out)) == {"shared_dependencies.md", *FILES}, files_in(out))
    ok("… and it is said", "asking in another way" in str(ran.named("notice")), ran.named("notice"))


def check_break(run, home):
    out = home / "breaks"
    ran = run("breaks-in-a-file", "--out", out, key=KEY)
    others = set(FILES) - {"app.js"}
    ok("an error within a file's stream: exit 1", ran.code == 1, ran)
    ok("… with the proxy's words", "app.js" in ran.err + ran.out and "the model went away" in ran.err + ran.out, ran)
    ok("… the other files are there, the broken one is not", others == set(files_in(out)) - {"shared_dependencies.md"},
       files_in(out))
    print("".join(f"    {line}\n" for line in (ran.out + ran.err).splitlines() if "app.js" in line), end="")


def main():
    binary = sys.argv[1]
    limit(300)
    with Workplace() as home, Outside() as outside:
        port = free_port()
        command = [
            str(pathlib.Path(sys.executable).parent / "litellm"), "--config", str(HERE / "litellm.yaml"),
            "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1",
        ]
        address = f"http://127.0.0.1:{port}"
        server = Server(command, f"{address}/health/liveliness", home / "server.log", environment(home, outside))
        with server:
            status, version = fetch(f"{address}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
            ok("the proxy is up and lists its models", status == 200 and "scripted" in version, version)

            def run(model, *more, **settings):
                return smol(binary, home, f"{address}/v1", model, *more, **settings)

            check_project(run, home / "project")
            check_file_again(run, home / "project")
            check_key(run, home)
            check_errors(run, home)
            check_steps_down(run, home)
            check_break(run, home)
            if os.environ.get("SMOL_SERVERS_LOG"):
                print(server.words())
        ok("nobody wanted to go outside", not outside.wanted, outside.wanted)
        ok("the proxy has ended", server.is_gone())
    end()


main()
