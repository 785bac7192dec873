"""smol against llama.cpp's own server: a whole project, nonsense, and what a client builds upon. See llama_cpp.sh.

`llama_cpp_facts.md` shows what is checked here of the protocol, word for word.
"""

import contextlib
import json
import pathlib
import sys
import time

import llama_cpp_models as models
from harness import Server, Workplace, chunks, end, fetch, files_in, free_port, limit, ok, smol
from project import FILES, PLAN

KEY = "sk-of-the-local-server"
HERE = pathlib.Path(__file__).parent
SCHEMA = {
    "type": "object",
    # The bounds keep the list of a model that knows no end short.
    "properties": {"paths": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 4}},
    "required": ["paths"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "list_files", "strict": True, "schema": SCHEMA}}
FUNCTION = {"name": "list_files", "description": "Names the files.", "strict": True, "parameters": SCHEMA}
TOOLS = [{"type": "function", "function": FUNCTION}]
FORCED = {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "list_files"}}}
STREAM = {"stream": True, "stream_options": {"include_usage": True}}


class Llama:
    """The server with one model and one window, and questions to it."""

    def __init__(self, binary, home, name, window, slots=2):
        self.binary, self.home, self.window = binary, home, window
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        script = str(HERE / "llama_cpp_server.py")
        command = [sys.executable, "-B", script, str(home / f"{name}.gguf"), str(self.port), str(window), str(slots)]
        self.server = Server(command, f"{self.address}/health", home / f"{name}-{window}.log")

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *error):
        self.server.__exit__(*error)
        ok("the server has ended", self.server.is_gone())

    def ask(self, path, body=None):
        status, text = fetch(f"{self.address}{path}", body, {"Authorization": f"Bearer {KEY}"})
        return status, text

    def chat(self, words, **more):
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": words}]
        return self.ask("/v1/chat/completions", {"model": "any", "messages": messages, **more})

    def smol(self, *more, key=KEY, **settings):
        return smol(self.binary, self.home, f"{self.address}/v1", "any", *more, key=key, **settings)


def check_project(llama, out):
    ran = llama.smol("--json", "--out", out)
    ok("a project is written, exit 0", ran.code == 0, ran)
    written = files_in(out)
    ok("every file is the model's, byte for byte", written == {"shared_dependencies.md": PLAN, **FILES}, written)
    answers = ran.named("answered")
    counted = [answer["usage"] for answer in answers if not answer["usage"]["is_estimated"]]
    ok("each answer's tokens were counted by the server", len(counted) == 5 == len(answers), answers)
    ok("… and a file's trunk came from its cache", any(usage["cached"] > 1000 for usage in counted), answers)
    plan = [event for event in ran.named("piece") if event["question"] == "plan"]
    ok("the plan arrived token by token", len(plan) > 15, plan)
    again = [notice for notice in ran.named("notice") if "function call" in str(notice)]
    ok("the list came by a function call", not again and not ran.named("asked_again"), ran.named("notice"))


