// What function nodes cost beside Node-RED's on the same machine, in one run: messages/s and CPU of all processes for each message, through one
// node at three sizes and through ten in a row, of small messages and of large ones whose large key the code does not name.
//
//     PEERS_DIR=<folder of installed peers> node bench/peers/function-cost.mjs [--rounds 3] [--systems node-red,millrace]
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));
if (!process.env.PEERS_DIR) {
  console.error('Set PEERS_DIR to the folder where the peers are installed; see the README of the benchmark of peers.');
  process.exit(2);
}
process.env.BENCH_ADAPTERS ??= HERE;
const lib = (name) => import(pathToFileURL(path.join(process.env.PEERS_BENCH ?? path.join(HERE, '../../../shared/peers-bench'), 'lib', name)).href);
const { options, systems, interleave, withSystem, cpuMs, median } = await lib('harness.mjs');
const { document, order } = await lib('payloads.mjs');

const o = options({ systems: ['node-red', 'millrace'], rounds: 3, n: 30000 });
const ONE = [['0.3 KB', order()], ['1 KB', document(1024)], ['20 KB', document(20480)]].map(([size, body]) => {
  const text = JSON.stringify(body);
  return { name: `one node, ${size}`, workload: 'function-cpu', variant: 'default', text, n: text.length > 10_000 ? o.n / 3 : o.n };
});
const CELLS = [
  ...ONE,
  { name: 'ten in a row, tiny', workload: 'hops', variant: 'function', n: o.n },
  { name: 'ten in a row, 20 KB', workload: 'hops', variant: 'function', text: JSON.stringify(document(20480)), n: o.n / 3 },
];
const figures = new Map();

await interleave(await systems(o.systems), o.rounds, async (adapter, system) => {
  for (const { name, workload, variant, text, n } of CELLS) {
    await withSystem(adapter, system, workload, { variant }, async (s) => {
      const question = { window: 1000, ...(text && { text }) };
      await s.run({ ...question, n: Math.ceil(n / 5) });
      const before = cpuMs(s.pid);
      const { ms } = await s.run({ ...question, n });
      const key = `${name} | ${system}`;
      const seen = figures.get(key) ?? figures.set(key, { perSecond: [], cpuUs: [] }).get(key);
      seen.perSecond.push((n / ms) * 1000);
      seen.cpuUs.push(((cpuMs(s.pid) - before) * 1000) / n);
    });
  }
});

console.log(`${'messages/s and CPU µs of all processes for each, medians'.padEnd(66)}`);
for (const { name } of CELLS) {
  for (const system of o.systems) {
    const seen = figures.get(`${name} | ${system}`);
    if (seen) console.log(`${name.padEnd(22)} ${system.padEnd(18)} ${Math.round(median(seen.perSecond)).toLocaleString('en').padStart(10)}/s ${median(seen.cpuUs).toFixed(1).padStart(10)} µs`);
  }
}
process.exit(0);
