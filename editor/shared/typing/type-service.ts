import ts from 'typescript';
import type { ModuleTypes } from '../../../runtime/api/contract.ts';
import { documentsOf, HIDDEN } from './documents.ts';
import type { Document } from './documents.ts';
import { grantOf, isGranted } from './grants.ts';
import { marksOf } from './marks.ts';
import { ModuleFiles } from './module-files.ts';
import type { About, Answers, AnswerTo, CodeFieldName, Completion, Completions, NodeCode, Question, Signature } from './protocol.ts';

/** What the service reads besides the code: files by name, and the messages of another language than English. */
export interface TypeFiles { readonly libs: { readonly [name: string]: string }; readonly guest: string; readonly language: 'en' | 'ru'; readonly diagnostics?: object | undefined }

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, noLib: true, types: [], allowJs: true, noEmit: true,
  // The sandbox runs code that is not strict, as Node-RED does; and who writes no types is not asked for them
  // (`marks.ts` leaves that out; the option itself is what lets an empty list grow).
  alwaysStrict: false, strict: true, noImplicitThis: false, useUnknownInCatchVariables: false,
  // Types are erased before the code runs: what would make code of its own is refused at the deploy.
  erasableSyntaxOnly: true,
};
const ENTRIES_MAX = 1000;
const DETAILS_MAX = 150; // a list of members that is longer is not read for its types

/** TypeScript's language service over the code of one node at a time, in memory: the language's declarations, the sandbox's, and the two fields with what stands around them. */
export class TypeService {
  readonly #files = new Map<string, { text: string; version: number }>();
  readonly #service: ts.LanguageService;
  readonly #language: TypeFiles['language'];
  readonly #modules = new ModuleFiles();
  readonly #always: readonly string[];

  constructor({ libs, guest, language, diagnostics }: TypeFiles) {
    this.#language = language;
    for (const [name, text] of Object.entries(libs)) this.#put(`/${name}`, text);
    this.#put('/guest.d.ts', guest);
    this.#always = [...this.#files.keys()];
    this.#service = ts.createLanguageService(this.#host(diagnostics));
  }

  answer<Q extends Question>(node: NodeCode, field: CodeFieldName, question: Q): AnswerTo<Q> {
    const documents = documentsOf(node, (module) => this.#modules.entryOf(module));
    for (const { name, text } of [documents.code, documents.setup, documents.message]) this.#put(name, text);
    this.#now = [...this.#always, documents.code.name, documents.setup.name, documents.message.name];
    const document = documents[field];
    return this.#answer({ node, document }, question) as AnswerTo<Q>;
  }

  #now: readonly string[] = [];

  #answer(of: { readonly node: NodeCode; readonly document: Document }, question: Question): Answers[keyof Answers] {
    switch (question.ask) {
      case 'completions': return this.#completions(of, question.at);
      case 'about': return this.#about(of.document, question);
      case 'hover': return this.#hover(of, question.at);
      case 'signature': return this.#signature(of.document, question.at);
      default: return marksOf(this.#service, of);
    }
  }

  #completions({ node, document }: { readonly node: NodeCode; readonly document: Document }, at: number): Completions | undefined {
    const found = this.#service.getCompletionsAtPosition(document.name, document.before + at, { includeSymbol: true, includeCompletionsWithInsertText: false });
    if (!found) return undefined;
    const checker = this.#service.getProgram()?.getTypeChecker();
    const offered = found.entries.filter(({ name, kind, symbol }) => kind !== ts.ScriptElementKind.warning && !HIDDEN.has(name) && isThere(symbol, node)).slice(0, ENTRIES_MAX);
    const detailed = found.isMemberCompletion && offered.length <= DETAILS_MAX;
    const entries = offered.map(({ name, kind, sortText, symbol }): Completion => ({ label: name, kind, sort: `${rankOf(name)}${sortText}`, detail: detailed && symbol && checker ? typeText(checker, symbol) : undefined }));
    const span = found.optionalReplacementSpan;
    return { from: span ? span.start - document.before : at, entries };
  }

  #about(document: Document, { at, name }: { readonly at: number; readonly name: string }): About | undefined {
    const found = this.#service.getCompletionEntryDetails(document.name, document.before + at, name, undefined, undefined, undefined, undefined);
    return found && { type: readable(ts.displayPartsToString(found.displayParts)), text: this.#textOf(found.documentation, found.tags), from: at, to: at };
  }

