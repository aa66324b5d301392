import ts from 'typescript';

/** What reading the code tells about its names, as `runtime/sandbox/analyse.ts` reads it for the sandbox. */

export function* everyNode(root: ts.Node): Generator<ts.Node> {
  yield root;
  const children: ts.Node[] = [];
  ts.forEachChild(root, (child) => { children.push(child); });
  for (const child of children) yield* everyNode(child);
}

/** Names that setup code makes on its own level. */
export function namesOfSetup(source: ts.SourceFile, modules: readonly string[]): readonly string[] {
  const declared = source.statements.flatMap((statement) => {
    if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.flatMap(({ name }) => namesIn(name));
    return (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) && statement.name ? [statement.name.text] : [];
  });
  return [...new Set([...declared, ...undeclaredNames(source, modules)])].filter((name) => name !== '' && name !== 'msg' && name !== 'arguments');
}

/** Names that are given a value and never declared: outside strict code that makes them, and the sandbox makes them local. */
export function undeclaredNames(source: ts.SourceFile, known: readonly string[]): readonly string[] {
  const declared = new Set(['msg', 'undefined', 'arguments', ...known]);
  const given = new Set<string>();
  for (const node of everyNode(source)) {
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && node.name) for (const name of namesIn(node.name)) declared.add(name);
    if ((ts.isFunctionLike(node) || ts.isClassLike(node)) && node.name && ts.isIdentifier(node.name)) declared.add(node.name.text);
    for (const name of givenBy(node)) given.add(name);
  }
  return [...given].filter((name) => name !== '' && !declared.has(name));
}

function namesIn(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? namesIn(element.name) : []));
}

function givenBy(node: ts.Node): string[] {
  if (ts.isBinaryExpression(node) && isAssignment(node)) return targetsIn(node.left);
  if ((ts.isForInStatement(node) || ts.isForOfStatement(node)) && !ts.isVariableDeclarationList(node.initializer)) return targetsIn(node.initializer);
  return [];
}

export const isAssignment = ({ operatorToken: { kind } }: ts.BinaryExpression): boolean => kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

function targetsIn(target: ts.Expression): string[] {
  if (ts.isIdentifier(target)) return [target.text];
  if (ts.isParenthesizedExpression(target)) return targetsIn(target.expression);
  if (ts.isSpreadElement(target)) return targetsIn(target.expression);
  if (ts.isBinaryExpression(target) && isAssignment(target)) return targetsIn(target.left);
  if (ts.isArrayLiteralExpression(target)) return target.elements.flatMap(targetsIn);
  if (!ts.isObjectLiteralExpression(target)) return [];
  return target.properties.flatMap((property) => {
    if (ts.isShorthandPropertyAssignment(property)) return [property.name.text];
    if (ts.isPropertyAssignment(property)) return targetsIn(property.initializer);
    return ts.isSpreadAssignment(property) ? targetsIn(property.expression) : [];
  });
}
