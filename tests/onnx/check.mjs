// Runs the exported cases of a folder in ONNX Runtime and compares with what Gradus computed:
//   node check.mjs FOLDER
// A case passes where no element differs by more than 1e-5, or by 1e-5 of the largest one.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2]);
const ort = createRequire(join(folder, 'node_modules/x.js'))('onnxruntime-node');
const TOLERANCE = 1e-5;

const TYPES = {
  '<f4': ['float32', Float32Array],
  '<f8': ['float64', Float64Array],
  '<i8': ['int64', BigInt64Array],
  '|u1': ['uint8', Uint8Array],
  '|b1': ['bool', Uint8Array],
};

function readNpy(path) {
  const file = readFileSync(path);
  const length = file.readUInt16LE(8);
  const header = file.toString('latin1', 10, 10 + length);
  const [type, Elements] = TYPES[/'descr': '([^']+)'/.exec(header)[1]];
  const dims = /'shape': \(([^)]*)\)/.exec(header)[1].match(/\d+/g)?.map(Number) ?? [];
  const bytes = file.subarray(10 + length);
  const data = new Elements(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return { type, dims, data };
}

function firstRows(array, rows) {
  const row = array.dims.slice(1).reduce((a, b) => a * b, 1);
  return { ...array, dims: [rows, ...array.dims.slice(1)], data: array.data.slice(0, rows * row) };
}

// The largest difference and the largest magnitude.
function compare(found, expected) {
  if (found.type !== expected.type) throw new Error(`is ${found.type}, not ${expected.type}`);
  if (found.dims.join() !== expected.dims.join()) {
    throw new Error(`has shape [${found.dims}], not [${expected.dims}]`);
  }
  let difference = 0;
  let scale = 0;
  for (let i = 0; i < expected.data.length; ++i) {
    const a = Number(found.data[i]);
    const b = Number(expected.data[i]);
    if (Object.is(a, b) || a === b) {
      if (Number.isFinite(b)) scale = Math.max(scale, Math.abs(b));
      continue;
    }
    const distance = Math.abs(a - b);
    difference = Math.max(difference, Number.isNaN(distance) ? Infinity : distance);
    if (Number.isFinite(b)) scale = Math.max(scale, Math.abs(b));
  }
  return { difference, scale };
}

async function check(each) {
  const path = join(folder, each.file);
  const session = await ort.InferenceSession.create(`${path}.onnx`, {
    executionProviders: ['cpu'],
    intraOpNumThreads: 2,
  });
  if (session.inputNames.join() !== 'input' || session.outputNames.join() !== 'output') {
    throw new Error(`has inputs ${session.inputNames} and outputs ${session.outputNames}`);
  }
  const input = readNpy(`${path}.input.npy`);
  const expected = readNpy(`${path}.output.npy`);
  let worst = { difference: 0, scale: 0, relative: 0 };
  for (const batch of each.batches) {
    const part = firstRows(input, batch);
    const whole = batch === input.dims[0];
    const feed = { input: new ort.Tensor(part.type, part.data, part.dims) };
    const { output } = await session.run(feed);
    const wanted = whole ? expected : firstRows(expected, (expected.dims[0] / input.dims[0]) * batch);
    const result = compare(output, wanted);
    result.relative = result.difference / Math.max(1, result.scale);
    if (!(result.relative < worst.relative)) worst = result;
  }
  await session.release?.();
  return worst;
}

const cases = JSON.parse(readFileSync(join(folder, 'manifest.json')));
const groups = new Map();
let failed = 0;
for (const each of cases) {
  try {
    const worst = await check(each);
    const kind = each.name.split(' ')[0];
    groups.set(kind, Math.max(groups.get(kind) ?? 0, worst.relative));
    const text = `${each.name}: ${worst.difference.toExponential(1)} of ${worst.scale.toPrecision(3)}`;
    if (worst.relative <= TOLERANCE) {
      if (kind === 'model') console.log(text);
    } else {
      console.log(`FAILED ${text}`);
      ++failed;
    }
  } catch (error) {
    console.log(`FAILED ${each.name}: ${error.message}`);
    ++failed;
  }
}
for (const [kind, most] of groups) console.log(`${kind}s: at most ${most.toExponential(1)}`);
console.log(`${cases.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && cases.length > 0 ? 0 : 1);
