// Millrace for the peers benchmark: set BENCH_ADAPTERS to the folder above this one.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RUNTIME_FLAGS } from '../../../bin/node24.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../../..');
const { launch, waitHttp, request, du, packageCount } = await import(pathToFileURL(path.join(process.env.PEERS_BENCH ?? path.join(ROOT, '../shared/peers-bench'), 'lib/harness.mjs')).href);

const node = (type, config = {}, rest = {}) => ({ type, version: 1, config, ...rest });
const setMark = () => node('change', { rules: [{ action: 'set', path: 'mark', value: 1 }] });
const fn = (code) => node('function', { code });

function flow(id, { nodes, wires, delivery }) {
  return { format: 'millrace.flow/1', id, name: id, delivery, nodes, wires: wires.map(([from, to]) => ({ from, to })), layout: {} };
}

const SEEN = 'msg.payload.seen = true;\nreturn msg;';
const TRANSFORM = `const d = msg.payload;
msg.payload = {
  id: d.id,
  lines: d.items.map((it) => \`\${it.sku} x\${it.qty} = \${(it.qty * it.price).toFixed(2)}\`),
  title: \`Order \${d.id} for \${d.customer.name} (\${d.customer.country})\`,
};
return msg;`;

const echo = (delivery) => flow('echo', {
  nodes: { in: node('webhook-in', { path: '/echo', method: 'POST', answer: 'wait' }), fn: fn(SEEN), out: node('http-response') },
  wires: [['in.out', 'fn.in'], ['fn.out-1', 'out.in']], delivery,
});

function chain(kind, delivery) {
  const nodes = { src: node('bench-source'), sink: node('bench-sink') };
  const wires = [];
  let from = 'src.out';
  for (let i = 0; i < 10; i++) {
    nodes[`h${i}`] = kind === 'function' ? fn('msg.mark = 1;\nreturn msg;') : setMark();
    wires.push([from, `h${i}.in`]);
    from = kind === 'function' ? `h${i}.out-1` : `h${i}.out`;
  }
  wires.push([from, 'sink.in']);
  return flow('hops', { nodes, wires, delivery });
}

function fanOut(delivery) {
  const nodes = { src: node('bench-source') };
  const wires = [];
  for (let i = 0; i < 10; i++) {
    nodes[`w${i}`] = node('bench-write');
    wires.push(['src.out', `w${i}.in`]);
  }
  return flow('fan', { nodes, wires, delivery });
}

/** The echo flow and `count` more nodes in chains of ten. */
function big(count, delivery) {
  const nodes = {};
  const wires = [];
  for (let i = 0; i < count; i++) {
    const kind = i % 3;
    nodes[`n${i}`] = { ...(kind === 0 ? fn('msg.mark = 1;\nreturn msg;') : kind === 1 ? setMark() : node('switch', { property: 'payload', rules: [{ op: 'not-empty' }] })), name: `step ${i}` };
    if (i % 10 !== 9 && i + 1 < count) wires.push([`n${i}.${kind === 1 ? 'out' : 'out-1'}`, `n${i + 1}.in`]);
  }
  const layout = Object.fromEntries(Object.keys(nodes).map((id, i) => [id, [120 + (i % 10) * 240, 60 + Math.floor(i / 10) * 90]]));
  return { ...flow('big', { nodes, wires, delivery }), layout };
}

const FLOWS = {
  'http-echo': (p, d) => [echo(d)],
  hops: (p, d) => [chain(p.variant.replace('-durable', ''), p.variant.endsWith('-durable') ? 'durable' : d)],
  'fan-out': (p, d) => [fanOut(d)],
  'function-cpu': (p, d) => [flow('cpu', { nodes: { src: node('bench-source'), fn: fn(TRANSFORM), sink: node('bench-sink') }, wires: [['src.out', 'fn.in'], ['fn.out-1', 'sink.in']], delivery: d })],
  start: (p, d) => [echo(d), ...(p.nodes > 3 ? [big(p.nodes - 3, d)] : [])],
  editor: (p, d) => [big(p.nodes, d)],
  timers: (p, d) => [flow('timers', { nodes: { src: node('bench-source'), wait: node('delay', { for: { $expr: 'delay' } }), sink: node('bench-sink') }, wires: [['src.out', 'wait.in'], ['wait.out', 'sink.in']], delivery: d })],
  'crash-loss': (p) => [flow('ingest', {
    nodes: { in: node('webhook-in', { path: '/ingest', method: 'POST' }), wait: node('delay', { for: '200ms' }), sink: node('bench-append', { file: p.sink }) },
    wires: [['in.out', 'wait.in'], ['wait.out', 'sink.in']], delivery: 'durable',
  })],
};
const VARIANTS = { hops: ['change', 'function'] };

export default {
  name: 'millrace',
  systems: ['millrace', 'millrace-durable'],
  variants: (workload) => VARIANTS[workload] ?? ['default'],
  size: () => ({ mb: du(path.join(ROOT, 'node_modules')), packages: packageCount(path.join(ROOT, 'node_modules')) }),
  version: () => JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version,

  async open(workload, params, ctx) {
    if (!FLOWS[workload]) return null;
    const delivery = ctx.system === 'millrace-durable' ? 'durable' : 'memory';
    const flows = path.join(ctx.dir, 'flows');
    if (!fs.existsSync(flows)) {
      for (const each of FLOWS[workload](params, delivery)) {
        fs.mkdirSync(path.join(flows, each.id), { recursive: true });
        fs.writeFileSync(path.join(flows, each.id, 'flow.json'), `${JSON.stringify(each, null, 2)}\n`);
      }
    }
    const command = workload === 'editor' ? 'serve' : 'run';
    const args = [...RUNTIME_FLAGS, path.join(ROOT, 'runtime/cli/main.ts'), command,
      '--flows', flows, '--data', path.join(ctx.dir, 'data'), '--port', String(ctx.port), '--nodes', path.join(HERE, 'nodes')];
    const p = launch(ctx.node, args, { cwd: ctx.dir, env: { NODE_COMPILE_CACHE: path.join(ctx.work, 'millrace-compile-cache') } });
    const base = `http://127.0.0.1:${ctx.port}`;
    const entry = { 'crash-loss': '/hook/ingest', editor: '/#/flows/big' }[workload] ?? '/hook/echo';
    const handle = {
      ...p,
      url: base + entry,
      ready: () => waitHttp(`${base}/health/ready`),
      run: async (q) => JSON.parse((await request(`${base}/hook/bench/run`, { method: 'POST', body: q })).text),
      editor: {
        url: base + entry,
        interactive: (n) => `document.querySelectorAll('.svelte-flow__node').length > 0 && document.querySelector('[data-ready]')?.dataset.ready === '${n}'`,
        canvas: '.svelte-flow__pane',
        node: '.svelte-flow__node',
      },
    };
    if (!params.raw) await handle.ready();
    return handle;
  },
};
