import { expect, test } from 'vitest';
import type { FlowNode } from '../../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../../runtime/flow/node-info.ts';
import { curlOf } from '../../../editor/inspector/curl.ts';

const title = { en: 'x', ru: 'x' };
const info = {
  type: 'webhook-in', version: 1, role: 'source', title, category: 'source', icon: 'webhook', summary: title, help: title, replay: 'pure', inputs: {}, outputs: { fixed: {} },
  config: { path: { kind: 'text', title }, method: { kind: 'choice', title, default: 'POST' } }, examples: [],
} as unknown as NodeInfo;
const node = (config: FlowNode['config']): FlowNode => ({ type: 'webhook-in', version: 1, config });
const base = 'http://127.0.0.1:4880/hook';

test('posts a sample to the path', () => {
  expect(curlOf(node({ path: '/lead' }), info, base)).toContain("curl -i -X POST 'http://127.0.0.1:4880/hook/lead' \\\n  -H 'content-type: application/json'");
});

test('asks by GET without a body', () => {
  expect(curlOf(node({ path: '/price/:id', method: 'GET' }), info, base)).toBe("curl -i 'http://127.0.0.1:4880/hook/price/id'");
});

test('quotes what a shell would read', () => {
  const quoting = { ...info, examples: [{ name: 'e', config: {}, given: [{ body: { name: "O'Hara" } }] }] } as unknown as NodeInfo;
  expect(curlOf(node({ path: '/lead' }), quoting, base)).toContain(`{"name":"O'\\''Hara"}`);
});

test('there is none without a path, or for a node that serves none', () => {
  expect(curlOf(node({}), info, base)).toBeUndefined();
  expect(curlOf(node({ path: { $env: 'PATH' } }), info, base)).toBeUndefined();
  expect(curlOf(node({ path: '/lead' }), { ...info, role: 'action' }, base)).toBeUndefined();
});
