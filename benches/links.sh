#!/usr/bin/env bash
# Measures fetching against curl, wget2 and img2dataset in turns, from a server of this machine that waits 50 ms.
# Called by run.sh for the works `links-*`.   See benches/README.md.
set -euo pipefail
cd "$(dirname "$0")/.."

ours=$1; shift
server=${PIXLOOM_SERVER:-}
corpus=${PIXLOOM_CORPUS:-}
pairs=${PIXLOOM_PAIRS:-5}
delay_ms=${PIXLOOM_DELAY_MS:-50}
if [ ! -x "$server" ] || ! compgen -G "$corpus/small/*.jpg" >/dev/null; then
  echo "set PIXLOOM_SERVER to the slow server and PIXLOOM_CORPUS to a folder with small/*.jpg; see benches/README.md" >&2
  exit 2
fi
server=$(realpath "$server") corpus=$(realpath "$corpus") ours=$(realpath "$ours")
img2dataset=$(command -v "${PIXLOOM_IMG2DATASET:-img2dataset}" || true)

scratch=$(mktemp -d)
servers=()
stop() { for one in "${servers[@]}"; do kill "$one" 2>/dev/null || true; done; rm -rf "$scratch"; }
trap stop EXIT
cd "$scratch"
ulimit -n "$(ulimit -H -n)"

serve() { # folder delay_ms; leaves the port in $port
  port=$((20000 + RANDOM % 20000))
  "$server" "$port" "$2" "$1" >/dev/null 2>&1 &
  servers+=($!)
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return; sleep 0.05; done
  echo "the server doesn't answer" >&2; exit 3
}
lists() { # count; for the port
  seq 0 $(($1 - 1)) | sed "s|.*|http://127.0.0.1:$port/i/&.jpg|" >urls
  seq 0 $(($1 - 1)) | sed "s|.*|url=http://127.0.0.1:$port/i/&.jpg\noutput=out/&.jpg|" >curl.conf
}
measured() { # work program count command...
  local work=$1 program=$2 count=$3 status=0; shift 3
  # ext4 looks long for room for new files while many were removed in the last five seconds.
  rm -rf out catalog.sqlite*; mkdir out; sleep 6
  /usr/bin/time -f '%e %U %S %M' -o time "$@" >/dev/null 2>log || status=$?
  local files; files=$(find out -type f -size +0 | wc -l)
  if [ "$status" != 0 ] || { [ "$program" != img2dataset ] && [ "$files" != "$count" ]; }; then
    echo "note: $program on $work: status $status, $files of $count files" >&2
  fi
  # Work, program, wall, CPU per 1,000 URLs, peak MB.
  tail -n 1 time | awk -v w="$work" -v p="$program" -v n="$count" \
    '{printf "%s\t%s\t%.2f\t%.3f\t%d\n", w, p, $1, ($2+$3)*1000/n, $4/1024}' | tee -a results >&2
}
fetch() { # work connections options...
  local work=$1 n=$2; shift 2
  measured "$work" pixloom "$count" "$ours" run --urls urls -o out --connections "$n" --per-host "${per_host:-$n}" --robots never \
    --fast --catalog catalog.sqlite "$@"
}

serve "$corpus/small" "$delay_ms"
slow=$port
for work in "$@"; do
  port=$slow count=${PIXLOOM_LINKS:-5000}
  case $work in
    links-64 | links-256)
      n=${work#links-}; lists "$count"
      for _ in $(seq "$pairs"); do
        fetch "$work" "$n"
        measured "$work" curl "$count" curl -sZ --parallel-max "$n" -K curl.conf
        if command -v wget2 >/dev/null; then
          measured "$work" wget2 "$count" wget2 -q --max-threads="$n" -P out -nH --cut-dirs=1 -i urls
        fi
      done
      ;;
    links-resize)
      lists "$count"
      for _ in $(seq "$pairs"); do
        fetch "$work" 64 -s resize:long_edge=256 --format jpeg
        if [ -n "$img2dataset" ]; then
          measured "$work" img2dataset "$count" "$img2dataset" --url_list urls --output_folder out --image_size 256 \
            --resize_mode keep_ratio --thread_count 64 --processes_count 2
        fi
      done
      ;;
    links-stalled) # 10,000 links of a host that takes them and never answers, before and among as many good ones
      python3 -c 'import socket,time
s=socket.socket(); s.bind(("127.0.0.1",0)); s.listen(4096); print(s.getsockname()[1],flush=True); kept=[]
while True: kept.append(s.accept())' >dead.port & servers+=($!)
      until [ -s dead.port ]; do sleep 0.05; done
      dead=$(cat dead.port) count=${PIXLOOM_LINKS:-10000}
      lists "$count"; cp urls good
      seq 0 $((count - 1)) | sed "s|.*|http://127.0.0.1:$dead/&|" >stalled
      per_host=32 fetch "$work-alone" 64 # as below, where the other half is the stalled host's
      cat stalled good >urls
      rm -rf out catalog.sqlite*; mkdir out
      began=$(date +%s.%N)
      "$ours" run --urls urls -o out --connections 64 --per-host 32 --robots never --fast --catalog catalog.sqlite \
        >/dev/null 2>log & running=$!
      until [ "$(find out -name '[0-9]*' -type f | wc -l)" -ge "$count" ]; do sleep 0.1; done
      echo "$work: $count good links beside $count stalled ones took" \
        "$(awk -v a="$began" -v b="$(date +%s.%N)" 'BEGIN{printf "%.2f", b-a}') s" >&2
      kill -INT "$running"; wait "$running" || true
      ;;
    links-million)
      # Begins like the picture it is called: anything else would be refused.
      mkdir -p thousand; { printf '\377\330\377\340\0\020JFIF\0'; head -c 989 /dev/zero; } >thousand/0.jpg
      serve "$scratch/thousand" 0
      count=${PIXLOOM_LINKS:-1000000}; lists "$count"
      # How many are done every second, so that the first tenth can be told from the last.
      fetch "$work" 64 --json --tree flat --name '{index:07}' --memory 64MiB &
      fetching=$!
      sleep 1
      while kill -0 "$fetching" 2>/dev/null; do
        sleep 1; echo "$(date +%s.%N) $(find out -type f 2>/dev/null | wc -l)"
      done >progress
      wait "$fetching"
      awk -v n="$count" 'function at(k,  i){for(i=1;i<=NR;i++)if(c[i]>=k)return t[i]; return t[NR]}
        {t[NR]=$1;c[NR]=$2} END{printf "first tenth from 2%% on: %.1f s, last tenth to 98%%: %.1f s\n",
        at(0.10*n)-at(0.02*n), at(0.98*n)-at(0.90*n)}' progress >&2
      ;;
    *) echo "unknown work '$work': see benches/README.md" >&2; exit 2 ;;
  esac
done

python3 - results <<'PY'
import collections, statistics, sys
rows = collections.defaultdict(list)
for line in open(sys.argv[1]):
    work, program, *numbers = line.rstrip("\n").split("\t")
    rows[work, program].append([float(number) for number in numbers])
print("| work | program | seconds, median | CPU seconds per 1,000 links | peak memory |")
print("| --- | --- | --- | --- | --- |")
for (work, program), runs in rows.items():
    wall, cpu, peak = (statistics.median(column) for column in zip(*runs))
    print(f"| {work} | {program} | {wall:.2f} | {cpu:.3f} | {peak:.0f} MB |")
PY
