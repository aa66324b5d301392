import type { AnyNode } from 'acorn';
import type { Placed } from './syntax.ts';

/** Which top-level keys of the message the code can read and change. null: all, because the message goes where the code cannot be followed. */
export type KeyUse = { readonly cross: readonly string[]; readonly back: readonly string[] } | null;

/** Methods of texts, numbers and lists that change nothing and give a text, a number or a new list of such. */
const HARMLESS_METHODS = new Set(['charAt', 'charCodeAt', 'codePointAt', 'endsWith', 'includes', 'indexOf', 'join', 'lastIndexOf', 'localeCompare', 'match', 'normalize', 'padEnd', 'padStart', 'repeat',
  'replace', 'replaceAll', 'search', 'split', 'startsWith', 'substr', 'substring', 'toFixed', 'toISOString', 'toLocaleLowerCase', 'toLocaleUpperCase', 'toLowerCase', 'toPrecision', 'toUpperCase', 'trim', 'trimEnd', 'trimStart']);

/** One way in which the code uses a key. */
type Use = 'read' | 'write' | 'any';

export function keysOf(nodes: readonly Placed[]): KeyUse {
  const uses = new Map<string, Set<Use>>();
  const nodeIsOurs = !nodes.some(({ node }) => declares(node, 'node'));
  for (const placed of nodes) {
    if (placed.node.type !== 'Identifier') continue;
    if (placed.node.name === 'arguments') return null;
    if (placed.node.name !== 'msg' || isOnlyAName(placed)) continue;
    const found = useOfMessage(placed, nodeIsOurs);
    if (!found) return null;
    for (const [key, use] of found) {
      if (key in Object.prototype) return null;
      uses.set(key, (uses.get(key) ?? new Set()).add(use));
    }
  }
  const entries = [...uses];
  return {
    // A key that is only assigned need not come in; one that is only looked at need not go back.
    cross: entries.filter(([, all]) => all.has('read') || all.has('any')).map(([key]) => key),
    back: entries.filter(([, all]) => all.has('write') || all.has('any')).map(([key]) => key),
  };
}

/** A declaration of `name`, roughly: being wrong only means that more crosses. */
function declares(node: AnyNode, name: string): boolean {
  if (node.type === 'VariableDeclarator') return node.id.type !== 'Identifier' || node.id.name === name;
  if (node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression') return node.id?.name === name || node.params.some((param) => param.type !== 'Identifier' || param.name === name);
  return (node.type === 'ClassDeclaration' && node.id?.name === name) || (node.type === 'AssignmentExpression' && node.left.type === 'Identifier' && node.left.name === name);
}

/** `x.msg`, `{ msg: … }` and labels name something else. */
export function isOnlyAName({ node, parent }: Placed): boolean {
  const around = parent?.node;
  if (!around) return false;
  if (around.type === 'MemberExpression') return around.property === node && !around.computed;
  if (around.type === 'Property') return around.key === node && !around.computed && !around.shorthand;
  if (around.type === 'MethodDefinition' || around.type === 'PropertyDefinition') return around.key === node && !around.computed;
  return around.type === 'LabeledStatement' || around.type === 'BreakStatement' || around.type === 'ContinueStatement';
}

function useOfMessage(placed: Placed, nodeIsOurs: boolean): readonly (readonly [string, Use])[] | undefined {
  const { node, parent } = placed;
  const around = parent?.node;
  if (!parent || !around) return undefined;
  if (around.type === 'MemberExpression' && around.object === node) {
    const key = keyNamed(around);
    return key === undefined ? undefined : [[key, useOfKey(parent)]];
  }
  if (around.type === 'VariableDeclarator' && around.init === node && around.id.type === 'ObjectPattern') return keysOfPattern(around.id);
  if (around.type === 'AssignmentExpression' && around.left === node && around.operator === '=') return [];
  return isHandedOn(placed, nodeIsOurs) ? [] : undefined;
}

function keyNamed(member: AnyNode & { type: 'MemberExpression' }): string | undefined {
  if (!member.computed) return member.property.type === 'Identifier' ? member.property.name : undefined;
  return member.property.type === 'Literal' && typeof member.property.value === 'string' ? member.property.value : undefined;
}

function keysOfPattern(pattern: AnyNode & { type: 'ObjectPattern' }): readonly (readonly [string, Use])[] | undefined {
  const keys: [string, Use][] = [];
  for (const each of pattern.properties) {
    if (each.type !== 'Property' || each.computed || each.key.type !== 'Identifier') return undefined;
    keys.push([each.key.name, 'any']);
  }
  return keys;
}

/** The message as a whole, given to the sandbox: returned, sent, or named in node.error. Then the host knows which message it is. */
function isHandedOn(placed: Placed, nodeIsOurs: boolean): boolean {
  for (let { node, parent } = placed; parent; { node, parent } = parent) {
    const around = parent.node;
    const passes = around.type === 'ArrayExpression' || (around.type === 'ConditionalExpression' && around.test !== node)
      || around.type === 'ParenthesizedExpression' || (around.type === 'LogicalExpression' && around.right === node);
    if (passes) continue;
    if (around.type === 'ReturnStatement') return parent.depth === 0;
    if (around.type !== 'CallExpression' || !nodeIsOurs || !around.arguments.some((each) => each === node)) return false;
    const called = pathOf(around.callee);
    return called === 'node.send' || called === 'node.error';
  }
  return false;
}

function pathOf(node: AnyNode): string {
  if (node.type === 'Identifier') return node.name;
  return node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier' ? `${pathOf(node.object as AnyNode)}.${node.property.name}` : '?';
}

/** Follows `msg.key.…` outwards to where its value goes. */
function useOfKey(member: Placed): Use {
  let { node, parent } = member;
  if (parent?.node.type === 'AssignmentExpression' && parent.node.left === node && parent.node.operator === '=') return 'write';
  for (; parent; { node, parent } = parent) {
    const around = parent.node;
    const inside = (around.type === 'MemberExpression' && around.object === node) || around.type === 'ChainExpression';
    if (!inside) return endsHarmlessly(node, parent) ? 'read' : 'any';
  }
  return 'any';
}

/** The value ends here as a text, number or yes/no, or in a method that changes nothing. */
function endsHarmlessly(node: AnyNode, parent: Placed): boolean {
  const around = parent.node;
  switch (around.type) {
    case 'BinaryExpression': return around.operator !== 'in' && around.operator !== 'instanceof';
    case 'TemplateLiteral': return parent.parent?.node.type !== 'TaggedTemplateExpression';
    case 'UnaryExpression': return around.operator !== 'delete';
    case 'IfStatement': case 'WhileStatement': case 'ConditionalExpression': return around.test === node;
    case 'CallExpression': return around.callee === node && node.type === 'MemberExpression' && !node.computed && node.property.type === 'Identifier' && HARMLESS_METHODS.has(node.property.name);
    default: return false;
  }
}
