#!/usr/bin/env bash
# Measures Pixloom and its peers in turns on the same pictures; prints medians and ratios.   See benches/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

corpus=${PIXLOOM_CORPUS:-}
peers=${PIXLOOM_PEERS:-benches/peers}
pairs=${PIXLOOM_PAIRS:-5}
works=${PIXLOOM_WORKS:-thumb web full grade}
python=${PIXLOOM_PYTHON:-python3}

if [ -z "$corpus" ] || ! compgen -G "$corpus/photos/*.jpg" >/dev/null; then
  echo "set PIXLOOM_CORPUS to a folder that holds photos/*.jpg; see benches/README.md" >&2
  exit 2
fi
command -v hyperfine >/dev/null || { echo "needs hyperfine (apt-get install hyperfine)" >&2; exit 2; }
corpus=$(cd "$corpus" && pwd)
if [ -z "${PIXLOOM_BIN:-}" ]; then cargo build --release --locked; fi
ours=${PIXLOOM_BIN:-${CARGO_TARGET_DIR:-target}/release/pixloom}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Everybody finds an empty folder; nobody waits for fsync, since no peer does.
quoted() { printf '%q ' "$@"; }
our_command() {
  local steps
  case $1 in
    thumb) steps=(-s resize:long_edge=1024 --quality 85) ;;
    web)   steps=(-s resize:long_edge=2048 -s sharpen:sigma=1,amount=0.8 --quality 85) ;;
    full)  steps=(-s gaussian_blur:sigma=3 -s grayscale --quality 90) ;;
    grade) steps=(-s linear:scale=1.1,offset=-5 -s saturation:factor=1.2 -s sharpen:sigma=1,amount=0.8 --quality 90) ;;
    *)     echo "unknown work '$1': thumb, web, full or grade" >&2; return 2 ;;
  esac
  quoted "$ours" run "$corpus/photos" -o "$scratch/out" "${steps[@]}" --format jpeg --fast --catalog "$scratch/catalog.sqlite"
}
peer_command() { # runner file work; the shell that hyperfine starts expands the pictures
  local pictures; printf -v pictures '%q/photos/*.jpg' "$corpus"
  printf '%s %s' "$(quoted "$1" "$2" "$3" "$scratch/out")" "$pictures"
}
runner_of() {
  case $1 in *.py) echo "$python" ;; *.js) echo node ;; *) echo "" ;; esac
}

usable=()
sample=$(compgen -G "$corpus/photos/*.jpg" | head -n 1)
for peer in "$peers"/*.py "$peers"/*.js; do
  [ -f "$peer" ] || continue
  runner=$(runner_of "$peer")
  if command -v "$runner" >/dev/null 2>&1 && "$runner" "$peer" thumb "$scratch/probe" "$sample" >/dev/null 2>&1; then
    usable+=("$peer")
  else
    echo "note: $(basename "$peer") does not run here; left out" >&2
  fi
done

for work in $works; do
  rounds="$scratch/$work"; mkdir -p "$rounds"
  ours_now=$(our_command "$work")
  echo "== $work: $pairs rounds, in turns" >&2
  for round in $(seq 0 "$pairs"); do # round 0 warms the disk's cache and is not counted
    commands=(--command-name pixloom "$ours_now")
    for peer in "${usable[@]}"; do
      name=$(basename "$peer"); name=${name%.*}
      commands+=(--command-name "$name" "$(peer_command "$(runner_of "$peer")" "$peer" "$work")")
    done
    hyperfine --runs 1 --style none --prepare "rm -rf $(quoted "$scratch/out" "$scratch/catalog.sqlite"*)" \
      --export-json "$rounds/$round.json" "${commands[@]}" >/dev/null 2>"$rounds/log" || { cat "$rounds/log" >&2; exit 1; }
  done
  rm -f "$rounds/0.json"
done

"$python" benches/table.py "$scratch" $works
