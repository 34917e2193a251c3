import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** The lasso's style sheet as a constructed one: the page's policy allows no style element. */
function lassoWithoutStyleElement(): Plugin {
  const inserted =
    /const lassoStyleEl = document\.createElement\('style'\);\s*document\.head\.appendChild\(lassoStyleEl\);\s*cachedLassoStylesheets = lassoStyleEl\.sheet;/;
  const constructed =
    'cachedLassoStylesheets = new CSSStyleSheet();' +
    'document.adoptedStyleSheets = [...document.adoptedStyleSheets, cachedLassoStylesheets];';
  return {
    name: 'lasso-without-style-element',
    transform(code, id) {
      if (!id.includes('regl-scatterplot.esm')) return null;
      if (!inserted.test(code)) this.error('regl-scatterplot no longer makes its style sheet as expected');
      return code.replace(inserted, constructed).replaceAll('lassoStylesheets.rules', 'lassoStylesheets.cssRules');
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [lassoWithoutStyleElement()],
  build: {
    outDir: fileURLToPath(new URL('../gargalo/explorer/site', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    chunkSizeWarningLimit: 1000,
  },
});
