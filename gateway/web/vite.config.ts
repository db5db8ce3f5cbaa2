import { defineConfig } from 'vite';
import { configDefaults } from 'vitest/config';
import { shellPlugin, WORKER } from './shell-plugin.js';

// The binary serves dist/ as it is, under any path prefix a proxy may add: every URL is relative.
export default defineConfig({
  base: './',
  plugins: [shellPlugin()],
  build: {
    target: 'es2022',
    // The server's policy allows no data: URLs, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 200,
    rollupOptions: {
      input: { index: 'index.html', [WORKER]: `src/shell/${WORKER}.ts` },
      // A service worker answers for what lies below it, and has one name for ever.
      output: { entryFileNames: ({ name }) => (name === WORKER ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
  // The face's tables are janet-face's own.
  server: { fs: { allow: ['.', '../../engine/face/data'] }, proxy: { '/ws': { target: 'http://127.0.0.1:8765', ws: true } } },
  test: { environment: 'node', exclude: [...configDefaults.exclude] },
} as ReturnType<typeof defineConfig>);
