import { parse, type AnyNode, type Node, type Program } from 'acorn';
import { isOnlyAName, keysOf, type KeyUse } from './message-keys.ts';
import { BY_SETTINGS, everyNode, type Placed } from './syntax.ts';
import { unexpectedAt, wordsOf } from './syntax-words.ts';

/** What reading the code tells about it, before it ever runs. */
export interface Analysis {
  /** The code as one function expression; its first line is the user's first line. */
  readonly source: string;
  readonly plain: boolean;
  /** What it gives may hang on the message's id: it names what makes chance and ids, or the id itself. */
  readonly usesId: boolean;
  readonly keys: KeyUse;
  /** The setup code as a function expression that gives the values of `setupNames`; null when there is none. */
  readonly setup: string | null;
  readonly setupNames: readonly string[];
}

export interface SyntaxProblem { readonly message: string; readonly ru: string; readonly line: number; readonly column: number; readonly inSetup?: boolean }

/** Names that can make promises or timers, or give what others made: code without them, and without async syntax, ends when it returns. */
const WAITING_NAMES = new Set(['Promise', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'globalThis', 'AsyncDisposableStack']);
/** `this` may be the global object, and `this['Pro' + 'mise']` is a promise that no name shows. */
const WAITING_SYNTAX = new Set(['AwaitExpression', 'ImportExpression', 'ThisExpression']);

/** `modules`: names by which the code calls modules. */
export function analyse(code: string, setup = '', modules: readonly string[] = []): Analysis | SyntaxProblem {
  const nodes = readCode(code);
  return 'message' in nodes ? nodes : analysisOf({ code, nodes, parameters: '(msg)' }, setup, modules);
}

/** Of code that runs when the last message is through: it has none. */
export function analyseClosing(code: string, setup = '', modules: readonly string[] = []): Analysis | SyntaxProblem {
  const nodes = readCode(code);
  if ('message' in nodes) return nodes;
  const at = nodes.some(({ node }) => declaredBy(node).includes('msg')) ? undefined : nodes.find((placed) => placed.node.type === 'Identifier' && placed.node.name === 'msg' && !isOnlyAName(placed))?.node.loc?.start;
  if (at) return { message: 'closing code has no message; what it needs from messages their code keeps in the context', ru: 'в коде завершения нет сообщения; нужное из сообщений их код сохраняет в контексте', line: at.line, column: at.column + 1 };
  return analysisOf({ code, nodes, parameters: '()' }, setup, modules);
}

/** Every node of the code. */
function readCode(code: string): readonly Placed[] | SyntaxProblem {
  let program: Program;
  try {
    program = parse(code, { ecmaVersion: 'latest', sourceType: 'script', allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true, locations: true });
  } catch (error) {
    return problemOf(error, code);
  }
  const nodes = [...everyNode(program)];
  return requireIn(nodes) ?? nodes;
}

interface Read { readonly code: string; readonly nodes: readonly Placed[]; readonly parameters: string }

function analysisOf({ code, nodes, parameters }: Read, setup: string, modules: readonly string[]): Analysis | SyntaxProblem {
  const prepared = setup.trim() === '' ? { setup: null, setupNames: [] } : analyseSetup(setup, nodes, modules);
  if ('message' in prepared) return { ...prepared, inSetup: true };
  const locals = undeclaredTargets(nodes.map(({ node }) => node), [...prepared.setupNames, ...modules]);
  const async = nodes.some(({ node, depth }) => depth === 0 && isAwait(node));
  const declared = locals.length > 0 ? ` var ${locals.join(', ')};` : '';
  // By an old function that a module is given it might find the arguments of that one's caller: an arrow function has none.
  const arrow = modules.length > 0 && !nodes.some(({ node }) => node.type === 'MetaProperty' || (node.type === 'Identifier' && node.name === 'arguments'));
  return {
    source: withSetup(`${async ? 'async ' : ''}${arrow ? `${parameters} =>` : `function ${parameters}`} {${declared}\n${code}\n}`, prepared),
    plain: !nodes.some(mayWait),
    usesId: nodes.some(mayUseId),
    keys: modules.length > 0 && !arrow ? null : keysOf(nodes), ...prepared,
  };
}

type Prepared = Pick<Analysis, 'setup' | 'setupNames'>;

/** Names of the setup code are constants around the function, so that no message can give one another value. */
function withSetup(code: string, { setup, setupNames }: Prepared): string {
  if (setup === null) return `(${code})`;
  return `(function () {${setupNames.length > 0 ? ` const [${setupNames.join(', ')}] = arguments[0];` : ''} return ${code}; })`;
}

function analyseSetup(setup: string, code: readonly Placed[], modules: readonly string[]): Prepared | SyntaxProblem {
  let program: Program;
  try {
    program = parse(setup, { ecmaVersion: 'latest', sourceType: 'script', locations: true });
  } catch (error) {
    return problemOf(error, setup);
  }
  const nodes = [...everyNode(program)];
  const required = requireIn(nodes);
  if (required) return required;
  const waits = nodes.find(mayWait)?.node.loc;
  if (waits) return { message: 'setup code cannot wait, and has no promises and timers', ru: 'код подготовки не может ждать, промисов и таймеров в нём нет', line: waits.start.line, column: waits.start.column + 1 };
  const locals = undeclaredTargets(nodes.map(({ node }) => node), modules);
  const used = new Set(code.flatMap(({ node }) => (node.type === 'Identifier' ? [node.name] : [])));
  const made = [...locals, ...program.body.flatMap((node) => (node.type === 'VariableDeclaration' ? node.declarations.flatMap(({ id }) => namesIn(id)) : declaredBy(node)))];
  const setupNames = [...new Set(made)].filter((name) => used.has(name) && name !== 'msg' && name !== 'arguments');
  return { setup: `(function () {${locals.length > 0 ? ` var ${locals.join(', ')};` : ''}\n${setup}\nreturn [${setupNames.join(', ')}];\n})`, setupNames };
}

