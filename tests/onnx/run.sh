#!/usr/bin/env bash
# Exports models and has ONNX check them and ONNX Runtime run them: run.sh CASES FOLDER
#   CASES   the program onnx_cases
#   FOLDER  where to work; ONNX Runtime is installed there once, from the npm registry
# Where a tool or the registry is missing, nothing is tested: that exits with 77, which ctest reports
# as skipped, and with 1 where CI is set, which has to test it.
set -euo pipefail
cases=$(realpath "$1") folder=$2
source=$(cd "$(dirname "$0")" && pwd)
python=/usr/bin/python3

skip() {
  echo "onnx: NOT TESTED: $*" >&2
  if [[ -n ${CI:-} ]]; then exit 1; fi
  exit 77
}

for tool in node npm; do
  command -v $tool >/dev/null || skip "there is no $tool, which runs ONNX Runtime"
done
"$python" -c 'import onnx' 2>/dev/null || skip "there is no python3-onnx, which checks the format"

mkdir -p "$folder"
cd "$folder"
if ! cmp -s "$source/package-lock.json" package-lock.json || [[ ! -e installed ]]; then
  rm -rf node_modules installed
  cp "$source"/package{,-lock}.json "$source/.npmrc" .
  # The package has the library within it; its install script is for GPUs.
  if ! timeout 300 npm ci --ignore-scripts --no-audit --no-fund >npm.log 2>&1; then
    tail -n 5 npm.log >&2
    skip "npm could not install onnxruntime-node"
  fi
  touch installed
fi

rm -rf cases
mkdir cases
ln -s ../node_modules cases/node_modules
"$cases" cases
"$python" "$source/check.py" cases
node "$source/check.mjs" cases
rm -rf cases
