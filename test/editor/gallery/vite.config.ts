import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Shows the editor's controls and panels by themselves, with made-up data, for the eye and for axe. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
  server: { host: '127.0.0.1', port: 4891, fs: { allow: [fileURLToPath(new URL('../../..', import.meta.url))] } },
});
