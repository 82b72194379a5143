#!/bin/sh
# Install the real servers that full tests run against, where this may be done (root, or sudo without
# a password). Tests that lack their server say so in one line at the end; under CI=true they fail.
set -u

missing=
need() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || missing="$missing $2"; }
need unbound unbound
need nginx nginx-light
need prometheus prometheus
need promtool prometheus
need prometheus-blackbox-exporter prometheus-blackbox-exporter
need ip iproute2
need unshare util-linux
need systemd-analyze systemd
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need initdb postgresql

[ -n "$missing" ] || exit 0
command -v apt-get >/dev/null 2>&1 || { echo "not installed:$missing (no apt-get here)" >&2; exit 0; }

become=
if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || { echo "not installed:$missing (neither root nor sudo)" >&2; exit 0; }
    become="sudo -n"
fi

echo "installing$missing ..." >&2
# Debian starts what it installs; these are wanted for tests only, so nothing may be started.
policy=/usr/sbin/policy-rc.d
made=
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $become tee "$policy" >/dev/null && $become chmod 755 "$policy" && made=yes
fi
$become apt-get update -q >/dev/null 2>&1
# shellcheck disable=SC2086  # a list of words
$become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing >/dev/null 2>&1 \
    || echo "could not install all of:$missing" >&2
[ -z "$made" ] || $become rm -f "$policy"
exit 0
