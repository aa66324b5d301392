import { expect, test } from 'vitest';
import { importsOf, sourceFiles, type Import, type SourceFile } from './kit/source-files.ts';

/**
 * Who may import whom. The arrow goes flow ← sdk ← journal, store, sandbox, expression ← project, driver ← runtime.ts ←
 * api ← cli; nodes see only the sdk, the editor only the flow document and the API's types, and nothing imports test.
 */
interface Rule {
  /** A file, or a folder with everything in it. The longest that fits a file is its rule. */
  readonly zone: string;
  /** Files and folders of the project; `types: ` before one lets only its types in. */
  readonly may: readonly string[];
  /** Modules of Node and packages; `*` stands for any ending. */
  readonly packages?: readonly string[];
  /** What to do instead of importing what is not there. */
  readonly instead: string;
}

const LEAVES = ['runtime/assert.ts', 'runtime/errors.ts', 'runtime/limits.ts', 'runtime/json-text.ts', 'runtime/tagged.ts', 'runtime/clock.ts', 'runtime/random.ts', 'runtime/observe.ts', 'runtime/hash.ts', 'runtime/sibling.ts', 'runtime/token-bucket.ts', 'runtime/make-folder.ts', 'runtime/slots.ts'];
const PURE_LEAVES = ['runtime/assert.ts', 'runtime/errors.ts', 'runtime/limits.ts', 'runtime/json-text.ts'];
const CONTRACT = 'types: runtime/api/contract.ts';
const NODE = 'node:*';

const LEAF_RULES: readonly Rule[] = LEAVES.map((zone) => ({
  zone, may: ['types: runtime/flow', ...(zone === 'runtime/json-text.ts' ? ['runtime/limits.ts'] : [])], packages: ['node:crypto', 'node:url', 'node:path', ...(zone === 'runtime/make-folder.ts' ? ['node:fs'] : [])], instead: 'a leaf knows nobody; let the caller pass in what it needs',
}));

