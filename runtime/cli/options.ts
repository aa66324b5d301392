import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isLoopback } from '../api/guard.ts';
import type { Text } from '../flow/flow.ts';
import { parseModuleName, type ModuleName } from '../modules/names.ts';
import type { ConnectionDefinition, NodeDefinition } from '../sdk/define-node.ts';
import { said } from './texts.ts';

/** What was wrong with the call, in a sentence; ends the command with exit code 2. */
export class Usage extends Error {
  override name = 'Usage';
  readonly text: Text;
  constructor(text: Text) {
    super(text.en);
    this.text = text;
  }
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface Options {
  readonly command: string;
  readonly rest: readonly string[];
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly flows: string | undefined;
  readonly nodes: string | undefined;
  /** That function nodes may use. */
  readonly modules: readonly ModuleName[];
  /** Of a replay. */
  readonly mode: string | undefined;
  readonly from: string | undefined;
  readonly log: LogLevel;
  readonly help: boolean;
  readonly version: boolean;
}

const FLAGS = { port: { type: 'string' }, host: { type: 'string' }, data: { type: 'string' }, flows: { type: 'string' }, nodes: { type: 'string' }, modules: { type: 'string' }, log: { type: 'string' }, mode: { type: 'string' }, from: { type: 'string' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const;

/** A flag goes before its environment variable, that before the default. */
export function readOptions(args: readonly string[], environment: { readonly [name: string]: string | undefined }): Options {
  const { values, positionals } = parsed(args);
  const named = (name: 'port' | 'host' | 'data' | 'flows' | 'nodes' | 'modules' | 'log'): string | undefined => values[name] ?? (environment[`MILLRACE_${name.toUpperCase()}`] || undefined);
  const flows = named('flows');
  const more = named('nodes');
  return {
    command: positionals[0] ?? (values.help || values.version ? '' : 'help'), rest: positionals.slice(1), port: portOf(named('port') ?? '4880'), host: loopback(named('host') ?? '127.0.0.1'),
    data: resolve(named('data') ?? 'data'), flows: flows === undefined ? undefined : resolve(flows), nodes: more === undefined ? undefined : resolve(more), modules: modulesOf(named('modules') ?? ''), log: levelOf(named('log') ?? 'warn'),
    mode: values.mode, from: values.from, help: values.help ?? false, version: values.version ?? false,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, allowPositionals: true });
  } catch (error) {
    throw new Usage(misread(error as Error & { readonly code?: string }));
  }
}

/** Node's words are English, and tell of things that no option here has. */
function misread({ code, message }: Error & { readonly code?: string }): Text {
  const [, option = ''] = /'(?:-\w, )?(-[^' ]*)/.exec(message) ?? [];
  switch (code) {
    case 'ERR_PARSE_ARGS_UNKNOWN_OPTION': return { en: `There is no option ${option}. See millrace --help.`, ru: `Параметра ${option} нет. Справка: millrace --help.` };
    case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': return /argument missing|ambiguous/.test(message)
      ? { en: `The option ${option} needs a value. See millrace --help.`, ru: `Параметру ${option} нужно значение. Справка: millrace --help.` }
      : { en: `The option ${option} takes no value. See millrace --help.`, ru: `Параметр ${option} не принимает значения. Справка: millrace --help.` };
    default: return { en: `${message}. See millrace --help.`, ru: `${message}. Справка: millrace --help.` };
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Usage(said.port(text));
}

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((each) => each === text);
  if (level === undefined) throw new Usage(said.logLevel(text, LOG_LEVELS));
  return level;
}

/** Names between commas. */
function modulesOf(text: string): readonly ModuleName[] {
  return text.split(',').map((each) => each.trim()).filter((each) => each !== '').map((each) => {
    const module = parseModuleName(each);
    if (!module) throw new Usage(said.moduleName(each));
    return module;
  });
}

/** Where the administrator installs them. */
export const modulesFolder = ({ data }: Pick<Options, 'data'>): string => join(data, 'modules');

/** Without users and roles, only this machine may come in. */
function loopback(host: string): string {
  if (isLoopback(host)) return host;
  throw new Usage(said.loopback(host));
}

export interface Definitions { readonly nodes: readonly NodeDefinition[]; readonly connections: readonly ConnectionDefinition[] }

/** The node types that are shipped, and those of a folder: each file that does not begin with `_` exports one. */
export async function loadDefinitions(dir: string | undefined): Promise<Definitions> {
  const { nodes, connections } = await import('../../nodes/index.ts');
  if (dir === undefined) return { nodes, connections };
  const found = await Promise.all(definitionFiles(dir).map(async (file) => {
    const { default: definition } = await import(pathToFileURL(file).href) as { default?: NodeDefinition | ConnectionDefinition };
    if (typeof definition?.info?.type !== 'string') throw new Usage(said.notNode(file));
    return definition;
  }));
  const isConnection = (each: NodeDefinition | ConnectionDefinition): each is ConnectionDefinition => 'open' in each;
  return {
    nodes: [...nodes, ...found.filter((each): each is NodeDefinition => !isConnection(each))],
    connections: [...connections, ...found.filter(isConnection)],
  };
}

function definitionFiles(dir: string): string[] {
  if (!existsSync(dir)) throw new Usage(said.noSuchFile(dir));
  return readdirSync(dir).filter((name) => /\.(ts|js|mjs)$/.test(name) && !name.startsWith('_') && !/\.(d|test)\.ts$/.test(name)).sort().map((name) => join(dir, name));
}

export const versionOfThis = (): string => (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
