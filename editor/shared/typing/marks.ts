import ts from 'typescript';
import type { Document } from './documents.ts';
import { grantOf, isGranted, isReachable } from './grants.ts';
import { MessageWrites } from './message-writes.ts';
import { everyNode } from './names.ts';
import type { NodeCode, TypeMark } from './protocol.ts';

// "Cannot find name 'require'. Do you need to install …": nothing can be installed here.
const UNKNOWN_NAMES: ReadonlySet<number> = new Set([2304, 2580, 2581, 2582, 2583, 2584, 2591, 2592, 2593, 2868]);
const asksForType = (code: number): boolean => code >= 7005 && code <= 7057; // "implicitly has an 'any' type", in its many forms
const NOT_ERASABLE = 1294;
const OCTAL = 1121; // the sandbox's code is not strict

/**
 * What is wrong in a field. In JavaScript: what cannot be read, and names that nothing has. In TypeScript also what does not fit its type, except
 * what the code itself gave the message: its fields may become anything.
 */
export function marksOf(service: ts.LanguageService, { node, document }: { readonly node: NodeCode; readonly document: Document }): readonly TypeMark[] {
  const program = service.getProgram();
  const source = program?.getSourceFile(document.name);
  if (!program || !source) return [];
  const unreadable = service.getSyntacticDiagnostics(document.name).filter(({ code }) => !(node.language === 'javascript' && code === OCTAL));
  const names = namesMarked(source, { checker: program.getTypeChecker(), node, document });
  const writes = new MessageWrites(source);
  const wrong = service.getSemanticDiagnostics(document.name).filter((each) => isInside(each, document) && !UNKNOWN_NAMES.has(each.code) && !asksForType(each.code) && !writes.explains(each));
  // Half a statement brings many complaints with it; the first says where to look.
  if (unreadable.length > 0) return unreadable.slice(0, 1).map((each) => markOf(each, document));
  const marks = [...wrong.map((each) => markOf(each, document)), ...names].sort((a, b) => a.from - b.from);
  return marks.filter(({ from, to }, at) => marks[at - 1]?.from !== from || marks[at - 1]?.to !== to);
}

/** What surrounds the code is none of the author's business. */
const isInside = ({ start = 0 }: ts.Diagnostic, { before, length }: Document): boolean => start >= before && start <= before + length;

function markOf({ start = 0, length = 0, code, messageText }: ts.Diagnostic, document: Document): TypeMark {
  const within = (at: number): number => Math.max(0, Math.min(document.length, at - document.before));
  return { from: within(start), to: within(start + length), why: code === NOT_ERASABLE ? { isCode: true } : { words: ts.flattenDiagnosticMessageText(messageText, '\n') } };
}

function namesMarked(source: ts.SourceFile, { checker, node, document }: { readonly checker: ts.TypeChecker; readonly node: NodeCode; readonly document: Document }): TypeMark[] {
  const identifiers = [...everyNode(source)].filter((each) => ts.isIdentifier(each)).filter((each) => each.text !== '' && each.getStart() >= document.before && each.getStart() < document.before + document.length);
  // Whoever asks whether it is there may use it.
  const asked = new Set(identifiers.filter(({ parent }) => ts.isTypeOfExpression(parent)).map(({ text }) => text));
  return identifiers.filter(({ text, parent }) => !asked.has(text) && !ts.isPartOfTypeNode(parent)).flatMap((each): TypeMark[] => {
    const at = { from: each.getStart() - document.before, to: each.getEnd() - document.before };
    const symbol = ts.isShorthandPropertyAssignment(each.parent) ? checker.getShorthandAssignmentValueSymbol(each.parent) : checker.getSymbolAtLocation(each);
    const grant = grantOf(symbol);
    if (grant && !isGranted(grant, node)) return [{ ...at, why: isReachable(grant, node) ? { name: each.text, notGrantedBy: grant.field } : { unknown: each.text } }];
    return isUnknown(symbol, each) && isReference(each) ? [{ ...at, why: { unknown: each.text } }] : [];
  });
}

/** The checker knows `require` in JavaScript whether it is declared or not. */
const isUnknown = (symbol: ts.Symbol | undefined, { text }: ts.Identifier): boolean => !symbol || (text === 'require' && !symbol.declarations?.length);

/** It stands for a value of that name: it is no key, label or declaration. */
function isReference(identifier: ts.Identifier): boolean {
  if (ts.findAncestor(identifier, ts.isWithStatement)) return false; // there a name may be a key of anything
  const { name, propertyName, label } = identifier.parent as { readonly name?: ts.Node; readonly propertyName?: ts.Node; readonly label?: ts.Node };
  if (ts.isShorthandPropertyAssignment(identifier.parent)) return true;
  return name !== identifier && propertyName !== identifier && label !== identifier && !ts.isPartOfTypeNode(identifier) && !ts.isQualifiedName(identifier.parent) && !ts.isMetaProperty(identifier.parent);
}
