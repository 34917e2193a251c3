import js from '@eslint/js';
import hooks from 'eslint-plugin-react-hooks';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

// typescript-eslint asks the compiler for types through an interface that TypeScript 7 does not have yet. Therefore the
// package `typescript` is TypeScript 6, which only the linter uses; `tsc`, which checks and builds the page, is
// TypeScript 7 and is installed under the name `@typescript/native`.
export default defineConfig(globalIgnores(['generated']), js.configs.recommended, {
  files: ['src/**/*.{ts,tsx}', 'tests/**/*.ts'],
  extends: [tseslint.configs.recommendedTypeChecked],
  plugins: { 'react-hooks': hooks },
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    ...hooks.configs.recommended.rules,
    // These two rules take every value of the outer scope for a constant. Here it is a signal: one may write it, and an
    // effect may depend on it.
    'react-hooks/exhaustive-deps': 'off',
    'react-hooks/immutability': 'off',
  },
});
