#!/usr/bin/env bash
# Installs what Convoy is built with and needs to run: Debian 12, Debian 13, Ubuntu 24.04, as root or with sudo.
# Asks nothing, installs only what is missing, and does nothing at all (in well under a second) when all is there.
# Usage: install_packages.sh [--for-tests]   (--for-tests, as root: Slurm too, of which the tests start one of their own;
# as another user the same as without, since those tests need root)
# Exit status: 0 everything is there, 2 something is missing and could not be installed (the last lines say what to do).
set -euo pipefail

# PROGRAM:PACKAGE is satisfied by the program from wherever it comes, PACKAGE alone only by the package.
wanted=(
  git:git g++:g++ cmake:cmake ninja:ninja-build python3:python3 pkg-config:pkgconf
  mpicxx:libopenmpi-dev mpirun:openmpi-bin
  ca-certificates python3-pip xz:xz-utils ip:iproute2
  libhdf5-dev libcsv-dev libdnnl-dev libyaml-cpp-dev libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev
  libsentencepiece-dev libpcre2-dev libutf8proc-dev libxxhash-dev libhwloc-dev libgtest-dev
  libspng-dev libjpeg-dev zlib1g-dev
)

fail() {
  printf 'install_packages: %s\n' "$@" >&2
  exit 2
}

case "${1-}" in
  --for-tests) ((EUID != 0)) || wanted+=(slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge) ;;
  "") ;;
  *) fail "'$1' is no option; the only one is --for-tests" ;;
esac

installed() { [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

list_missing() {
  local entry program
  for entry in "${wanted[@]}"; do
    program=${entry%%:*}
    if [[ $entry == *:* ]] && command -v "$program" >/dev/null; then continue; fi
    installed "${entry##*:}" || echo "${entry##*:}"
  done
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this machine has no apt; Debian 12, Debian 13 and Ubuntu 24.04 are supported" \
    "elsewhere install what these packages hold, then build with: cmake --preset cpu && cmake --build --preset cpu" \
    "${wanted[*]##*:}"
fi

mapfile -t missing < <(list_missing)
if ((${#missing[@]} == 0)); then
  echo "Packages: all there."
  exit 0
fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
if ((EUID != 0)); then
  command -v sudo >/dev/null || fail "missing packages: ${missing[*]}" \
    "not root, and there is no sudo; as root run: apt-get install --no-install-recommends ${missing[*]}"
  # Without a terminal sudo could only wait for a password that nobody types.
  [[ -t 0 ]] || sudo -n true 2>/dev/null || fail "missing packages: ${missing[*]}" \
    "sudo wants a password and there is no terminal; run this script in a terminal, or as root"
  as_root=(sudo "${as_root[@]}")
fi
apt=("${as_root[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)

echo "Packages: installing ${#missing[@]} of ${#wanted[@]}: ${missing[*]}"
"${apt[@]}" update || fail "apt-get update failed: is the network there, and is /etc/apt/sources.list right?"

unknown=()
for package in "${missing[@]}"; do
  [[ -n $(apt-cache search --names-only "^${package//+/\\+}\$") ]] || unknown+=("$package")
done
((${#unknown[@]} == 0)) || fail "apt knows no package named: ${unknown[*]}" \
  "on Ubuntu enable the universe component (add-apt-repository universe); on Debian use release 12 or 13"

"${apt[@]}" install --yes --no-install-recommends "${missing[@]}" >/dev/null ||
  fail "apt-get could not install: ${missing[*]}" "its own message is above; a full disk and a broken mirror are the usual reasons"

mapfile -t missing < <(list_missing)
((${#missing[@]} == 0)) || fail "still missing after installation: ${missing[*]}"
echo "Packages: done."
