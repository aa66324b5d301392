import { statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { RequestHandler } from 'express';

/** Serves the built editor: hashed files for a year, the page itself asked for anew each time. Files that the build compressed are sent so. */

const PAGE = 'index.html';
const YEAR = 'public, max-age=31536000, immutable';
const ENCODINGS = [['br', '.br'], ['gzip', '.gz']] as const;

export function serveEditor(dir: string): RequestHandler {
  return (request, response, next) => {
    const name = fileOf(request.path);
    const found = request.method === 'GET' || request.method === 'HEAD' ? find(dir, name, request.headers['accept-encoding'] ?? '') : undefined;
    if (!found) { next(); return; }
    response.type(extname(name));
    response.set({ vary: 'accept-encoding', etag: found.etag, 'cache-control': name.startsWith('assets/') ? YEAR : 'no-cache' });
    if (found.encoding) response.set('content-encoding', found.encoding);
    response.sendFile(found.file, { root: dir, dotfiles: 'ignore', cacheControl: false, lastModified: false });
  };
}

/** The page finds its own places behind the `#`, so that it has one address only. */
const fileOf = (path: string): string => (path === '/' ? PAGE : decodeURIComponent(path).slice(1));

interface Found { readonly file: string; readonly etag: string; readonly encoding?: string }

function find(dir: string, name: string, accepted: string): Found | undefined {
  // A stranger chose the name. Hidden files and everything outside the folder are not there.
  if (/(^|[\\/])\.|\0/.test(name)) return undefined;
  const offered = accepted.split(',').map((part) => part.split(';')[0]?.trim());
  for (const [encoding, ending] of ENCODINGS) {
    const file = offered.includes(encoding) ? look(dir, name + ending) : undefined;
    if (file) return { ...file, encoding };
  }
  return look(dir, name);
}

function look(dir: string, file: string): Found | undefined {
  const stat = statSync(join(dir, file), { throwIfNoEntry: false });
  return stat?.isFile() ? { file, etag: `"${stat.size.toString(36)}-${stat.mtimeMs.toString(36)}"` } : undefined;
}