  #hover({ node, document }: { readonly node: NodeCode; readonly document: Document }, at: number): About | undefined {
    const found = this.#service.getQuickInfoAtPosition(document.name, document.before + at);
    const from = (found?.textSpan.start ?? 0) - document.before;
    if (!found || from < 0 || from > document.length) return undefined;
    const type = ts.displayPartsToString(found.displayParts);
    // The name of its type says nothing; its members do.
    const whole = type === '(parameter) msg: Message' ? `(parameter) msg: {\n${node.message ?? ''}\n}` : type;
    return { type: readable(whole), text: this.#textOf(found.documentation, found.tags), from, to: from + found.textSpan.length };
  }

  #signature(document: Document, at: number): Signature | undefined {
    const found = this.#service.getSignatureHelpItems(document.name, document.before + at, undefined);
    const item = found?.items[found.selectedItemIndex];
    if (!found || !item || found.applicableSpan.start < document.before) return undefined;
    const text = ts.displayPartsToString;
    const parameters = item.parameters.map(({ displayParts }) => text(displayParts));
    const now = Math.min(found.argumentIndex, item.isVariadic ? parameters.length - 1 : parameters.length);
    const between = text(item.separatorDisplayParts);
    const head = text(item.prefixDisplayParts) + parameters.slice(0, now).map((each) => each + between).join('');
    const rest = parameters.slice(now + 1).map((each) => between + each).join('') + text(item.suffixDisplayParts);
    return { label: [head, parameters[now] ?? '', rest], text: this.#textOf(item.documentation, item.tags) };
  }

  /** The documentation in the language of the page, where there is one. */
  #textOf(documentation: readonly ts.SymbolDisplayPart[] | undefined, tags: readonly ts.JSDocTagInfo[] | undefined): string {
    const translated = this.#language === 'ru' ? tags?.find(({ name }) => name === 'ru')?.text : undefined;
    return ts.displayPartsToString([...translated ?? documentation ?? []]).trim();
  }

  /** Declarations of a module, for code that names it from then on. */
  learn(module: string, types: ModuleTypes): void {
    for (const [name, text] of this.#modules.add(module, types)) this.#put(name, text);
  }

  #put(name: string, text: string): void {
    const file = this.#files.get(name);
    if (!file) this.#files.set(name, { text, version: 1 });
    else if (file.text !== text) {
      file.text = text;
      file.version++;
    }
  }

  #host(diagnostics: object | undefined): ts.LanguageServiceHost {
    const text = (name: string): string | undefined => this.#files.get(name)?.text;
    return {
      getCompilationSettings: () => OPTIONS,
      getScriptFileNames: () => [...this.#now],
      getScriptVersion: (name) => String(this.#files.get(name)?.version ?? 0),
      getScriptSnapshot: (name) => { const found = text(name); return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found); },
      resolveModuleNameLiterals: (literals, from) => literals.map(({ text: name }) => resolvedTo(this.#modules.fileOf(name, from, (file) => this.#files.has(file)))),
      getCurrentDirectory: () => '/',
      getDefaultLibFileName: () => '/lib.es5.d.ts',
      fileExists: (name) => this.#files.has(name),
      readFile: text,
      ...(diagnostics && { getLocalizedDiagnosticMessages: () => diagnostics }),
    };
  }
}

const resolvedTo = (file: string | undefined): ts.ResolvedModuleWithFailedLookupLocations => ({ resolvedModule: file === undefined ? undefined : { resolvedFileName: file, extension: ts.Extension.Dts, isExternalLibraryImport: true } });

const isThere = (symbol: ts.Symbol | undefined, node: NodeCode): boolean => {
  const grant = grantOf(symbol);
  return !grant || isGranted(grant, node);
};

/** A type without the word that every record of a message may have further keys. */
const readable = (type: string): string => type.replaceAll(/\[key: string\]: any;\s*(?=[^\s}])/g, '').replaceAll(/;\s*\[key: string\]: any;(?=\s*\})/g, ';');

// What most code reads of a message comes first, what is only for the runtime last. Letters and digits, as it is sorted by the rules of a language.
const FIRST = ['payload', 'topic'];
const rankOf = (name: string): string => (name.startsWith('_') ? 'z' : String(FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length));

const DETAIL_CHARS = 60;

function typeText(checker: ts.TypeChecker, symbol: ts.Symbol): string | undefined {
  const type = checker.getTypeOfSymbol(symbol);
  const [call] = type.getCallSignatures();
  const text = readable(call ? checker.signatureToString(call) : checker.typeToString(type));
  return text.length > DETAIL_CHARS ? `${text.slice(0, DETAIL_CHARS)}…` : text;
}
