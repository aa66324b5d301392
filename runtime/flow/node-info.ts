import type { Json, Text } from './flow.ts';

/** The part of a node type that is data: what validator, palette, inspector, docs and catalog read. */

export type Scalar = string | number | boolean | null;

/** A condition over a config, evaluated in the browser and on the server alike (`evaluate-rule.ts`). A missing field counts as its default. */
export type Condition =
  | { readonly field: string; readonly is: readonly Scalar[] }
  | { readonly field: string; readonly not: readonly Scalar[] }
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] };

export type Replay = 'pure' | 'idempotent' | 'external';
export type ReplayRule = Replay | { readonly when: Condition; readonly then: ReplayRule; readonly else: ReplayRule };

/** A port's type: a small structural subset of JSON Schema. */
export type PortType =
  | { readonly type: 'any' }
  | { readonly type: 'text' | 'number' | 'boolean' | 'bytes' }
  | { readonly type: 'list'; readonly items?: PortType }
  | { readonly type: 'record'; readonly fields?: { readonly [name: string]: PortField } };
export type PortField = PortType & { readonly optional?: boolean };

export interface PortInfo {
  /** What leaves or enters, for the person who draws the wire. */
  readonly title: Text;
  /** Type of the whole body; `payload` is one of its fields. */
  readonly body?: PortType;
}

/** Ports that depend on the config: one for each item of a list field, or as many as a number field says. Ids are `prefix-1`, `prefix-2`, … */
export type DynamicPorts =
  | { readonly each: string; readonly prefix: string; readonly label?: string }
  | { readonly count: string; readonly prefix: string };

export interface PortsInfo {
  readonly fixed: { readonly [id: string]: PortInfo & { readonly when?: Condition } };
  readonly dynamic?: DynamicPorts;
}

export type FieldKind =
  | 'text' | 'multiline' | 'integer' | 'number' | 'boolean' | 'choice' | 'duration' | 'size'
  | 'list' | 'record' | 'map' | 'json' | 'code' | 'secret' | 'connection' | 'expression' | 'path' | 'any' | 'nodes';

/** One field of a config. `dynamic` says which `$` forms it may hold besides a literal. */
export interface FieldInfo {
  readonly kind: FieldKind;
  readonly title: Text;
  readonly help?: Text;
  readonly required?: boolean;
  readonly default?: Json;
  readonly placeholder?: string;
  readonly min?: number;
  readonly max?: number;
  /** Of a text: what may be chosen for it. Modules of the installation, in the catalog as `suggestions`; or links, `node` of the same flow or `flow/node`. */
  readonly suggest?: 'modules' | 'links';
  readonly suggestions?: readonly string[];
  /** A regular expression that the whole text must match. */
  readonly pattern?: string;
  readonly choices?: readonly { readonly value: string; readonly title: Text }[];
  /** Of a list or map. */
  readonly items?: FieldInfo;
  /** Of a record. */
  readonly fields?: { readonly [name: string]: FieldInfo };
  /** Of a connection: its type, for example `sql`. */
  readonly connection?: string;
  /** Of code. */
  readonly language?: 'javascript' | 'json' | 'sql' | 'template' | 'jsonata';
  /** Of code: a choice of the same config that says the language, in place of `language`. */
  readonly languageField?: string;
  /** Of code of the sandbox: a code field of the same config that runs once before the first message, and whose names this one may read. */
  readonly setupField?: string;
  /** Of code of the sandbox: a list of the same config that names the modules which the code may call. */
  readonly modulesField?: string;
  /** Of code of the sandbox: it runs before there is any message. */
  readonly isSetup?: boolean;
  /** Of code of the sandbox: it runs when there is no message any more. */
  readonly isClosing?: boolean;
  /** Of a text that is an address: what a template puts into it is encoded. */
  readonly escape?: 'url';
  readonly dynamic?: readonly ('$expr' | '$template' | '$env' | '$secret' | '$context')[];
  /** Resolved to a `Computed`, which the node works out itself: from the body it chooses, when it needs it. */
  readonly lazy?: boolean;
  readonly secret?: boolean;
  readonly personal?: boolean;
  readonly advanced?: boolean;
  readonly visible?: Condition;
}

export interface NodeExample {
  readonly name: string;
  readonly config: { readonly [field: string]: Json };
  /** Bodies, in order. For a source: what reaches it from outside, in the source's own form. */
  readonly given: readonly { readonly [key: string]: Json }[];
  /** Bodies by output port, in order. */
  readonly emits?: { readonly [port: string]: readonly { readonly [key: string]: Json }[] };
  /** Code of the failure that the last given message must have. */
  readonly fails?: string;
}

export type NodeCategory = 'source' | 'sink' | 'logic' | 'code' | 'data' | 'crm' | 'time' | 'people';

/** `source` starts runs; `catch` receives failures; `action` is everything else. */
export type NodeRole = 'source' | 'action' | 'catch';

export interface NodeInfo {
  readonly type: string;
  readonly version: number;
  readonly role: NodeRole;
  readonly title: Text;
  readonly category: NodeCategory;
  /** A Lucide icon's name. */
  readonly icon: string;
  readonly summary: Text;
  /** Markdown: what it does, what it promises, what goes wrong. */
  readonly help: Text;
  /** Words that find it, besides its title. */
  readonly keywords?: readonly string[];
  /** The card's second line: text with `{field}` places, filled from the config. */
  readonly line?: string;
  readonly replay: ReplayRule;
  readonly config: { readonly [field: string]: FieldInfo };
  readonly inputs: { readonly [id: string]: PortInfo };
  readonly outputs: PortsInfo;
  readonly examples: readonly NodeExample[];
  /** A button at the card, as inject has. */
  readonly button?: boolean;
  /** Shows its messages in the debug panel and has a switch at the card. */
  readonly debugs?: boolean;
  /** One message can be tried on it without a deploy: it changes nothing outside, at least not then, answers at once, and something leaves it. */
  readonly tryable?: boolean;
  /** Waits so long for somebody outside that its messages must be on disk: refused in memory mode. */
  readonly durable?: boolean;
  /** Of a source: messages of other nodes may begin runs there, by its link. */
  readonly entry?: boolean;
  /** Failure codes that its own code raises, explained. */
  readonly failures?: { readonly [code: string]: Text };
  /** Rules by which a message ends here, each as the rest of a sentence: dropped, because … */
  readonly drops?: { readonly [rule: string]: Text };
}

export interface ConnectionInfo {
  readonly type: string;
  readonly title: Text;
  readonly icon: string;
  readonly summary: Text;
  readonly help: Text;
  readonly config: { readonly [field: string]: FieldInfo };
}

/** Everything that can be placed or used, as the API gives it to the editor. */
export interface CatalogInfo {
  readonly nodes: { readonly [type: string]: NodeInfo };
  readonly connections: { readonly [type: string]: ConnectionInfo };
}
