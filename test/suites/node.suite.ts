import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { nodeFailureCodes } from '../../runtime/errors.ts';
import { outputsOf } from '../../runtime/flow/evaluate-rule.ts';
import { ERROR_PORT, type Flow } from '../../runtime/flow/flow.ts';
import type { FieldInfo, NodeExample, PortInfo } from '../../runtime/flow/node-info.ts';
import { validateFlow } from '../../runtime/flow/validate.ts';
import type { Body, ConnectionDefinition, NodeDefinition, Text } from '../../runtime/sdk/index.ts';
import { tryNode, type KitOptions } from '../kit/node-kit.ts';
import { SimHttp } from '../kit/sim-http.ts';
import { startSource } from '../kit/source-kit.ts';

/**
 * What every node type keeps, from its own declaration and examples. A third party runs it over its own:
 *
 *     nodeSuite(definition, { connection: async () => client });
 */
export interface SuiteOptions extends Pick<KitOptions, 'sandbox' | 'env' | 'secrets'> {
  /** A fresh client for one example. */
  readonly connection?: (type: string) => Promise<{ readonly client: unknown; close(): Promise<void> }>;
}

export function nodeSuite(definition: NodeDefinition, options: SuiteOptions = {}): void {
  const { info } = definition;
  describe(info.type, () => {
    test('names itself and all that a person sees, in both languages', () => expect(textProblems(textsOf(definition))).toEqual([]));
    test('shows an icon that exists', () => expect(iconExists(info.icon), `no Lucide icon "${info.icon}"`).toBe(true));
    test('has persisted names of the right form', () => expect(nameProblems(definition)).toEqual([]));
    test('names only its own fields in conditions, in its line and its ports', () => expect(unknownFields(definition)).toEqual([]));
    test('has an example and a way to take each old version to the newest', () => {
      expect(info.examples.length).toBeGreaterThan(0);
      for (let version = 1; version < info.version; version++) expect(definition.migrations[version], `migration from ${version}`).toBeTypeOf('function');
    });
    // What its pace turns away ends by the name of the type.
    if (definition.pace) test('explains what its pace drops', () => expect(info.drops).toHaveProperty(info.type));
    for (const example of info.examples) exampleTests(definition, example, options);
  });
}

export function connectionSuite(definition: ConnectionDefinition): void {
  const { info } = definition;
  describe(`connection ${info.type}`, () => {
    test('names itself and all that a person sees, in both languages', () => {
      expect(textProblems([['title', info.title], ['summary', info.summary], ['help', info.help], ...fieldTexts(info.config, 'config')])).toEqual([]);
    });
    test('shows an icon that exists', () => expect(iconExists(info.icon)).toBe(true));
  });
}

function exampleTests(definition: NodeDefinition, example: NodeExample, options: SuiteOptions): void {
  const { info } = definition;
  test(`example: ${example.name}`, async () => {
    const ports = outputsOf(info, example.config);
    for (const port of Object.keys(example.emits ?? {})) expect(Object.keys(ports), `port ${port}`).toContain(port);
    const { emits, codes } = await runExample(definition, example, options);
    expect(codes).toEqual(example.fails === undefined ? [] : [example.fails]);
    expect(plain(emits)).toEqual(example.emits ?? {});
  });
  test(`example twice gives the same: ${example.name}`, async () => {
    const first = await runExample(definition, example, options);
    const second = await runExample(definition, example, options);
    expect(plain(second.emits)).toEqual(plain(first.emits));
    expect(second.codes).toEqual(first.codes);
  });
  // An example may fail because of its config; any other must be one that deploys.
  if (example.fails === undefined) test(`example deploys: ${example.name}`, () => expect(deployProblems(definition, example)).toEqual([]));
  if (example.fails !== undefined) {
    test(`explains the failure ${example.fails}`, () => expect([...Object.keys(info.failures ?? {}), ...Object.keys(nodeFailureCodes)]).toContain(example.fails));
  }
}