const RUNTIME_RULES: readonly Rule[] = [
  { zone: 'runtime/flow', may: PURE_LEAVES, instead: 'the flow document is pure and also runs in the browser; take what you need as an argument' },
  { zone: 'runtime/sdk', may: ['runtime/flow', ...PURE_LEAVES, 'runtime/sibling.ts'], instead: 'the sdk is only types and declarations; what acts comes to a node through ctx' },
  { zone: 'runtime/engine', may: ['runtime/flow', 'types: runtime/sdk', 'types: runtime/journal', ...PURE_LEAVES], instead: 'the engine decides and does nothing; time, ids and storage come in as arguments from runtime/driver' },
  { zone: 'runtime/journal', may: ['runtime/flow', ...LEAVES], packages: ['node:sqlite', 'node:worker_threads', 'node:fs', 'node:path'], instead: 'the journal knows rows only; the driver turns messages into rows' },
  { zone: 'runtime/store', may: ['runtime/flow', ...LEAVES], packages: [NODE, 'mongodb'], instead: 'the store keeps documents; the project decides what they mean' },
  { zone: 'runtime/expression', may: ['runtime/flow', 'runtime/sdk', ...LEAVES], packages: ['jsonata'], instead: 'expressions are computed from values; let the driver pass them in' },
  { zone: 'runtime/sandbox', may: ['runtime/flow', 'runtime/sdk', ...LEAVES], packages: [NODE, 'isolated-vm', 'acorn'], instead: 'the sandbox runs code on messages; the driver brings them' },
  { zone: 'runtime/modules', may: ['runtime/flow', 'runtime/sdk', 'runtime/sandbox/bundle.ts', ...LEAVES], packages: [NODE, 'rolldown', 'acorn'], instead: 'it makes texts of packages; running them is the sandbox\'s' },
  { zone: 'runtime/http-out', may: ['runtime/flow', 'runtime/sdk', ...LEAVES], packages: [NODE, 'undici'], instead: 'it sends requests; who sends and why is the driver\'s' },
  { zone: 'runtime/schedule', may: ['runtime/flow', 'runtime/sdk', 'runtime/journal', ...LEAVES], packages: [NODE, 'agenda'], instead: 'a schedule only emits a message through what the driver passes in' },
  { zone: 'runtime/host.ts', may: ['types: runtime/flow', CONTRACT], packages: ['node:http'], instead: 'it is the contract between project, driver and API: types only' },
  { zone: 'runtime/project', may: ['runtime/flow', 'runtime/sdk', 'runtime/store', 'types: runtime/host.ts', CONTRACT, ...LEAVES], packages: [NODE], instead: 'the project handles documents; running them is asked of the FlowHost of runtime/host.ts' },
  { zone: 'runtime/driver', may: ['runtime/flow', 'runtime/sdk', 'runtime/engine', 'runtime/journal', 'runtime/store', 'runtime/expression', 'runtime/sandbox', 'runtime/http-out', 'runtime/schedule', 'types: runtime/host.ts', CONTRACT, ...LEAVES], packages: [NODE], instead: 'the driver runs flows; documents come in through ProjectValues, answers go out through FlowHost' },
  { zone: 'runtime/backup', may: ['types: runtime/journal', ...LEAVES], packages: [NODE], instead: 'a backup copies files; what stands in them is the journal\'s and the store\'s' },
  { zone: 'runtime/runtime.ts', may: ['runtime/backup', 'runtime/flow', 'runtime/sdk', 'runtime/engine', 'runtime/journal', 'runtime/store', 'runtime/expression', 'runtime/sandbox', 'runtime/http-out', 'runtime/schedule', 'runtime/driver', 'runtime/project', 'runtime/modules', 'runtime/host.ts', ...LEAVES], packages: [NODE], instead: 'it composes the runtime without knowing nodes or API; runtime/cli brings those' },
  { zone: 'runtime/case-match.ts', may: ['runtime/flow'], instead: 'comparing what came with what was expected needs values only' },
  { zone: 'runtime/virtual-clock.ts', may: ['types: runtime/clock.ts'], instead: 'it stands in for the clock and knows nobody else' },
  { zone: 'runtime/cases.ts', may: ['runtime/runtime.ts', 'runtime/case-match.ts', 'runtime/virtual-clock.ts', 'runtime/flow', 'types: runtime/sdk', ...LEAVES], packages: ['node:fs', 'node:path'], instead: 'cases drive the runtime through its door, as a person would' },
  { zone: 'runtime/api', may: ['runtime/runtime.ts', 'runtime/host.ts', 'runtime/project', 'runtime/flow', 'types: runtime/sdk', 'runtime/sdk/node-failure.ts', 'types: runtime/store', ...LEAVES], packages: [NODE, 'express', 'socket.io', 'ajv', 'ajv/*'], instead: 'the API is a thin layer over ProjectDoor and FlowHost; ask one of them' },
  { zone: 'runtime/api/contract.ts', may: ['types: runtime/flow'], instead: 'the contract is types only, because the editor reads it' },
  { zone: 'runtime/cli', may: ['runtime/runtime.ts', 'runtime/modules', 'runtime/backup', 'runtime/cases.ts', 'runtime/host.ts', 'runtime/api', 'runtime/project', 'runtime/flow', 'runtime/sdk', 'runtime/journal/port.ts', 'runtime/journal/salvage.ts', 'nodes/index.ts', ...LEAVES], packages: [NODE, 'pino'], instead: 'commands use runtime.ts and the project; put logic there' },
];

const NODE_RULE = (category: string): Rule => ({
  zone: `nodes/${category}`, may: [`nodes/${category}`, 'runtime/sdk/index.ts'], packages: ['*'], instead: 'a node has only the sdk and its own category; what two categories share belongs into the sdk',
});

const EDITOR_BASE = ['editor/i18n', 'editor/model', 'editor/state', 'editor/api'];
const EDITOR_KNOWS = ['runtime/flow', CONTRACT, 'runtime/errors.ts', 'runtime/assert.ts', 'runtime/limits.ts'];
const WIDGETS = ['svelte', 'svelte/*', 'bits-ui', '@lucide/svelte', '@lucide/svelte/*', '@codemirror/*', '@lezer/*', 'codemirror', 'paneforge', 'svelte-sonner', '@tanstack/svelte-virtual'];

