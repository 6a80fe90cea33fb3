import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import guardedCallbacks from './lint/guarded-callbacks.cjs';
import noObjectLookup from './lint/no-object-lookup.cjs';

export default tseslint.config(
  { ignores: ['dist', 'coverage', 'node_modules', '**/node_modules'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
    },
  },
  {
    plugins: {
      tandem: { rules: { 'no-object-lookup': noObjectLookup, 'guarded-callbacks': guardedCallbacks } },
    },
  },
  // Text from outside as a key: a crafted name finds what every object inherits.
  { files: ['src/**/*.ts'], rules: { 'tandem/no-object-lookup': 'error' } },
  // What a callback throws, and what rejects unhandled, ends the process and every call. The test kit carries no calls, and
  // is to fail loudly; signals and commands begin and end the process.
  {
    files: ['src/**/*.ts'],
    ignores: ['src/testkit/**', 'src/cli/signals.ts', 'src/cli/commands/**'],
    rules: {
      'tandem/guarded-callbacks': 'error',
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // supertest and fetch bodies are `any`; the assertions are what types them.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        fetch: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        setImmediate: 'readonly',
        performance: 'readonly',
        module: 'writable',
        require: 'readonly',
      },
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/cli/cli.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'Only cli.ts reads process.env.',
        },
        {
          selector:
            'CallExpression[callee.property.name=/^(trace|debug|info|warn|error|fatal)$/] > ObjectExpression' +
            ' > Property[key.name="event"] > Literal:not([value=/^[a-z]+(-[a-z0-9]+)*([.][a-z]+(-[a-z0-9]+)*)?$/])',
          message: 'The event code of a log line is kebab-case: "redis-lost", "session.ended".',
        },
      ],
      'no-console': 'error',
    },
  },
);
