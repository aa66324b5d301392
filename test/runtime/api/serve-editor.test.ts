import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ApiKit, codeOf } from '../../kit/api-kit.ts';

let kit: ApiKit;
let dir: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-editor-'));
  const editorDir = join(dir, 'dist');
  mkdirSync(join(editorDir, 'assets'), { recursive: true });
  writeFileSync(join(editorDir, 'index.html'), '<!doctype html><title>Millrace</title>');
  writeFileSync(join(editorDir, 'assets', 'main-abc123.js'), 'console.log(1)');
  writeFileSync(join(editorDir, 'assets', 'main-abc123.js.gz'), gzipSync('console.log(1)'));
  writeFileSync(join(editorDir, '.sources'), 'hash');
  writeFileSync(join(dir, 'outside.txt'), 'outside');
  kit = await new ApiKit({ editorDir }).open();
});
afterEach(async () => { await kit.close(); rmSync(dir, { recursive: true }); });

test('the page is asked for anew and may neither run foreign scripts nor be framed', async () => {
  for (const path of ['/', '/?theme=dark', '/index.html']) {
    const { status, headers, text } = await kit.ask({ path });
    expect([status, text, headers['content-type'], headers['cache-control']]).toEqual([200, '<!doctype html><title>Millrace</title>', 'text/html; charset=utf-8', 'no-cache']);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';.*frame-ancestors 'none'/);
    expect(headers['content-security-policy']).toContain("worker-src 'self'");
    expect(headers['content-security-policy']).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline/);
    expect([headers['x-content-type-options'], headers['x-frame-options'], headers['x-powered-by']]).toEqual(['nosniff', 'DENY', undefined]);
  }
});

test('a page that has not changed is not sent again', async () => {
  const { headers } = await kit.ask({ path: '/' });
  expect((await kit.ask({ path: '/', headers: { 'if-none-match': headers.etag! } })).status).toBe(304);
});

test('hashed files are kept for a year', async () => {
  const { status, headers, text } = await kit.ask({ path: '/assets/main-abc123.js' });
  expect([status, text, headers['content-type'], headers['cache-control']]).toEqual([200, 'console.log(1)', 'text/javascript; charset=utf-8', 'public, max-age=31536000, immutable']);
});

test('a compressed file goes to whoever can read it', async () => {
  const { headers, bytes } = await kit.ask({ path: '/assets/main-abc123.js', headers: { 'accept-encoding': 'br, gzip;q=0.8' } });
  expect([headers['content-encoding'], headers['content-type'], headers.vary]).toEqual(['gzip', 'text/javascript; charset=utf-8', 'accept-encoding']);
  expect(gunzipSync(bytes).toString()).toBe('console.log(1)');
});

test('nothing outside the folder and no hidden file is served', async () => {
  for (const path of ['/../outside.txt', '/..%2foutside.txt', '/assets/..%2f..%2foutside.txt', '/.sources', '/assets/%00.js', '/assets/missing.js', '/..%5coutside.txt', '/assets', '/flows/lead']) {
    const answer = await kit.ask({ path });
    expect([path, answer.status]).toEqual([path, 404]);
    expect([codeOf(answer), answer.headers['cache-control']]).toEqual(['request.not-found', 'no-store']);
  }
});