const EDITOR_RULES: readonly Rule[] = [
  { zone: 'editor', may: ['editor', ...EDITOR_KNOWS], packages: ['svelte', '@fontsource-variable/*', 'svelte-sonner'], instead: 'the top only mounts the views' },
  { zone: 'editor/vite.config.ts', may: [], packages: [NODE, 'vite', '@sveltejs/vite-plugin-svelte'], instead: 'the build needs no code of the editor' },
  { zone: 'editor/svelte.config.js', may: [], packages: ['@sveltejs/vite-plugin-svelte'], instead: 'the build needs no code of the editor' },
  { zone: 'editor/i18n', may: [...EDITOR_KNOWS], packages: ['svelte', 'svelte/*'], instead: 'messages are words; pass values in' },
  { zone: 'editor/model', may: [...EDITOR_KNOWS], packages: ['@dagrejs/dagre'], instead: 'the model is plain TypeScript without Svelte; what reacts belongs into editor/state' },
  { zone: 'editor/api', may: [...EDITOR_KNOWS], packages: ['socket.io-client'], instead: 'it only talks to the server; editor/state keeps what was answered' },
  { zone: 'editor/state', may: [...EDITOR_BASE, ...EDITOR_KNOWS], packages: ['svelte', 'svelte/*'], instead: 'state is shown by the domains, it does not know them' },
  { zone: 'editor/shared', may: [...EDITOR_BASE, ...EDITOR_KNOWS], packages: WIDGETS, instead: 'a shared control is told what to show by properties' },
  { zone: 'editor/shared/typing', may: ['editor/shared', ...EDITOR_BASE, ...EDITOR_KNOWS], packages: ['typescript', 'typescript/*', 'svelte', 'svelte/*'], instead: 'the type worker reads code and types; what it needs to know of the flow comes with the question' },
  { zone: 'editor/views', may: ['editor', ...EDITOR_KNOWS], packages: WIDGETS, instead: 'a view puts domains together' },
];

/** Packages that one domain alone may know. */
const DOMAIN_PACKAGES: { readonly [domain: string]: readonly string[] } = {
  canvas: ['@xyflow/svelte', '@xyflow/svelte/*'],
  inspector: ['jsonata'], // shows what an expression gives for the last message
};

const DOMAIN_RULE = (domain: string): Rule => ({
  zone: `editor/${domain}`, may: [`editor/${domain}`, 'editor/shared', ...EDITOR_BASE, ...EDITOR_KNOWS], packages: [...WIDGETS, ...(DOMAIN_PACKAGES[domain] ?? [])],
  instead: 'a domain does not know another; let editor/views pass it in, or move what both need to editor/shared or editor/state',
});

const TOOLS: readonly Rule[] = [
  { zone: 'bin', may: ['runtime', 'nodes/index.ts'], packages: ['*'], instead: 'what a tool shares with the product belongs into the product' },
  { zone: 'bench', may: ['runtime', 'nodes', 'bin'], packages: ['*'], instead: 'a bench measures the product, not its tests' },
];

const RULES: readonly Rule[] = [...LEAF_RULES, ...RUNTIME_RULES, ...EDITOR_RULES, ...TOOLS];

function ruleOf(path: string): Rule | undefined {
  if (path === 'nodes/index.ts') return { zone: path, may: ['nodes', 'types: runtime/sdk'], instead: 'it is made by npm run generate' };
  const [top, folder, ...rest] = path.split('/');
  if (top === 'nodes' && folder) return NODE_RULE(folder);
  const rule = RULES.filter(({ zone }) => within(path, zone)).toSorted((a, b) => b.zone.length - a.zone.length)[0];
  return rule?.zone === 'editor' && rest.length > 0 ? DOMAIN_RULE(folder ?? '') : rule;
}