function deployProblems({ info }: NodeDefinition, example: NodeExample): unknown[] {
  const named = (kind: FieldInfo['kind']): string[] => Object.entries(info.config).filter(([, each]) => each.kind === kind).flatMap(([name]) => (example.config[name] ?? []) as string | string[]);
  const types = Object.values(info.config).flatMap((each) => each.connection ?? []);
  const others = Object.fromEntries(named('nodes').map((id) => [id, { type: info.type, version: info.version, config: {}, disabled: true }]));
  const flow: Flow = {
    format: 'millrace.flow/1', id: 'flow', name: 'Flow', delivery: 'durable', wires: [], layout: {},
    uses: Object.fromEntries(named('connection').map((name) => [name, types[0] ?? ''])),
    nodes: { ...others, example: { type: info.type, version: info.version, config: example.config } },
  };
  return validateFlow(flow, { nodes: { [info.type]: info }, connections: {} }).filter((each) => each.where.node === 'example').map(({ code, where, message }) => ({ code, field: where.field, message: message.en }));
}

interface Outcome { readonly emits: { readonly [port: string]: readonly Body[] }; readonly codes: readonly string[] }

async function runExample(definition: NodeDefinition, example: NodeExample, options: SuiteOptions): Promise<Outcome> {
  const opened: { close(): Promise<void> }[] = [];
  const connection = async (): Promise<unknown> => {
    const type = Object.values(definition.info.config).find((each) => each.kind === 'connection')?.connection ?? '';
    const first = opened[0] as { client: unknown } | undefined;
    if (first) return first.client;
    if (!options.connection) throw new Error(`this suite gives the node no connection of type ${type}`);
    const fresh = await options.connection(type);
    opened.push(fresh);
    return fresh.client;
  };
  const kit: KitOptions = { ...options, connection, config: example.config, fetch: new SimHttp().fetch, links: ECHO };
  try {
    return await (definition.start ? runSource(definition, example, kit) : runAction(definition, example, kit));
  } finally {
    for (const each of opened) await each.close();
  }
}

/** What is at the other end of every link: it adds by which link a message came. */
const ECHO: NonNullable<KitOptions['links']> = { send: async () => undefined, call: async (to, body) => ({ ...body, link: to }) };

async function runAction(definition: NodeDefinition, example: NodeExample, kit: KitOptions): Promise<Outcome> {
  const { emits, failures } = await tryNode(definition, structuredClone(example.given) as readonly Body[], kit);
  return { emits, codes: failures.map((failure) => failure.code) };
}

/** A source with a route gets each given as a request; one with a button is pressed once for each. What comes to a link-in node by a link leaves it as it is. */
async function runSource(definition: NodeDefinition, example: NodeExample, kit: KitOptions): Promise<Outcome> {
  if (definition.info.entry) return { emits: { out: example.given as readonly Body[] }, codes: [] };
  const source = await startSource(definition, kit);
  for (const given of example.given) {
    if (definition.receive) await source.request(definition.receive(given));
    else source.press();
    await source.clock.advance(0);
  }
  source.stop();
  const emits: Record<string, Body[]> = {};
  const first = Object.keys(definition.info.outputs.fixed)[0] ?? 'out';
  for (const { body, options } of source.delivered) (emits[options.port ?? first] ??= []).push(body);
  return { emits, codes: [] };
}

