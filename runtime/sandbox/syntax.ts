import type { AnyNode } from 'acorn';

/** One node of the syntax tree with what stands around it. */
export interface Placed {
  readonly node: AnyNode;
  readonly parent: Placed | undefined;
  /** Functions around it; 0 is the code's own level. */
  readonly depth: number;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression', 'StaticBlock', 'PropertyDefinition']);

/** Every node, parents before children. */
export function* everyNode(root: AnyNode): Generator<Placed> {
  const rest: Placed[] = [{ node: root, parent: undefined, depth: 0 }];
  for (let placed = rest.pop(); placed; placed = rest.pop()) {
    yield placed;
    const depth = placed.depth + (FUNCTIONS.has(placed.node.type) ? 1 : 0);
    for (const node of childrenOf(placed.node).reverse()) rest.push({ node, parent: placed, depth });
  }
}

function childrenOf(node: AnyNode): AnyNode[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => (key === 'loc' ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : []));
}

const isNode = (value: unknown): value is AnyNode => typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string' && typeof (value as { start?: unknown }).start === 'number';

/** In place of `import` and `require`. */
export const BY_SETTINGS = { message: 'modules are chosen under Modules in the settings, and the code calls them by the name that they have there', ru: 'модули выбираются в настройках, в поле «Модули», и доступны коду под указанным там именем' };
