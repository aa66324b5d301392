import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../../..');
const SCRIPT = `import { SandboxSupervisor } from './runtime/sandbox/supervisor.ts';
const sandbox = new SandboxSupervisor();
const fn = await sandbox.open({ code: 'return { payload: msg.payload + 1 };', outputs: 1, timeoutMs: 5000, memoryMb: 32, node: { id: 'a', name: '' }, flow: 'f', env: {} });
process.stdout.write(JSON.stringify(await fn.call([{ id: 'm', nowMs: 0, body: { payload: 1 } }])));
await sandbox.close();
`;

test('the sandbox runs where the folder of packages is a link', () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-linked-'));
  try {
    mkdirSync(join(dir, 'packages'));
    for (const name of ['isolated-vm', 'node-gyp-build', 'acorn']) cpSync(join(ROOT, 'node_modules', name), join(dir, 'packages', name), { recursive: true });
    symlinkSync(join(dir, 'packages'), join(dir, 'node_modules'));
    for (const part of ['runtime', 'package.json']) cpSync(join(ROOT, part), join(dir, part), { recursive: true });
    writeFileSync(join(dir, 'run.ts'), SCRIPT);
    const told = execFileSync(process.execPath, ['--no-node-snapshot', 'run.ts'], { cwd: dir, encoding: 'utf8', timeout: 30_000, stdio: ['ignore', 'pipe', 'ignore'] });
    expect(JSON.parse(told)).toMatchObject([{ outputs: [[{ payload: 2 }]] }]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
