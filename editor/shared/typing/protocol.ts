/** What the page asks the type worker, and what it answers. Places are offsets in the field's own text. */

export type CodeFieldName = 'code' | 'setup';
/** The code of one node with everything that its types hang on. */
export interface NodeCode {
  readonly language: 'javascript' | 'typescript';
  readonly code: string;
  readonly setup: string;
  /** By which the code calls its modules. */
  readonly modules: readonly string[];
  /** Which modules those are, by name. */
  readonly imports: { readonly [name: string]: string };
  /** Members of the type of `msg`, as TypeScript; undefined for code that has no message. */
  readonly message: string | undefined;
  /** Members of the type of the environment, as TypeScript. */
  readonly env: string;
  /** Settings of the node that may grant names. */
  readonly settings: { readonly [field: string]: unknown };
}
export type Question =
  | { readonly ask: 'completions'; readonly at: number }
  | { readonly ask: 'about'; readonly at: number; readonly name: string }
  | { readonly ask: 'hover'; readonly at: number }
  | { readonly ask: 'signature'; readonly at: number }
  | { readonly ask: 'marks' };

export interface Completion { readonly label: string; readonly kind: string; readonly detail: string | undefined; readonly sort: string }
/** `from`: where the word that is completed begins. */
export interface Completions { readonly from: number; readonly entries: readonly Completion[] }
export interface About { readonly type: string; readonly text: string; readonly from: number; readonly to: number }
/** `label` in three parts, of which the middle one is the argument at the cursor. */
export interface Signature { readonly label: readonly [string, string, string]; readonly text: string }
/** `why`: TypeScript's own words, or what a name lacks here. */
export interface TypeMark { readonly from: number; readonly to: number; readonly why: { readonly unknown: string } | { readonly name: string; readonly notGrantedBy: string } | { readonly isCode: true } | { readonly words: string } }
export interface Answers {
  readonly completions: Completions | undefined;
  readonly about: About | undefined;
  readonly hover: About | undefined;
  readonly signature: Signature | undefined;
  readonly marks: readonly TypeMark[];
}
export type AnswerTo<Q extends Question> = Answers[Q['ask']];

export interface ToWorker { readonly id: number; readonly node: NodeCode; readonly field: CodeFieldName; readonly question: Question }
export interface FromWorker { readonly id: number; readonly answer?: Answers[keyof Answers]; readonly failed?: string }
