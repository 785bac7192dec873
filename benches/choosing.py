"""Seeded bugs in real packages: does the file to mend go whole into the question?

python3 benches/choosing.py SMOL PYTHON SDISTS... [--most N]

Unpacks each source distribution, changes one operator, comparison or returned value in one function of it, runs its
tests until one fails that did not before, and gives that output to `smol debug - --dry-run`. Counts, for budgets of 8k,
32k and 128k tokens, how often the changed file went in whole. PYTHON needs pytest and what the packages need. The seed is fixed.
"""

import ast
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile

BUDGETS = ["8k", "32k", "128k"]


def mutations(text):
    """Places and texts: (start, end, new) in characters of a line, with the line."""
    found = []
    lines = text.splitlines(keepends=True)
    swaps = {"==": "!=", "!=": "==", "<": ">=", ">": "<=", "<=": ">", ">=": "<", " and ": " or ", " or ": " and ",
             " + ": " - ", " - ": " + ", " not in ": " in ", " is not None": " is None", " is None": " is not None"}
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for inner in ast.walk(node):
            if isinstance(inner, (ast.Compare, ast.BoolOp, ast.BinOp)) and inner.lineno == inner.end_lineno:
                line = lines[inner.lineno - 1]
                if not line.isascii():
                    continue
                part = line[inner.col_offset:inner.end_col_offset]
                for old, new in swaps.items():
                    if part.count(old) == 1:
                        at = inner.col_offset + part.index(old)
                        found.append((inner.lineno - 1, at, at + len(old), new))
            if isinstance(inner, ast.Return) and inner.value is not None and inner.lineno == inner.end_lineno:
                line = lines[inner.lineno - 1]
                if line.isascii():
                    found.append((inner.lineno - 1, inner.value.col_offset, inner.value.end_col_offset, "None"))
    return lines, found


def run_tests(python, root, options):
    source = root / "src" if (root / "src").is_dir() else root
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout", "60", *options]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, errors="replace",
                              env={"PYTHONPATH": str(source), "PATH": "/usr/bin:/bin", "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"})
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout + done.stderr


def main():
    words = [word for word in sys.argv[1:]]
    most = 40
    if "--most" in words:
        at = words.index("--most")
        most = int(words[at + 1])
        del words[at:at + 2]
    smol, python, *sdists = words
    smol = str(pathlib.Path(smol).resolve())
    chosen = random.Random(6)
    whole = {budget: 0 for budget in BUDGETS}
    cases = 0
    for sdist in sdists:
        work = pathlib.Path(tempfile.mkdtemp())
        with tarfile.open(sdist) as archive:
            archive.extractall(work, filter="data")
        root = next(path for path in work.iterdir() if path.is_dir())
        code, said = run_tests(python, root, ["-rf"])
        # What fails here anyhow, for want of a service or a newer interpreter, says nothing of a seeded bug.
        failing = [line.split()[1] for line in said.splitlines() if line.startswith("FAILED ")]
        options = ["-x", *(word for test in failing for word in ("--deselect", test))]
        if code != 0 and (not failing or run_tests(python, root, options)[0] != 0):
            print(f"{root.name}: its tests are not green here", flush=True)
            shutil.rmtree(work)
            continue
        files = [path for path in root.rglob("*.py")
                 if not any(part in ("test", "tests", "testing", "docs", "examples", "benchmarks", "_vendor") for part in path.relative_to(root).parts)
                 and not path.name.startswith(("test_", "conftest", "setup")) and path.stat().st_size > 2_000]
        chosen.shuffle(files)
        done = 0
        for path in files[:12]:
            if done == 4 or cases == most:
                break
            text = path.read_text()
            lines, found = mutations(text)
            if not found:
                continue
            line, start, end, new = chosen.choice(found)
            lines[line] = lines[line][:start] + new + lines[line][end:]
            path.write_text("".join(lines))
            code, error = run_tests(python, root, options)
            if code in (1, 2):
                done += 1
                cases += 1
                shares = []
                for budget in BUDGETS:
                    shown = subprocess.run([smol, "debug", "-", "--dir", str(root), "--dry-run", "--json", "--budget", budget],
                                           input=error, capture_output=True, text=True, env={"SMOL_LOCAL": "never", "PATH": "/usr/bin:/bin"})
                    files_in = json.loads(shown.stdout)["selection"]["chosen"]
                    share = next(file["share"] for file in files_in if file["path"] == str(path.relative_to(root)))
                    whole[budget] += share == "whole"
                    shares.append(share)
                print(f"{root.name}: {path.relative_to(root)}:{line + 1} ({path.stat().st_size} bytes) {' '.join(shares)}", flush=True)
            path.write_text(text)
        shutil.rmtree(work)
        if cases == most:
            break
    for budget in BUDGETS:
        print(f"{budget}: {whole[budget]} of {cases} whole")


main()
