/** Declarations of the language, as far as the sandbox has it: no page, no shared memory, no code from text. `test/runtime/sandbox/guest-types.test.ts` compares them with it. */

const NAMES: { readonly [edition: string]: string } = {
  es5: '',
  es2015: 'core collection generator iterable promise proxy reflect symbol symbol.wellknown',
  es2016: 'array.include intl',
  es2017: 'date intl object string typedarrays',
  es2018: 'asyncgenerator asynciterable intl promise regexp',
  es2019: 'array intl object string symbol',
  es2020: 'bigint date intl number promise string symbol.wellknown',
  es2021: 'intl promise string',
  es2022: 'array error intl object regexp string',
  es2023: 'array collection intl',
  es2024: 'collection object promise regexp string',
  es2025: 'collection float16 intl iterator promise regexp',
  esnext: 'disposable error',
};

/** Files of TypeScript's own folder. */
export const LIB_FILES: readonly string[] = Object.entries(NAMES).flatMap(([edition, parts]) => parts.split(' ').map((part) => `lib.${edition}${part === '' ? '' : `.${part}`}.d.ts`));

/** What the sandbox takes away of what one of these files declares (`runtime/sandbox/guest/harden.ts`). */
const TAKEN_AWAY: readonly RegExp[] = [/^declare function eval\(.*$/m, /^ +compile\(pattern: string.*$/m];

export const libText = (text: string): string => TAKEN_AWAY.reduce((left, gone) => left.replace(gone, ''), text);