def check_wire(llama):
    status, text = llama.chat("List the files", **STREAM)
    sent = chunks(text)
    ok("a stream: role first, text, finish_reason, usage in a chunk without choices, [DONE]", (
        status == 200 and sent[0]["choices"][0]["delta"] == {"role": "assistant", "content": None}
        and sent[-2]["choices"][0]["finish_reason"] == "stop" and sent[-1]["choices"] == []
        and sent[-1]["usage"]["prompt_tokens_details"]["cached_tokens"] >= 0 and "timings" in sent[-1]
        and text.rstrip().endswith("data: [DONE]")
    ), text)
    _, props = llama.ask("/props")
    _, listed = llama.ask("/v1/models")
    window = json.loads(props)["default_generation_settings"]["n_ctx"]
    meta = json.loads(listed)["data"][0]["meta"]
    ok("/props tells the window", window == llama.window, props)
    ok("/v1/models tells it too", meta["n_ctx"] == llama.window and meta["n_ctx_train"] == 32768, listed)
    ok("/props tells whether the template knows tools", json.loads(props)["chat_template_caps"]["supports_tools"], props)
    status, text = llama.chat("x " * llama.window)
    error = json.loads(text)["error"]
    ok("a prompt that is too long: 400, with its length and the window", (
        status == 400 and error["type"] == "exceed_context_size_error"
        and error["n_prompt_tokens"] > llama.window == error["n_ctx"]
    ), text)
    asked = {"messages": [{"role": "user", "content": "x " * llama.window}]}
    status, text = llama.ask("/v1/chat/completions/input_tokens", asked)
    ok("… which can be counted before", status == 200 and json.loads(text)["input_tokens"] > llama.window, text)
    status, text = llama.chat("List the files", **STREAM, **FORCED)
    deltas = [choice["delta"] for chunk in chunks(text) for choice in chunk["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    arguments = "".join(call["function"]["arguments"] for call in calls)
    ok("a named function: the model's call comes as tool_calls", json.loads(arguments)["paths"] == list(FILES), text)
    status, text = llama.chat("List the files", response_format=FORMAT)
    ok("a JSON schema: the list is the answer's text", (
        status == 200 and json.loads(json.loads(text)["choices"][0]["message"]["content"])["paths"] == list(FILES)
    ), text)


def check_full_window(llama):
    """The prompt fits, the answer does not: an end like any other, marked `length`."""

    def counted(words):
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": words}]
        return json.loads(llama.ask("/v1/chat/completions/input_tokens", {"messages": messages})[1])["input_tokens"]

    words = "x" * (llama.window - counted("") - 10)
    status, text = llama.chat(words, **STREAM)
    ends = [choice["finish_reason"] for chunk in chunks(text) for choice in chunk["choices"]]
    ok("a window that fills up ends the answer with 'length'", status == 200 and ends[-1] == "length", text)


def check_window_and_key(llama, home):
    ran = llama.smol("--out", home / "small", spec="A stopwatch. " * llama.window)
    ok("a spec larger than the window: exit 3", ran.code == 3, ran)
    ok("… with the window that the server told", "window has" in ran.err and str(llama.window) in ran.err, ran)
    ok("… and nothing was written", not files_in(home / "small"), files_in(home / "small"))
    show(ran)
    ran = llama.smol("--out", home / "key", key="sk-a-wrong-one")
    ok("a wrong key: exit 3, and the way out", ran.code == 3 and "OPENAI_API_KEY" in ran.err, ran)
    ok("… and the key is not shown", "sk-a-wrong-one" not in ran.err + ran.out, ran)


def check_shared_window(llama, out):
    """The slots share one window: calls that fit one by one overflow it together, and all of them are lost."""
    ran = llama.smol("--out", out)
    words = ran.out + ran.err
    # Today the calls fail and are named; a smol that asks again, or asks for fewer at once, may well succeed.
    is_told = ran.code == 1 and "Context size has been exceeded" in words and "panicked" not in words
    is_whole = ran.code == 0 and files_in(out) == {"shared_dependencies.md": PLAN, **FILES}
    ok("calls that overflow the window together: all is written, or told", is_whole or is_told, ran)
    print("".join(f"    {line}\n" for line in words.splitlines() if "Context size" in line), end="")


def check_nonsense(llama, home):
    ran = llama.smol("--out", home / "nonsense")
    ok("a nonsense plan: exit 1", ran.code == 1, ran)
    ok("… one clear reason, no crash", "error: could not get " in ran.err and "panicked" not in ran.err, ran)
    show(ran)
    out = home / "nonsense-files"
    out.mkdir()
    (out / "shared_dependencies.md").write_text(PLAN)
    ran = llama.smol("--json", "--from-plan", "--out", out)
    named = {event.get("path") for event in ran.named("written") + ran.named("failed") + ran.named("dropped")}
    ok("nonsense for the list and the files: no crash", ran.code in (0, 1) and "panicked" not in ran.err, ran)
    ok("… each file is accounted for", set(FILES) <= named, ran)
    ok("… nothing but the plan's files is there", set(files_in(out)) <= {"shared_dependencies.md", *FILES}, files_in(out))
    show(ran)
    status, text = llama.chat("List the files", max_tokens=200, **FORCED)
    message = json.loads(text)["choices"][0]["message"]
    ok("a named function is not forced: free text comes back", status == 200 and "tool_calls" not in message, text)
    for number in range(3):
        status, text = llama.chat("List the files", response_format=FORMAT, seed=number)
        paths = json.loads(json.loads(text)["choices"][0]["message"]["content"])["paths"]
        ok(f"a JSON schema is forced: valid JSON, seed {number}", len(paths) <= 4 and all(map(is_short, paths)), text)


def is_short(path):
    return isinstance(path, str) and len(path) <= 20


def show(ran):
    shown = (line for line in ran.err.splitlines() if line.startswith(("error", "hint", "failed")))
    print("".join(f"    {line}\n" for line in shown), end="")


def main():
    binary = sys.argv[1]
    limit(300)
    with Workplace() as home, contextlib.ExitStack() as servers:
        models.scripted(str(home / "scripted.gguf"))
        models.nonsense(str(home / "nonsense.gguf"))
        begun = time.monotonic()
        scripted = servers.enter_context(Llama(binary, home, "scripted", 16384))
        ok(f"the server is up ({time.monotonic() - begun:.1f} s)", True)
        check_project(scripted, home / "project")
        check_wire(scripted)
        servers.close()
        small = servers.enter_context(Llama(binary, home, "scripted", 2048))
        check_window_and_key(small, home)
        check_full_window(small)
        servers.close()
        check_shared_window(servers.enter_context(Llama(binary, home, "scripted", 8192, slots=4)), home / "shared")
        servers.close()
        nonsense = servers.enter_context(Llama(binary, home, "nonsense", 16384))
        check_nonsense(nonsense, home)
        servers.close()
    end()


main()
