#!/bin/sh
# Makes .venv from a list of requirements with hashes, with uv where it is there, else with pip.
# The package index is the one that the user's own uv or pip configuration names.
set -eu

requirements=$1
python=${PYTHON:-python3}

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "Python 3.11 was not found. Install it, or name it: make setup PYTHON=/path/to/python3.11"
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    fail "$("$python" --version) is not Python 3.11. Install it, or name it: make setup PYTHON=/path/to/python3.11"

install_with_uv() {
    uv venv --quiet --clear --python "$python" .venv &&
        uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$requirements"
}

install_with_pip() {
    rm -rf .venv
    # Debian keeps ensurepip in a package of its own; any pip from outside can fill a bare environment, too.
    if "$python" -m venv .venv >/dev/null 2>&1; then
        pip=".venv/bin/python -m pip"
    elif "$python" -m pip --python "$python" --version >/dev/null 2>&1; then
        "$python" -m venv --clear --without-pip .venv || fail "Python's venv module does not work: install python3-venv."
        pip="$python -m pip --python .venv/bin/python"
    else
        fail "Neither uv nor pip nor ensurepip is there. On Debian and Ubuntu: apt-get install python3-venv"
    fi
    $pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
}

echo "Setting up .venv …"
if command -v uv >/dev/null; then
    install_with_uv || { echo "uv did not manage; trying pip …" >&2; install_with_pip; }
else
    install_with_pip
fi
