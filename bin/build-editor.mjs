// Builds the editor into editor/dist when it is missing or older than its sources. Run it directly to build in any case.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const DIST = join(ROOT, 'editor', 'dist');
const STAMP = join(DIST, '.sources');
// What the editor's code is made of: its own folder, the flow document, the API's contract and the versions of its packages.
const SOURCES = ['editor/**/*', 'runtime/flow/**/*', 'runtime/api/contract.ts', 'runtime/*.ts', 'package-lock.json', 'bin/build-editor.mjs'];
const COMPRESSED = /\.(js|css|html|svg|json|map)$/;
const COMPRESS_FROM_BYTES = 1024; // below it the header costs more than is saved

/** Hash of everything that goes into the build. */
function hashSources() {
  const hash = createHash('sha256');
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'dist' || name === 'node_modules' }));
  for (const file of files.sort()) {
    const path = join(ROOT, file);
    if (statSync(path).isFile()) hash.update(file).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex');
}

/** `fresh` may be served; `absent`: there is neither a build nor sources to make one from. */
export function editorState() {
  const built = existsSync(join(DIST, 'index.html'));
  if (!existsSync(join(ROOT, 'editor', 'vite.config.ts'))) return built ? 'fresh' : 'absent';
  return built && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === hashSources() ? 'fresh' : 'stale';
}

function compress(dir) {
  for (const name of globSync('**/*', { cwd: dir })) {
    const path = join(dir, name);
    if (!COMPRESSED.test(name) || statSync(path).size < COMPRESS_FROM_BYTES) continue;
    const bytes = readFileSync(path);
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }));
  }
}

/** Builds beside the old one and puts it in place at the end, so that a build cut short leaves nothing half done. */
export async function buildEditor() {
  const { build } = await import('vite');
  const hash = hashSources(); // taken before: a file changed during the build makes it stale
  const out = join(ROOT, 'node_modules', '.cache', `editor-${process.pid}`);
  try {
    await build({ root: join(ROOT, 'editor'), configFile: join(ROOT, 'editor', 'vite.config.ts'), logLevel: 'error', build: { outDir: out, emptyOutDir: true } });
    compress(out);
    writeFileSync(join(out, '.sources'), hash);
    replaceDist(out);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function replaceDist(out) {
  rmSync(DIST, { recursive: true, force: true });
  try {
    renameSync(out, DIST);
  } catch {
    mkdirSync(DIST, { recursive: true }); // node_modules on another disk
    cpSync(out, DIST, { recursive: true });
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await buildEditor();
  process.stdout.write(`Editor built in ${relative(process.cwd(), DIST) || '.'}\n`);
}
