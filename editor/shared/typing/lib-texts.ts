import { LIB_FILES, libText } from './libs.ts';

const all = import.meta.glob<string>('../../../node_modules/typescript/lib/lib.es*.d.ts', { query: '?raw', import: 'default', eager: true });

/** Texts of the language's declarations by file name. */
export const libTexts: { readonly [name: string]: string } = Object.fromEntries(LIB_FILES.map((name) => [name, libText(all[`../../../node_modules/typescript/lib/${name}`] ?? '')]));
