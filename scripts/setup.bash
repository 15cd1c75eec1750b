# Switch the environment on in this shell: `source scripts/setup.bash [--with LAYER]...`
# (docs/set_up.md lists them).
# Sets it up first when it is not there; uses /opt/ros/jazzy where that exists.

_groot_ros_python() {
    local candidate
    for candidate in "${GROOT_ROS_PYTHON:-}" /usr/bin/python3.12 \
        "${PYENV_ROOT:-${HOME}/.pyenv}"/versions/3.12*/bin/python3.12 \
        "$(type -P python3.12)" "$(type -P python3)" "$(uv python find 3.12 2>/dev/null)"; do
        if [ -x "${candidate}" ] && "${candidate}" -c \
            'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 12))' 2>/dev/null; then
            printf '%s\n' "${candidate}"
            return 0
        fi
    done
    echo 'Python 3.12 with its venv module was not found (looked at GROOT_ROS_PYTHON, PATH, pyenv' \
        'and uv). On Ubuntu 24.04: sudo apt install python3.12-venv python3.12-dev' >&2
    return 1
}

_groot_ros_setup() {
    local root python lines
    root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
    if [ -f /opt/ros/jazzy/setup.bash ]; then
        source /opt/ros/jazzy/setup.bash
    fi
    python="$(_groot_ros_python)" || return 1
    lines="$("${python}" -E -s -B "${root}/environment/prepare.py" "$@")" || return 1
    eval "${lines}"
}

_groot_ros_setup "$@"