function problemOf(error: unknown, code: string): SyntaxProblem {
  const { message = '', loc, pos = 0 } = error as { message?: string; loc?: { line: number; column: number }; pos?: number };
  if (!(error instanceof SyntaxError) || !loc) throw error;
  const place = { line: loc.line, column: loc.column + 1 };
  if (message.startsWith("'import' and 'export'")) return { ...BY_SETTINGS, ...place };
  const said = message.replace(/ \(\d+:\d+\)$/, '');
  const { en, ru } = said === 'Unexpected token' ? unexpectedAt(code, pos) : wordsOf(said);
  return { message: en, ru, ...place };
}

function requireIn(nodes: readonly Placed[]): SyntaxProblem | undefined {
  const found = nodes.find(({ node }) => node.type === 'CallExpression' && node.callee.type === 'Identifier' && node.callee.name === 'require')?.node.loc?.start;
  return found && !nodes.some(({ node }) => declaredBy(node).includes('require')) ? { ...BY_SETTINGS, line: found.line, column: found.column + 1 } : undefined;
}

const isAwait = (node: AnyNode): boolean => node.type === 'AwaitExpression' || (node.type === 'ForOfStatement' && node.await) || (node.type === 'VariableDeclaration' && node.kind === 'await using');

export function mayWait(placed: Placed): boolean {
  const { node } = placed;
  if (WAITING_SYNTAX.has(node.type) || isAwait(node)) return true;
  if (node.type === 'Identifier') return WAITING_NAMES.has(node.name) || (node.name === 'crypto' && [undefined, 'subtle'].includes(pathFrom(placed)[0]));
  return (node.type === 'FunctionExpression' || node.type === 'FunctionDeclaration' || node.type === 'ArrowFunctionExpression') && node.async;
}

/** What can be had of names from which chance can be had too, and hangs on nothing but what it is given. */
const WITHOUT_CHANCE: { readonly [name: string]: (path: readonly string[]) => boolean } = {
  Math: ([method]) => method !== 'random',
  crypto: ([method]) => method !== undefined && ['createHash', 'createHmac', 'hash', 'getHashes', 'timingSafeEqual', 'subtle'].includes(method),
  RED: ([util, method]) => util === 'util' && method !== undefined && method !== 'generateId',
};
/** Names from which chance can be had. */
const CHANCE_NAMES = new Set([...Object.keys(WITHOUT_CHANCE), 'globalThis', '_msgid']);

function mayUseId(placed: Placed): boolean {
  const { node } = placed;
  if (node.type === 'ThisExpression') return true;
  if (node.type === 'Literal') return node.value === '_msgid';
  if (node.type !== 'Identifier' || !CHANCE_NAMES.has(node.name)) return false;
  const path = pathFrom(placed);
  return path.length === 0 || !WITHOUT_CHANCE[node.name]?.(path);
}

/** The names that follow one with a dot: of `RED.util.x(1).y` they are util and x. */
function pathFrom(placed: Placed): string[] {
  const path: string[] = [];
  for (let { node, parent } = placed; parent?.node.type === 'MemberExpression' && parent.node.object === node && !parent.node.computed; { node, parent } = parent) {
    if (parent.node.property.type === 'Identifier') path.push(parent.node.property.name);
  }
  return path;
}

/**
 * Names that the code assigns without declaring them. In Node-RED they become globals; here the global object is frozen, so that nothing lasts
 * from message to message, and they are declared for the call.
 */
function undeclaredTargets(nodes: readonly AnyNode[], known: readonly string[] = []): string[] {
  const declared = new Set([...known, 'msg', 'arguments', 'undefined', 'node', 'env', 'RED', 'flow', 'global', 'context', 'console', 'globalThis']);
  const assigned = new Set<string>();
  for (const node of nodes) {
    for (const name of declaredBy(node)) declared.add(name);
    for (const name of assignedBy(node)) assigned.add(name);
  }
  return [...assigned].filter((name) => !declared.has(name));
}

function declaredBy(node: AnyNode): string[] {
  switch (node.type) {
    case 'VariableDeclarator': return namesIn(node.id);
    case 'FunctionDeclaration': case 'FunctionExpression': case 'ArrowFunctionExpression':
      return [...(node.id ? [node.id.name] : []), ...node.params.flatMap(namesIn)];
    case 'ClassDeclaration': case 'ClassExpression': return node.id ? [node.id.name] : [];
    case 'CatchClause': return node.param ? namesIn(node.param) : [];
    default: return [];
  }
}

function assignedBy(node: AnyNode): string[] {
  if (node.type === 'AssignmentExpression') return namesIn(node.left);
  if (node.type === 'UpdateExpression') return namesIn(node.argument);
  if ((node.type === 'ForInStatement' || node.type === 'ForOfStatement') && node.left.type !== 'VariableDeclaration') return namesIn(node.left);
  return [];
}

/** Names that a pattern binds. */
function namesIn(pattern: Node): string[] {
  const node = pattern as AnyNode;
  switch (node.type) {
    case 'Identifier': return [node.name];
    case 'ObjectPattern': return node.properties.flatMap((each) => namesIn(each.type === 'RestElement' ? each.argument : each.value));
    case 'ArrayPattern': return node.elements.flatMap((each) => (each ? namesIn(each) : []));
    case 'AssignmentPattern': return namesIn(node.left);
    case 'RestElement': return namesIn(node.argument);
    default: return [];
  }
}
