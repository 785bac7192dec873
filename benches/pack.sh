#!/usr/bin/env bash
# Reading speed, side by side: smol's Tree without and with exact token counts, `git ls-files | xargs cat`, and those of
# repomix, code2prompt and yek that are on the PATH. Three trees: this repository, some 1,000 files of Python, and the
# same files repeated to more than 100 MB. Prints wall time, CPU time and peak memory of the best of three runs.
set -euo pipefail
cd "$(dirname "$0")/.."
work=${1:-target/pack}
mkdir -p "$work"
cargo bench --bench reading --no-run 2>/dev/null
reading=$(find target/release/deps -maxdepth 1 -name 'reading-*' -perm -u+x -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2)
reading=$PWD/$reading

python3 - "$work" <<'PY'
import pathlib, shutil, subprocess, sys, sysconfig
work = pathlib.Path(sys.argv[1])
sources = [f for f in sorted(pathlib.Path(sysconfig.get_path("stdlib")).rglob("*.py"))
           if "site-packages" not in f.parts and f.stat().st_size < 200_000][:1000]
def make(tree, copies):
    if tree.exists():
        return
    for copy in range(copies):
        for index, source in enumerate(sources):
            target = tree / f"copy{copy}" / f"dir{index % 40}" / f"{index}_{source.name}"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    subprocess.run("git init -q && git add -A", shell=True, cwd=tree, check=True)
make(work / "medium", 1)
size = sum(f.stat().st_size for f in sources)
make(work / "large", 110_000_000 // size + 1)
PY

measure() { # name, directory, command
  python3 - "$@" <<'PY'
import os, resource, subprocess, sys, time
name, directory, command = sys.argv[1:4]
best = None
for _ in range(3):
    pid_before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.time()
    child = subprocess.Popen(command, shell=True, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    run = (time.time() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024, os.waitstatus_to_exitcode(status))
    best = run if best is None or run[0] < best[0] else best
print(f"| {name} | {best[0]:.2f} s | {best[1]:.2f} s | {best[2]} MB |" + ("" if best[3] == 0 else f" (exit {best[3]})"))
PY
}

for tree in . "$work/medium" "$work/large"; do
  printf '\n%s: %s files, %s bytes\n\n| | wall | CPU | peak |\n| --- | --- | --- | --- |\n' \
    "$tree" "$(cd "$tree" && git ls-files | wc -l)" "$(cd "$tree" && git ls-files -z | xargs -0 cat | wc -c)"
  measure 'git ls-files, cat' "$tree" 'git ls-files -z | xargs -0 cat | cat'
  measure 'smol, not counting' "$tree" "$reading ."
  measure 'smol, exact counts' "$tree" "$reading . exact"
  if command -v repomix >/dev/null; then measure 'repomix' "$tree" 'repomix --quiet -o /dev/null .'; fi
  if command -v code2prompt >/dev/null; then measure 'code2prompt' "$tree" 'code2prompt --no-clipboard --quiet -O /dev/null .'; fi
  if command -v yek >/dev/null; then measure 'yek' "$tree" 'yek --tokens 1000000000 .'; fi
done
