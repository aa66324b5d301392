/** Svelte 5 strips types by itself; nothing else stands between the source and the compiler. */
export default { compilerOptions: { runes: true }, preprocess: [] }; // written out: svelte-check takes what it cannot parse for another preprocessor's
