#!/usr/bin/env bash
# Measures Pixloom and its peers in turns on the same pictures; prints medians and ratios.   See benches/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

corpus=${PIXLOOM_CORPUS:-}
peers=${PIXLOOM_PEERS:-benches/peers}
pairs=${PIXLOOM_PAIRS:-5}
works=${PIXLOOM_WORKS:-thumb web full grade png-webp png-png chain8}
copies=${PIXLOOM_COPIES:-1}
python=${PIXLOOM_PYTHON:-python3}

# Links have a script of their own.
links=() pictures=()
for work in $works; do case $work in links-*) links+=("$work") ;; *) pictures+=("$work") ;; esac; done
if [ ${#links[@]} -gt 0 ]; then
  if [ -z "${PIXLOOM_BIN:-}" ]; then cargo build --release --locked ${PIXLOOM_CARGO_FEATURES-}; fi
  benches/links.sh "${PIXLOOM_BIN:-${CARGO_TARGET_DIR:-target}/release/pixloom}" "${links[@]}"
  works=${pictures[*]}
  if [ -z "$works" ]; then exit 0; fi
fi

if [ -z "$corpus" ] || ! compgen -G "$corpus/photos/*.jpg" >/dev/null; then
  echo "set PIXLOOM_CORPUS to a folder that holds photos/*.jpg; see benches/README.md" >&2
  exit 2
fi
command -v hyperfine >/dev/null || { echo "needs hyperfine (apt-get install hyperfine)" >&2; exit 2; }
corpus=$(cd "$corpus" && pwd)
if [ -z "${PIXLOOM_BIN:-}" ]; then cargo build --release --locked ${PIXLOOM_CARGO_FEATURES-}; fi
ours=${PIXLOOM_BIN:-${CARGO_TARGET_DIR:-target}/release/pixloom}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The works on PNG take the first few photographs, written without loss once.
pictures_of() {
  case $1 in
    png-*)
      if [ ! -d "$scratch/png" ]; then
        mkdir "$scratch/few"
        compgen -G "$corpus/photos/*.jpg" | sort | head -n 6 | while read -r photo; do ln -s "$photo" "$scratch/few/"; done
        "$ours" run "$scratch/few" -o "$scratch/png" --format png --catalog "$scratch/png.sqlite" >/dev/null 2>&1
      fi
      echo "$scratch/png"
      ;;
    *)
      if [ "$copies" -le 1 ]; then echo "$corpus/photos"; return; fi
      if [ ! -d "$scratch/photos" ]; then
        mkdir "$scratch/photos"
        for copy in $(seq "$copies"); do
          for photo in "$corpus"/photos/*.jpg; do ln -s "$photo" "$scratch/photos/$copy-${photo##*/}"; done
        done
      fi
      echo "$scratch/photos"
      ;;
  esac
}

# Everybody finds an empty folder; nobody waits for fsync, since no peer does.
quoted() { printf '%q ' "$@"; }
our_command() { # work pictures [more...]
  local steps work=$1 pictures=$2
  shift 2
  case $work in
    thumb) steps=(-s resize:long_edge=1024 --format jpeg --quality 85) ;;
    web)   steps=(-s resize:long_edge=2048 -s sharpen:sigma=1,amount=0.8 --format jpeg --quality 85) ;;
    full)  steps=(-s gaussian_blur:sigma=3 -s grayscale --format jpeg --quality 90) ;;
    grade)
      steps=(-s linear:scale=1.1,offset=-5 -s saturation:factor=1.2 -s sharpen:sigma=1,amount=0.8
        --format jpeg --quality 90)
      ;;
    chain8)
      steps=(-s brightness:amount=8 -s contrast:amount=10 -s gamma:value=1.1 -s saturation:factor=1.2
        -s linear:scale=0.95,offset=3 -s invert -s saturation:factor=0.9 -s invert --format jpeg --quality 85)
      ;;
    png-webp) steps=(--format webp --quality 80) ;;
    png-png)  steps=(-s resize:long_edge=2048 --format png) ;;
    *) echo "unknown work '$work': see benches/README.md" >&2; return 2 ;;
  esac
  quoted "$ours" run "$pictures" -o "$scratch/out" "${steps[@]}" --fast --catalog "$scratch/catalog.sqlite" "$@"
}
peer_command() { # runner file work pictures; the shell that hyperfine starts expands the pictures
  local pictures; printf -v pictures '%q/*.*g' "$4"
  printf '%s %s' "$(quoted "$1" "$2" "$3" "$scratch/out")" "$pictures"
}
runner_of() {
  case $1 in *.py) echo "$python" ;; *.js) echo node ;; *.sh) echo bash ;; *) echo "" ;; esac
}
emptied="rm -rf $(quoted "$scratch"/out "$scratch"/catalog.sqlite{,-wal,-shm})"

for work in $works; do
  rounds="$scratch/rounds/$work"; mkdir -p "$rounds"
  pictures=$(pictures_of "$work")
  sample=$(find -L "$pictures" -type f | sort | head -n 1)
  commands=(--command-name pixloom "$(our_command "$work" "$pictures")")
  if [ "$work" != png-webp ] && [ "$work" != png-png ]; then
    commands+=(--command-name 'pixloom, one worker' "$(our_command "$work" "$pictures" --workers 1)")
    # With one worker, reading and recording use another core; so this tells what a second core brings.
    if command -v taskset >/dev/null; then
      commands+=(--command-name 'pixloom, one core' "taskset -c 0 $(our_command "$work" "$pictures" --workers 1)")
    fi
  fi
  for peer in "$peers"/*.py "$peers"/*.js "$peers"/*.sh; do
    [ -f "$peer" ] || continue
    name=$(basename "$peer") runner=$(runner_of "$peer") status=0
    "$runner" "$peer" "$work" "$scratch/probe" "$sample" >/dev/null 2>&1 || status=$?
    case $status in
      0) commands+=(--command-name "${name%.*}" "$(peer_command "$runner" "$peer" "$work" "$pictures")") ;;
      3) ;; # It leaves this work to others.
      *) echo "note: $name does not run '$work' here; left out" >&2 ;;
    esac
  done
  echo "== $work: $pairs rounds, in turns" >&2
  for round in $(seq 0 "$pairs"); do # round 0 warms the disk's cache and is not counted
    hyperfine --runs 1 --style none --prepare "$emptied" --export-json "$rounds/$round.json" "${commands[@]}" \
      >/dev/null 2>"$rounds/log" || { cat "$rounds/log" >&2; exit 1; }
  done
  rm -f "$rounds/0.json"

  # Memory of the pictures as they are, and of a hundred times as many.
  if [ -n "${PIXLOOM_MEMORY:-}" ] && [ -x /usr/bin/time ]; then
    many="$scratch/many"; rm -rf "$many"; mkdir "$many"
    for copy in $(seq 1 "$PIXLOOM_MEMORY"); do
      for picture in "$pictures"/*.*g; do ln -s "$(realpath "$picture")" "$many/$copy-${picture##*/}"; done
    done
    for folder in "$pictures" "$many"; do
      eval "$emptied"
      eval "/usr/bin/time -f %M -o $(quoted "$scratch/peak") $(our_command "$work" "$folder") >/dev/null 2>&1"
      echo "$work, $(find -L "$folder" -type f | wc -l) pictures: peak memory $(($(cat "$scratch/peak") / 1024)) MB" >&2
    done
  fi
done

"$python" benches/table.py "$scratch/rounds" $works
