import type { Json } from '../../../runtime/flow/flow.ts';
import { moduleName } from '../../../runtime/flow/module-name.ts';
import type { FieldInfo } from '../../../runtime/flow/node-info.ts';
import { formatList, language, pick, t } from '../../i18n/index.ts';
import { shapeOf, typeText } from '../../model/message-shape.ts';
import { messageType } from '../../model/message-type.ts';
import type { CodeTyping, TypedMark } from '../code/typed.ts';
import type { FieldHost } from '../fields/field-host.ts';
import { typeClient } from './client.ts';
import type { AnswerTo, CodeFieldName, NodeCode, Question, TypeMark } from './protocol.ts';

/** What one code field of a node is, read while it is asked. */
export interface TypedField { readonly info: FieldInfo; readonly language: NodeCode['language']; readonly host: FieldHost }

/** What TypeScript knows of one code field: the worker's answers on the node as the draft has it now. */
export class FieldTyping implements CodeTyping {
  /** It could not be loaded, or does not answer. */
  hasFailed = $state(false);
  readonly #field: () => TypedField;

  constructor(field: () => TypedField) { this.#field = field; }

  readonly #type = $derived.by(() => {
    const { message } = this.#field().host;
    return message && messageType(message);
  });

  /** What the type of `msg` rests on, in a line. */
  get origin(): string {
    if (this.hasFailed) return t('shared.types-failed');
    const { info, host } = this.#field();
    if (info.isSetup || info.isClosing || !this.#type) return '';
    const { by, seen } = this.#type;
    const nodes = formatList(by.map((id) => t('shared.quoted', { name: host.nodes.find(({ value }) => value === id)?.label ?? id })));
    // In Russian 21 is one in counting, not in naming.
    const n = Math.min(by.length, 2);
    if (n > 0) return t(seen === 'came' ? 'shared.types-both' : 'shared.types-by', { nodes, n });
    return seen === undefined ? t('shared.types-none') : t(`shared.types-${seen}`);
  }

  /** Changes when what is known of the code around this field changes. */
  get key(): string {
    const { code: _, setup, ...rest } = this.#node('');
    return JSON.stringify([language.current, setup, rest]);
  }

  async ask<Q extends Question>(text: string, question: Q): Promise<AnswerTo<Q> | undefined> {
    const field: CodeFieldName = this.#field().info.isSetup ? 'setup' : 'code';
    const words = language.current;
    try {
      const answer = await typeClient(words).ask({ node: this.#node(text), field }, question);
      this.hasFailed = false;
      return answer;
    } catch (error) {
      if (words !== language.current) return undefined; // the worker of the other language is gone, and all is asked anew
      // It is told beneath the field; the reason is for whoever looks for it.
      console.warn('types of code:', error);
      this.hasFailed = true;
      return undefined;
    }
  }

  async marks(text: string): Promise<readonly TypedMark[] | undefined> {
    const found = await this.ask(text, { ask: 'marks' });
    return found?.map(({ from, to, why }) => ({ from, to, message: this.#wordsOf(why) }));
  }

  #wordsOf(why: TypeMark['why']): string {
    if ('words' in why) return why.words;
    if ('unknown' in why) return t('shared.code-unknown', { name: why.unknown });
    if ('isCode' in why) return t('shared.code-not-erasable');
    return t('shared.code-not-granted', { name: why.name, field: this.#titleOf(why.notGrantedBy) });
  }

  #titleOf(field: string): string {
    const title = this.#field().host.fields?.[field]?.title;
    return title ? pick(title) : field;
  }

  #node(text: string): NodeCode {
    const { info, language: of, host } = this.#field();
    const { config = {}, fields = {} } = host;
    const setup = info.setupField === undefined ? undefined : config[info.setupField];
    const settings = Object.fromEntries(Object.entries(fields).filter(([, { kind }]) => kind === 'choice' || kind === 'boolean').map(([name, each]) => [name, config[name] ?? each.default]));
    const imports = importsOf(info.modulesField === undefined ? undefined : config[info.modulesField]);
    return {
      language: of, code: info.isSetup ? '' : text, setup: info.isSetup ? text : typeof setup === 'string' ? setup : '',
      modules: Object.keys(imports), imports, message: info.isClosing ? undefined : this.#type?.members ?? '[key: string]: any;', env: envMembers(host.env), settings,
    };
  }
}

/** Modules by the names that the code has for them. */
function importsOf(list: unknown): { readonly [name: string]: string } {
  const named = (Array.isArray(list) ? list : []) as readonly { readonly module?: unknown; readonly name?: unknown }[];
  return Object.fromEntries(named.flatMap(({ module, name }) => (typeof name !== 'string' && typeof module !== 'string' ? [] : [[typeof name === 'string' ? name : moduleName(String(module)), typeof module === 'string' ? module : '']])));
}

const GIVEN = ['NR_NODE_ID', 'NR_NODE_NAME', 'NR_FLOW_ID'];

function envMembers(env: FieldHost['env']): string {
  const own = env.map(({ name, value }) => `  ${JSON.stringify(name)}: ${typeOfValue(value)};`);
  return [...own, ...GIVEN.map((name) => `  ${name}: string;`)].join('\n');
}

const typeOfValue = (value: Json | undefined): string => (value === undefined ? 'any' : typeText(shapeOf(value), '  '));
