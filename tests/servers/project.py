"""The small project that the scripted servers of these checks answer with: the plan, the list and the files."""

FILES = {
    "index.html": (
        "<!doctype html>\n<title>Stopwatch</title>\n<output id=\"time\">0.0</output>\n"
        "<button id=\"toggle\">start / stop</button>\n<script type=\"module\" src=\"app.js\"></script>\n"
    ),
    "app.js": (
        "import { format } from './src/format.js';\n\nlet since = 0;\nlet timer;\n"
        "document.querySelector('#toggle').addEventListener('click', () => {\n"
        "  if (timer) { clearInterval(timer); timer = undefined; return; }\n  since = Date.now();\n"
        "  timer = setInterval(() => { document.querySelector('#time').value = format(Date.now() - since); }, 100);\n"
        "});\n"
    ),
    "src/format.js": (
        "// Milliseconds as seconds with one digit: 1500 is “1.5”.\n"
        "export function format(milliseconds) {\n  return (milliseconds / 1000).toFixed(1);\n}\n"
    ),
}

PLAN = """# Stopwatch

One page that counts seconds – for whoever is in a hurry. Plain JavaScript modules.

## Flow

A click on `#toggle` starts the clock or stops it.

## Contract

```yaml contract
project:
  dom_ids:
    - { name: toggle, shape: "button", meaning: "starts and stops", files: [index.html, app.js] }
    - { name: time, shape: "output", meaning: "seconds", files: [index.html, app.js] }
files:
  - path: src/format.js
    purpose: renders a duration
    exports:
      - { name: format, kind: function, signature: "format(milliseconds: number): string", meaning: "1500 is 1.5" }
  - path: app.js
    purpose: the clock
    uses:
      - { path: src/format.js, names: [format] }
  - path: index.html
    purpose: the page
    uses:
      - { path: app.js, names: [] }
```
"""


def fenced(path):
    """A file's text as a model answers it."""
    return f"```{path.rpartition('.')[2]}\n{FILES[path]}```\n"
