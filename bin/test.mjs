// npm test: builds the editor when it is missing or stale (tests open it in a browser), then runs vitest with the arguments given.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEditor, editorState } from './build-editor.mjs';

if (editorState() === 'stale') {
  process.stdout.write('Building the editor…\n');
  await buildEditor();
}
const vitest = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', 'vitest', 'vitest.mjs');
const child = spawn(process.execPath, [...process.execArgv, vitest, 'run', ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
