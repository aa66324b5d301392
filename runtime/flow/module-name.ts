/** The name by which code calls a module that was given none: the last part of the module's, as a name in code. Of `lodash/groupBy` groupBy, of `iconv-lite` iconvLite. */
export const moduleName = (module: string): string => (module.split('/').at(-1) ?? '').replace(/\.\w+$/, '').replaceAll(/[^\w$]+(\w)/g, (_, letter: string) => letter.toUpperCase());
