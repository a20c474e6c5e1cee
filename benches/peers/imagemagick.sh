#!/usr/bin/env bash
# ImageMagick, one process per core.   usage: imagemagick.sh WORK OUT_DIR FILE...
set -euo pipefail

work=$1 out=$2
shift 2
mkdir -p "$out"
export MAGICK_THREAD_LIMIT=1 # a picture per core beats a core's share of every picture
program=$(command -v magick || echo /usr/bin/convert)
saturated() { # factor
  awk -v f="$1" 'BEGIN {
    split("0.2126 0.7152 0.0722", luma, " ")
    for (y = 1; y <= 3; y++) for (x = 1; x <= 3; x++) printf "%g ", (1 - f) * luma[x] + (x == y ? f : 0)
  }'
}
case $work in
  chain8)
    suffix=jpg
    # The contrast of 10 is tan(pi/4 * 1.1) * v + what keeps the middle.
    options=(-evaluate add 8% -function polynomial 1.1708496,-0.0854248 -gamma 1.1 -color-matrix "$(saturated 1.2)"
      -function polynomial 0.95,0.0117647 -negate -color-matrix "$(saturated 0.9)" -negate
      -sampling-factor 4:2:0 -quality 85)
    ;;
  png-webp) suffix=webp options=(-quality 80) ;;
  png-png) suffix=png options=(-filter Lanczos -resize '2048x2048>' -define png:compression-level=3) ;;
  *) exit 3 ;;
esac
one() {
  local name=${1##*/}
  "$program" "$1" -auto-orient "${options[@]}" "$out/${name%.*}.$suffix"
}
running=0
for file in "$@"; do
  one "$file" &
  running=$((running + 1))
  if [ "$running" -ge "$(nproc)" ]; then
    wait -n
    running=$((running - 1))
  fi
done
wait
