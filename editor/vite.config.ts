import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const server = 'http://127.0.0.1:4880';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  plugins: [svelte()],
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    // The content security policy allows no data: addresses but images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    // The runtime accepts only its own address as host and origin.
    proxy: {
      '/api/v1': { target: server, headers: { origin: server }, changeOrigin: true },
      '/socket.io': { target: server, headers: { origin: server }, changeOrigin: true, ws: true },
      '/hook': { target: server, changeOrigin: true },
    },
  },
});
