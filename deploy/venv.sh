#!/bin/sh
# Make or renew a virtual environment: venv.sh DIR REQUIREMENTS
# Takes the first Python >= 3.11 it finds (or $PYTHON), installs the pins by hash, then this project.
set -eu
dir=$1
pins=$2

modern() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if ! { [ -x "$dir/bin/python" ] && modern "$dir/bin/python" && "$dir/bin/python" -m pip --version >/dev/null 2>&1; }; then
    found=
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
        if modern "$candidate"; then found=$candidate; break; fi
    done
    if [ -z "$found" ]; then
        echo "platform-monitor needs Python 3.11 or newer; none was found on PATH (set PYTHON=...)" >&2
        exit 1
    fi
    rm -rf "$dir"
    if ! "$found" -m venv "$dir" >/dev/null 2>&1; then
        # Debian ships venv as a package of its own.
        rm -rf "$dir"
        package=$("$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        become=
        [ "$(id -u)" = 0 ] || become="sudo -n"
        echo "installing $package ..." >&2
        if ! { $become apt-get update -q && $become env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package"; } >/dev/null 2>&1; then
            echo "cannot make a virtual environment: install $package (apt install $package) and try again" >&2
            exit 1
        fi
        "$found" -m venv "$dir"
    fi
fi

[ -t 2 ] && echo "setting up $dir ..." >&2
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pins"
"$dir/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
