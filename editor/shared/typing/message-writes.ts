import ts from 'typescript';
import { everyNode, isAssignment } from './names.ts';

/** A value given to a place of the message, or the place deleted. */
interface Write { readonly path: string; readonly target: ts.Expression; readonly at: number }

// Complaints that a value does not fit where it is put.
const DOES_NOT_FIT: ReadonlySet<number> = new Set([2322, 2326, 2353, 2375, 2412, 2559, 2739, 2740, 2741, 2790]);

/**
 * Messages are open records: code gives their fields values of other kinds all the time (`msg.payload = msg.payload.length`). The type of a message
 * says what came, so neither such a write nor what is read of that place afterwards is told as an error.
 */
export class MessageWrites {
  readonly #source: ts.SourceFile;
  readonly #writes: readonly Write[];

  constructor(source: ts.SourceFile) {
    this.#source = source;
    this.#writes = [...everyNode(source)].flatMap((node) => writtenBy(node)).map((target) => ({ target, path: pathOf(target) ?? '', at: target.getEnd() })).filter(({ path }) => path !== '');
  }

  explains({ start, length, code }: ts.Diagnostic): boolean {
    if (this.#writes.length === 0 || start === undefined || length === undefined) return false;
    const node = nodeAt(this.#source, start, start + length);
    return (DOES_NOT_FIT.has(code) && this.#isPutIn(node)) || this.#isRead(node, start);
  }

  /** It is a target, or stands in what is put there, as it is. */
  #isPutIn(node: ts.Node): boolean {
    for (let each = node; each.parent && !ts.isFunctionLike(each) && !ts.isCallOrNewExpression(each); each = each.parent) {
      if (this.#writes.some(({ target }) => target === each || target.parent === each)) return true;
    }
    return false;
  }

  #isRead(node: ts.Node, at: number): boolean {
    const around = ts.isExpression(node.parent) || ts.isVariableDeclaration(node.parent) || ts.isReturnStatement(node.parent) ? node.parent : node;
    return [...everyNode(around)].some((each) => {
      const path = ts.isExpression(each) ? pathOf(each) : undefined;
      return path !== undefined && this.#writes.some((write) => write.at <= at && (path === write.path || path.startsWith(`${write.path}.`)));
    });
  }
}

function writtenBy(node: ts.Node): ts.Expression[] {
  if (ts.isBinaryExpression(node) && isAssignment(node)) return [node.left];
  if (ts.isDeleteExpression(node)) return [node.expression];
  return (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) && (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken) ? [node.operand] : [];
}

/** `msg.a.b` as a path; a computed key ends it. undefined for what does not begin with the message. */
function pathOf(expression: ts.Expression): string | undefined {
  if (ts.isIdentifier(expression)) return expression.text === 'msg' ? 'msg' : undefined;
  if (ts.isParenthesizedExpression(expression) || ts.isNonNullExpression(expression) || ts.isAsExpression(expression)) return pathOf(expression.expression);
  if (ts.isPropertyAccessExpression(expression)) return joined(expression.expression, expression.name.text);
  if (!ts.isElementAccessExpression(expression)) return undefined;
  const key = expression.argumentExpression;
  return ts.isStringLiteralLike(key) ? joined(expression.expression, key.text) : pathOf(expression.expression);
}

function joined(parent: ts.Expression, key: string): string | undefined {
  const path = pathOf(parent);
  return path === undefined ? undefined : `${path}.${key}`;
}

/** The largest node that begins at `start` and ends by `end`. */
function nodeAt(source: ts.SourceFile, start: number, end: number): ts.Node {
  let found: ts.Node = source;
  for (const node of everyNode(source)) {
    if (node.getStart() === start && node.getEnd() <= end) return node;
    if (node.getStart() <= start && node.getEnd() >= end) found = node;
  }
  return found;
}