/** Bytes and dates as the journal would write them down, so that examples can be JSON. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, each: unknown) => (ArrayBuffer.isView(each) ? { $bytes: Buffer.from(each as Uint8Array).toString('base64') } : each)));
}

type Named = readonly [where: string, text: Text];

function textsOf(definition: NodeDefinition): Named[] {
  const { info } = definition;
  return [
    ['title', info.title], ['summary', info.summary], ['help', info.help],
    ...fieldTexts(info.config, 'config'),
    ...portTexts(info.inputs, 'inputs'), ...portTexts(info.outputs.fixed, 'outputs'),
    ...Object.entries(info.failures ?? {}).map(([code, text]) => [`failures.${code}`, text] as const),
    ...Object.entries(info.drops ?? {}).map(([rule, text]) => [`drops.${rule}`, text] as const),
  ];
}

const portTexts = (ports: { readonly [id: string]: PortInfo }, where: string): Named[] => Object.entries(ports).map(([id, port]) => [`${where}.${id}`, port.title] as const);

function fieldTexts(fields: { readonly [name: string]: FieldInfo }, where: string): Named[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const at = `${where}.${name}`;
    return [
      [at, field.title] as const,
      ...(field.help ? [[`${at} help`, field.help] as const] : []),
      ...(field.choices ?? []).map((choice) => [`${at}=${choice.value}`, choice.title] as const),
      ...(field.items ? fieldTexts({ items: field.items }, at) : []),
      ...(field.fields ? fieldTexts(field.fields, at) : []),
    ];
  });
}

/** Names that are the same in every language. */
const PROPER = /\b(?:HTTP|HTTPS|JSON|JSONata|JavaScript|TypeScript|CORS|HMAC|SHA-256|SHA-1|Bearer|Basic|SQL|SQLite|PostgreSQL|URL|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|Node-RED|hex|base64|base64url|E\.164|CSV|XML|HTML|UTF-8|id|e-mail|Webhook|SSL|TLS|ISO \d+|https?:\S+)\b/g;

function textProblems(texts: readonly Named[]): string[] {
  return texts.flatMap(([where, { en, ru }]) => {
    const found: string[] = [];
    if (en.trim() === '' || ru.trim() === '') found.push(`${where}: a language is empty`);
    if (/[а-яё]/i.test(en)) found.push(`${where}: the English has Cyrillic letters: ${en}`);
    const words = en.replace(PROPER, '').replace(/`[^`]*`/g, '');
    if (/[a-z]{2}/i.test(words) && !/[а-яё]/i.test(ru)) found.push(`${where}: not translated: ${ru}`);
    const long = /summary|help/.test(where);
    if (long && !/[.!?:`)|]\s*$/.test(en.trim())) found.push(`${where}: a sentence ends with a full stop: ${en}`);
    return found;
  });
}

const iconExists = (icon: string): boolean => existsSync(new URL(`../../node_modules/@lucide/svelte/dist/icons/${icon}.js`, import.meta.url));

function nameProblems({ info }: NodeDefinition): string[] {
  const ports = [...Object.keys(info.inputs), ...Object.keys(info.outputs.fixed), ...(info.outputs.dynamic ? [info.outputs.dynamic.prefix] : [])];
  return [
    ...[info.type, ...ports].filter((name) => !/^[a-z][a-z0-9-]*$/.test(name)),
    ...Object.keys(info.config).filter((name) => !/^[a-z][a-zA-Z0-9]*$/.test(name)),
    ...Object.keys(info.failures ?? {}).filter((code) => !/^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/.test(code)),
    ...Object.keys(info.outputs.fixed).filter((port) => port === ERROR_PORT && info.role === 'action').map((port) => `${port}: every action has it already`),
  ];
}

function unknownFields({ info }: NodeDefinition): string[] {
  const known = new Set(Object.keys(info.config));
  const named = [
    ...(info.line ?? '').matchAll(/\{([^}]+)\}/g).map((match) => match[1] as string),
    ...fieldsIn(info.replay),
    ...Object.values(info.outputs.fixed).flatMap((port) => fieldsIn(port.when)),
    ...Object.values(info.config).flatMap((each) => fieldsIn(each.visible)),
    ...(info.outputs.dynamic ? ['each' in info.outputs.dynamic ? info.outputs.dynamic.each : info.outputs.dynamic.count] : []),
  ];
  return named.filter((name) => !known.has(name.split('.')[0] as string));
}

/** Every `field` named anywhere inside a condition or rule. */
function fieldsIn(rule: unknown): string[] {
  if (typeof rule !== 'object' || rule === null) return [];
  const own = 'field' in rule && typeof rule.field === 'string' ? [rule.field] : [];
  return [...own, ...Object.values(rule).flatMap(fieldsIn)];
}
