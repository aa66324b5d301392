import type { Snippet } from 'svelte';
import type { FieldValue, Json, Problem } from '../../../runtime/flow/flow.ts';
import type { FieldInfo } from '../../../runtime/flow/node-info.ts';
import type { MessageKnown } from '../../model/message-type.ts';
import type { CodeWord } from '../code/complete.ts';
import type { Option } from '../option.ts';

export interface ConnectionChoice { readonly name: string; readonly state: 'unused' | 'open' | 'paused'; readonly reason?: string | undefined }
export interface EnvChoice { readonly name: string; readonly value: Json | undefined }

/** What a value is at this moment. */
export type Previewed =
  | { readonly kind: 'value'; readonly value: unknown; readonly ofMessage: boolean }
  | { readonly kind: 'failed'; readonly reason: string };

/** What the fields of a form need to know of the world around it. Read while drawing, so getters over state keep the fields current. */
export interface FieldHost {
  readonly env: readonly EnvChoice[];
  readonly secrets: readonly string[];
  saveSecret(name: string, value: string): Promise<void>;
  connections(type: string): readonly ConnectionChoice[];
  /** Opens the form of a new connection; `use` is called with its name when it was saved. */
  newConnection?(type: string, use: (name: string) => void): void;
  /** Nodes of the same flow. */
  readonly nodes: readonly Option[];
  /** Where links may lead. */
  readonly links: readonly Option[];
  /** Paths of the last message, for completion. */
  readonly words: readonly CodeWord[];
  /** The value now, where it can be told. */
  preview?(value: FieldValue): Promise<Previewed | undefined>;
  /** The config that the fields are of, and what they are. */
  readonly config?: { readonly [field: string]: FieldValue };
  readonly fields?: { readonly [field: string]: FieldInfo };
  /** What is known of the messages that come. */
  readonly message?: MessageKnown;
  /** What the last try of the node found wrong in its code as it is now. */
  readonly failed?: readonly Problem[];
  /** Tries the node on a message. */
  readonly attempt?: () => void;
  /** Draws the message to try and what came of it, where there is room beside the code. */
  readonly trial?: Snippet | undefined;
  /** Told whether a field holds text that is not handed on yet: it waits for a pause. */
  readonly typing?: (field: object, isBehind: boolean) => void;
  /** Problems show even in a field that nobody has touched: after a deploy was refused. */
  readonly strict: boolean;
}

export interface FieldProps<Info, Value = FieldValue | undefined> {
  readonly info: Info;
  readonly value: Value;
  readonly onChange: (value: FieldValue | undefined) => void;
  /** Dotted path inside the config. */
  readonly path: string;
  /** Problems at this path and below it. */
  readonly problems: readonly Problem[];
  readonly host: FieldHost;
}

/** Problems at a path or below it. */
export const problemsAt = (problems: readonly Problem[], path: string): readonly Problem[] =>
  problems.filter(({ where: { field } }) => field === path || field?.startsWith(`${path}.`));
