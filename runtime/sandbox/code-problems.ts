import { setImmediate } from 'node:timers/promises';
import { problem } from '../errors.ts';
import { literalOf } from '../flow/field-form.ts';
import type { Flow, FlowNode, Problem } from '../flow/flow.ts';
import type { CatalogInfo, FieldInfo } from '../flow/node-info.ts';
import { own } from '../flow/own.ts';
import { limits } from '../limits.ts';
import type { SandboxFailure, SandboxProgram } from '../sdk/context.ts';
import type { CodeReader } from './code-reader.ts';

type Code = Pick<SandboxProgram, 'code' | 'setup' | 'language' | 'isClosing'>;
/** Names of the fields of one node type that hold one of its codes. */
interface CodeFields { readonly code: string; readonly setup: string; readonly language: string | undefined; readonly isClosing: boolean }

/**
 * What of the code in a flow cannot be read, without running any of it. A draft is looked at with each change of it, and most of its code is what it was:
 * what came of a text is kept.
 */
export class CodeProblems {
  readonly #reader: CodeReader;
  readonly #catalog: CatalogInfo;
  readonly #known = new Map<string, SandboxFailure | undefined>();
  #knownChars = 0;

  constructor(reader: CodeReader, catalog: CatalogInfo) {
    this.#reader = reader;
    this.#catalog = catalog;
  }

  async of(flow: Flow): Promise<readonly Problem[]> {
    const found: Problem[] = [];
    for (const [id, node] of Object.entries(flow.nodes)) {
      if (node.disabled) continue;
      for (const fields of codeFields(own(this.#catalog.nodes, node.type)?.config ?? {})) {
        const code = codeOf(node, fields);
        const failure = code && await this.#failureOf(code);
        if (!failure) continue;
        found.push(problemOf({ flow: flow.id, node: id }, failure, fields));
        if (failure.details['field'] === 'setup') break; // which is the same for the others
      }
    }
    return found;
  }

  async #failureOf(code: Code): Promise<SandboxFailure | undefined> {
    const key = JSON.stringify([code.language, code.setup, code.code, code.isClosing]);
    if (this.#known.has(key)) return this.#known.get(key);
    await setImmediate(); // messages go on between the codes of a large flow
    const read = await this.#reader.read(code);
    const failure = 'source' in read ? undefined : read;
    if (failure && failure.details['line'] === undefined) return failure; // it took too long, which another time it may not
    if (this.#knownChars + key.length > limits.codeKnownChars) {
      this.#known.clear();
      this.#knownChars = 0;
    }
    this.#known.set(key, failure);
    this.#knownChars += key.length;
    return failure;
  }
}

/** Of a type whose code the sandbox runs. */
function codeFields(config: { readonly [name: string]: FieldInfo }): CodeFields[] {
  return Object.entries(config).flatMap(([code, { setupField, languageField, isClosing = false }]) => (setupField === undefined ? [] : [{ code, setup: setupField, language: languageField, isClosing }]));
}

/** Undefined where it is no text, which is told of the field by itself, and where there is none to run. */
function codeOf({ config }: FlowNode, fields: CodeFields): Code | undefined {
  const valueOf = (field: string): unknown => literalOf(own(config, field) ?? '');
  const [code, setup] = [valueOf(fields.code), valueOf(fields.setup)];
  if (typeof code !== 'string' || typeof setup !== 'string' || (fields.isClosing && code.trim() === '')) return undefined;
  return { code, setup, isClosing: fields.isClosing, language: fields.language !== undefined && valueOf(fields.language) === 'typescript' ? 'typescript' : 'javascript' };
}

/** In the words in which a deploy would tell it. */
function problemOf(node: { readonly flow: string; readonly node: string }, { text, details: { field, line, column } }: SandboxFailure, fields: CodeFields): Problem {
  return problem('field.syntax', { ...node, field: field === 'setup' ? fields.setup : fields.code, ...(typeof line === 'number' && { line }), ...(typeof column === 'number' && { column }) }, {
    message: text,
    fix: { en: 'Correct the code at this place.', ru: 'Исправьте код в этом месте.' },
  });
}
