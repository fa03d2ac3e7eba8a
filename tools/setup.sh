# shellcheck shell=bash
# What tools/train, tools/test and .ci/run share: it gets what Gradus is built with, and builds it.
# To be sourced, under `set -euo pipefail`. All that it says goes to stderr.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# One requirement a line: its role, the Debian package, how to find it where there is no dpkg,
# and what it is.
readonly requirements='
build g++                   tool:c++                    the C++20 compiler
build cmake                 tool:cmake                  CMake, 3.25 or newer
build ninja-build           tool:ninja                  Ninja
build libdnnl-dev           header:oneapi/dnnl/dnnl.hpp oneDNN, 2.6 or newer
build libtbb-dev            header:oneapi/tbb.h         oneTBB
build nlohmann-json3-dev    header:nlohmann/json.hpp    JSON for Modern C++
build libcli11-dev          header:CLI/CLI.hpp          CLI11
build librandom123-dev      header:Random123/philox.h   Random123
build zlib1g-dev            header:zlib.h               zlib
build libzip-dev            header:zip.h                libzip
build libpng-dev            header:png.h                libpng
build libjpeg62-turbo-dev   header:jpeglib.h            libjpeg-turbo
build libprotobuf-dev       header:google/protobuf/message_lite.h Protocol Buffers, for ONNX
build protobuf-compiler     tool:protoc                 their compiler
build libxxhash-dev         header:xxhash.h             xxHash
data  dataset-fashion-mnist file:/usr/share/datasets/fashion-mnist Fashion-MNIST, the training data
test  libgtest-dev          header:gtest/gtest.h        GoogleTest
test  python3-jsonschema    file:/usr/lib/python3/dist-packages/jsonschema jsonschema, which checks our schema
test  python3-onnx          file:/usr/lib/python3/dist-packages/onnx ONNX, which checks what we export
peer  libtorch-dev          header:torch/csrc/api/include/torch/torch.h LibTorch, to compare with
peer  libopenblas0-openmp   file:/usr/lib/x86_64-linux-gnu/openblas-openmp OpenBLAS on the threads of LibTorch
bench libbenchmark-dev      header:benchmark/benchmark.h Google Benchmark
fuzz  clang                 tool:clang++                clang
fuzz  libclang-rt-dev       clang:-fsanitize=address,fuzzer-no-link its sanitizers and libFuzzer
fuzz  libomp-dev            clang:-fopenmp              OpenMP for clang
ci    ccache                tool:ccache                 the compiler cache
ci    clang-format          tool:clang-format           the formatter
'

# The caller, with the folder that it is in: tools/train.
program=${0#"${0%/*/*}"/}
say() { echo "$program: $*" >&2; }

has() { command -v "$1" >/dev/null; }

# Runs a command and shows what it printed only if it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  if ((status != 0)); then cat "$log" >&2; fi
  rm -f "$log"
  return "$status"
}

is_found() {
  case $1 in
    tool:*) has "${1#tool:}" ;;
    header:*) echo "#include <${1#header:}>" | "${CXX:-c++}" -x c++ -std=c++20 -E - ;;
    file:*) [[ -e ${1#file:} ]] ;;
    clang:*) echo "int main() {}" | clang++ -x c++ "${1#clang:}" - -o /dev/null ;;
  esac &>/dev/null
}

# require ROLE...: returns once all that those roles need is there; exits if it cannot be had.
require() {
  local roles=" $* " apt='' installed='' role package probe what state table=''
  local -a missing=()
  if has apt-get && has dpkg-query; then
    apt=yes
    # shellcheck disable=SC2016 # dpkg-query expands these
    installed=$(dpkg-query --show --showformat '${db:Status-Status} ${Package},')
  fi

  while read -r role package probe what; do
    if [[ -z $role || $roles != *" $role "* ]]; then continue; fi
    state=found
    if [[ -n $apt ]]; then
      [[ $installed == *"installed $package,"* ]] || state=missing
    else
      is_found "$probe" || state=missing
    fi
    if [[ $state == missing ]]; then missing+=("$package"); fi
    table+=$(printf '  %-8s %-22s %s (%s)' "$state" "$package" "$what" "$probe")$'\n'
  done <<<"$requirements"

  if ((${#missing[@]} == 0)); then return; fi
  if [[ -z $apt ]]; then
    say "this system has no apt; install what is missing here (the names are Debian's):"
    printf '%s' "$table" >&2
    exit 1
  fi
  apt_install "${missing[@]}"
}

apt_install() {
  local package by_hand="apt-get update && apt-get install --no-install-recommends $*"
  local -a as_root=()
  if ((EUID != 0)); then as_root=(sudo); fi
  if ((EUID != 0)) && ! has sudo; then
    say "packages are missing, and there is no sudo to install them with; as root, run:"
    echo "  $by_hand" >&2
    exit 1
  fi

  say "installing $* (apt)"
  if quietly apt_update_install "$@"; then return; fi
  for package; do
    apt-cache show "$package" &>/dev/null || say "this release has no package $package"
  done
  say "could not install these packages, which Debian 12 and 13 have; by hand, as root, it is:"
  echo "  $by_hand" >&2
  exit 1
}

# An update can fail over a source that has nothing to do with Gradus: only the install counts.
apt_update_install() {
  "${as_root[@]}" apt-get update -q || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy \
    --no-install-recommends -o DPkg::Lock::Timeout=600 "$@"
}

# Makes two runs that start together build one after the other. For subshells: the lock is held
# until the subshell ends.
enter_build() {
  cd "$root" || exit
  mkdir -p build
  exec 9>build/.lock
  if has flock; then flock 9; fi
}

# configure PRESET [VARIABLE=VALUE...]: CMake re-runs itself when a CMakeLists.txt has changed; this
# is for what it does not see: a new build directory, changed presets, a variable of another value.
configure() (
  enter_build
  preset=$1 dir=build/$1
  shift
  stale=
  if [[ ! -e $dir/build.ninja || CMakePresets.json -nt $dir/build.ninja ]]; then stale=yes; fi
  for setting; do
    grep -qs "^${setting%%=*}:[A-Z]*=${setting#*=}\$" "$dir/CMakeCache.txt" || stale=yes
  done
  if [[ -z $stale ]]; then return; fi

  if has ccache; then
    export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  fi
  if ! quietly cmake --preset "$preset" "${@/#/-D}"; then
    rm -f "$dir/build.ninja" # The cache may have changed: the next run is to try again.
    exit 1
  fi
)

# build PRESET [TARGET]: says nothing when there is nothing to do.
build() (
  enter_build
  export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS-pch_defines,time_macros} # for precompiled headers
  cmake --build --preset "$1" ${2:+--target "$2"} 2>&1 | show_progress "building${2:+ $2} ($1)" >&2
)

# Passes on the errors and warnings in a build's output, and makes one line of its progress: on a
# terminal a line that counts and then goes, elsewhere just that there is something to build.
show_progress() {
  local line working='' rewind=''
  if [[ -t 1 ]]; then rewind=$'\r\e[K'; fi
  while IFS= read -r line; do
    case $line in
      "[0/"* | "-- "* | "ninja: no work to do.") ;;
      "["[1-9]*/*"] "*)
        if [[ -n $rewind ]]; then
          printf '%s%s: %s %s' "$rewind" "$program" "$1" "${line%%]*}]"
        elif [[ -z $working ]]; then
          echo "$program: $1"
        fi
        working=yes
        ;;
      *) printf '%s%s\n' "${working:+$rewind}" "$line" ;;
    esac
  done
  printf '%s' "${working:+$rewind}"
}
