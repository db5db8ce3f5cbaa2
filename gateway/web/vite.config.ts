import { defineConfig } from 'vite';
import { configDefaults } from 'vitest/config';

// The binary serves dist/ as it is, under any path prefix a proxy may add: every URL is relative.
export default defineConfig({
  base: './',
  build: {
    target: 'es2022',
    // The server's policy allows no data: URLs, so nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 200,
  },
  server: { proxy: { '/ws': { target: 'http://127.0.0.1:8765', ws: true } } },
  test: { environment: 'node', exclude: [...configDefaults.exclude] },
} as ReturnType<typeof defineConfig>);
