/** With which the runtime starts where it does not run in the process that started it. */
export const RUNTIME_FLAGS: readonly string[];
