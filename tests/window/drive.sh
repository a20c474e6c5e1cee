#!/usr/bin/env bash
# Gives a command a screen, a session bus, the accessibility bus and a window manager of its own, and takes them away
# again.   usage: drive.sh COMMAND [ARG]...
set -euo pipefail

if [ "${PIXLOOM_SCREEN:-}" != inside ]; then
  export PIXLOOM_SCREEN=inside
  exec xvfb-run --auto-servernum --server-args="-screen 0 1440x900x24 -nolisten tcp" \
    dbus-run-session -- "$0" "$@"
fi

unset WAYLAND_DISPLAY WAYLAND_SOCKET
export LIBGL_ALWAYS_SOFTWARE=1 NO_AT_BRIDGE=0 XDG_SESSION_TYPE=x11

# Only processes begun here end here.
started=()
finish() { for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done; }
trap finish EXIT

for launcher in /usr/libexec/at-spi-bus-launcher /usr/lib/at-spi2-core/at-spi-bus-launcher; do
  if [ -x "$launcher" ]; then "$launcher" --launch-immediately & started+=($!); break; fi
done

# Programs publish their widgets only while somebody reads them.
deadline=$((SECONDS + 20))
until dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \
    string:org.a11y.Status string:IsEnabled variant:boolean:true >/dev/null 2>&1; do
  if [ $SECONDS -ge $deadline ]; then echo "no accessibility bus" >&2; exit 77; fi
  read -rt 0.1 <> <(:) || true
done

openbox >/dev/null 2>&1 & started+=($!)

status=0
"$@" || status=$?
exit $status
