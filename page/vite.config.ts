/** @file Builds the page into `dist/page`: hashed files, nothing inline, so that the strictest policy serves it. */
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // `npx vite page` while one works on the page: a service beside it answers.
  server: { proxy: { '/v1': 'http://127.0.0.1:8080', '/metrics': 'http://127.0.0.1:8080' } },
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2022',
    // Fonts and icons stay files: a data: address would need a policy that allows them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Only echarts is that large, and it is loaded with the first chart.
    chunkSizeWarningLimit: 700,
  },
})
