import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { RequestHandler } from 'express';

/** Serves the built editor: hashed files for a year, the page itself asked for anew each time. Files that the build compressed are sent so. */

const PAGE = 'index.html';
const YEAR = 'public, max-age=31536000, immutable';
const ENCODINGS = [['br', '.br'], ['gzip', '.gz']] as const;

export function serveEditor(dir: string): RequestHandler {
  return (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') { next(); return; }
    const name = fileOf(request.path);
    const sent = compressed(dir, name, request.headers['accept-encoding'] ?? '');
    response.type(extname(name));
    response.setHeader('vary', 'accept-encoding');
    response.setHeader('cache-control', name.startsWith('assets/') ? YEAR : 'no-cache');
    if (sent.encoding) response.setHeader('content-encoding', sent.encoding);
    response.sendFile(sent.file, { root: dir, dotfiles: 'ignore', cacheControl: false, lastModified: false }, (error) => {
      if (!error || response.headersSent) return;
      for (const header of ['content-encoding', 'content-type', 'cache-control']) response.removeHeader(header);
      next();
    });
  };
}

/** Addresses without an ending are places inside the editor, which its page finds by itself. */
function fileOf(path: string): string {
  const name = decodeURIComponent(path).slice(1);
  return extname(name) === '' ? PAGE : name;
}

function compressed(dir: string, name: string, accepted: string): { readonly file: string; readonly encoding?: string } {
  // The root that `sendFile` keeps to is checked here too: the name is a stranger's.
  if (name.includes('..') || name.includes('\0')) return { file: name };
  const offered = accepted.split(',').map((part) => part.split(';')[0]?.trim());
  for (const [encoding, ending] of ENCODINGS) {
    if (offered.includes(encoding) && existsSync(join(dir, name + ending))) return { file: name + ending, encoding };
  }
  return { file: name };
}
