#!/usr/bin/env bash
# Installs the package of a build into a scratch prefix, builds a user's project against it, and
# checks what its program prints.   run.sh BUILD_DIR SOURCE_DIR CXX_FLAGS
set -euo pipefail
build=$1 source=$2 flags=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cmake --install "$build" --prefix "$scratch/prefix" >"$scratch/log" || { cat "$scratch/log"; exit 1; }
cmake -G Ninja -S "$source/tests/tools/package" -B "$scratch/user" -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_CXX_FLAGS="$flags" \
  -DOWN_COMPONENTS="$source/tools/examples/own_components" >"$scratch/log" 2>&1 &&
  cmake --build "$scratch/user" >"$scratch/log" 2>&1 || { cat "$scratch/log"; exit 1; }

printed=$("$scratch/user/user")
expected=$'tensor(31.)\ntensor([[ 6.,  0.],\n        [ 0., 12.]])\nit learns\nit draws\n12 optimizers, 11 models, 14 data sets, 12 schedules'
if [[ "$printed" != "$expected" ]]; then
  printf 'expected:\n%s\nprinted:\n%s\n' "$expected" "$printed"
  exit 1
fi
[[ $("$scratch/prefix/bin/gradus" list models) == *cnn:* ]]
"$scratch/prefix/bin/gradus" schema | cmp - "$scratch/prefix/share/gradus/config.schema.json"
[[ $("$scratch/user/own_components" list models) == *radial_basis:* ]]
"$scratch/user/own_components" train "$source/tools/examples/own_components/own_components.json" \
  --set epochs=1 --quiet --out "$scratch/run"