const within = (path: string, zone: string): boolean => path === zone || path.startsWith(`${zone}/`);
const fits = (name: string, pattern: string): boolean => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern);
const isOwnFile = (target: string): boolean => /^(runtime|nodes|editor|test|bin|bench|flows|docs)\//.test(target);

function complaintOf(file: SourceFile, { target, typeOnly }: Import): string | undefined {
  const rule = ruleOf(file.path);
  if (!rule) return `${file.path}: no rule in test/architecture.test.ts says what this folder may import; add one`;
  if (isOwnFile(target) && target !== file.path) {
    const open = [rule.zone, ...rule.may].some((may) => (may.startsWith('types: ') ? typeOnly && within(target, may.slice(7)) : within(target, may)));
    return open ? undefined : told(file, { target, typeOnly }, rule);
  }
  if (isOwnFile(target)) return undefined;
  return (rule.packages ?? []).some((pattern) => fits(target, pattern)) ? undefined : told(file, { target, typeOnly }, rule);
}

function told(file: SourceFile, { target, typeOnly }: Import, rule: Rule): string {
  const list = [...new Set([...rule.may, ...(rule.packages ?? [])])].join(', ') || 'nothing';
  return `${file.path} imports ${typeOnly ? 'types of ' : ''}${target}. ${rule.zone} may import: ${list}. Instead: ${rule.instead}.`;
}

const complaints = (files: readonly SourceFile[]): string[] => files.flatMap((file) => importsOf(file).map((each) => complaintOf(file, each))).filter((each) => each !== undefined);

test('every import goes along the arrow', () => {
  expect(complaints(sourceFiles('runtime', 'nodes', 'editor', 'bin', 'bench')).join('\n')).toBe('');
});

test.each([
  ['runtime/flow/parse.ts', "import { readFileSync } from 'node:fs';"],
  ['runtime/flow/parse.ts', "import type { Row } from '../journal/rows.ts';"],
  ['runtime/engine/retry.ts', "import { systemClock } from '../clock.ts';"],
  ['runtime/engine/retry.ts', "import { open } from '../journal/journal.ts';"],
  ['runtime/store/store.ts', "import { x } from '../sdk/index.ts';"],
  ['runtime/project/x.ts', "import { serve } from '../api/server.ts';"],
  ['runtime/driver/x.ts', "import express from 'express';"],
  ['runtime/runtime.ts', "const all = await import('../nodes/index.ts');"],
  ['runtime/api/x.ts', "export { journal } from '../journal/journal.ts';"],
  ['runtime/cli/x.ts', "import '../../test/kit/needs.ts';"],
  ['nodes/sink/debug.ts', "import { limits } from '../../runtime/limits.ts';"],
  ['nodes/sink/debug.ts', "import switchNode from '../logic/switch.ts';"],
  ['editor/palette/List.svelte', "  import Card from '../canvas/Card.svelte';"],
  ['editor/palette/List.svelte', "  import { Handle } from '@xyflow/svelte';"],
  ['editor/model/edit.ts', "import { mount } from 'svelte';"],
  ['editor/shared/Button.svelte', "  import View from '../views/View.svelte';"],
  ['runtime/novel/x.ts', "import { a } from 'b';"],
])('%s may not say %j', (path, text) => {
  expect(complaints([{ path, text }])).toHaveLength(1);
});

test.each([
  ['runtime/engine/retry.ts', "import type { Row } from '../journal/rows.ts';"],
  ['runtime/host.ts', "import type { RunSummary } from './api/contract.ts';"],
  ['nodes/sink/debug.ts', "import {\n  defineNode,\n  field,\n} from '../../runtime/sdk/index.ts';"],
  ['editor/views/EditorView.svelte', "  import Canvas from '../canvas/Canvas.svelte';"],
  ['editor/canvas/Canvas.svelte', "  import { Handle } from '@xyflow/svelte';"],
])('%s may say %j', (path, text) => {
  expect(importsOf({ path, text })).toHaveLength(1);
  expect(complaints([{ path, text }])).toEqual([]);
});
