import { fieldOrDefault } from '../../runtime/flow/evaluate-rule.ts';
import type { FlowNode } from '../../runtime/flow/flow.ts';
import type { NodeInfo } from '../../runtime/flow/node-info.ts';

/** A line that sends a sample request to a source which serves a path; undefined for any other node. */
export function curlOf(node: FlowNode, info: NodeInfo, hookBase: string): string | undefined {
  if (info.role !== 'source' || info.config['path'] === undefined) return undefined;
  const path = fieldOrDefault(node.config, info.config, 'path');
  if (typeof path !== 'string' || path === '') return undefined;
  const method = methodOf(node, info);
  const url = `${hookBase.replace(/\/$/, '')}/${path.replace(/^\//, '').replace(/:(\w+)/g, '$1')}`;
  if (method === 'GET' || method === 'DELETE') return `curl -i${method === 'GET' ? '' : ` -X ${method}`} ${quoted(url)}`;
  return `curl -i -X ${method} ${quoted(url)} \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(sampleOf(info)))}`;
}

function methodOf(node: FlowNode, info: NodeInfo): string {
  const value = fieldOrDefault(node.config, info.config, 'methods') ?? fieldOrDefault(node.config, info.config, 'method');
  const methods = (Array.isArray(value) ? value : [value]).filter((each): each is string => typeof each === 'string');
  return methods.includes('POST') ? 'POST' : methods[0] ?? 'POST';
}

/** The payload that the type's own first example gives, else a small lead. */
function sampleOf(info: NodeInfo): unknown {
  for (const { given } of info.examples) {
    const body = given[0]?.['body'] ?? given[0]?.['payload'];
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body;
  }
  return { name: 'Ada', phone: '+79000001234', email: 'ada@example.test' };
}

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
