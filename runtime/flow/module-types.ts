/** Declarations of a module for TypeScript: its package's own, or those of `@types`. */
export interface ModuleTypes {
  /** Where they begin; absent when there are none. */
  readonly entry?: string;
  /** Texts by path below `node_modules`. */
  readonly files: { readonly [path: string]: string };
  /** Which of them stand for the modules that they name, of those that are allowed. */
  readonly names: { readonly [module: string]: string };
}
