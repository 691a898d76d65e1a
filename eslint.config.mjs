/** LuCI's own rules (eslint.config.mjs of luci.git, written anew) for the views, and unused names besides. */
import js from '@eslint/js';
import globals from 'globals';

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, 'readonly']));

/** The names under which a LuCI module is required. */
const modules = [
  'baseclass',
  'calls',
  'charts',
  'form',
  'fs',
  'invites',
  'live_table',
  'network',
  'page',
  'pager_class',
  'poll',
  'rpc',
  'rules',
  'sentences',
  'uci',
  'ui',
  'view',
  'words',
];

// biome-ignore lint/style/noDefaultExport: eslint looks for one
export default [
  {
    files: ['luci/luci-*/htdocs/**/*.js'],
    languageOptions: {
      sourceType: 'script',
      ecmaVersion: 2022,
      parserOptions: { ecmaFeatures: { globalReturn: true } },
      globals: { ...globals.browser, ...readonly('_', 'N_', 'L', 'E'), ...readonly(...modules) },
    },
    rules: {
      ...js.configs.recommended.rules,
      strict: 'off',
      'no-prototype-builtins': 'off',
      'no-empty': 'off',
      'no-undef': 'error',
      'no-unused-vars': ['error', { caughtErrors: 'none', args: 'none' }],
      'no-regex-spaces': 'off',
      'no-control-regex': 'off',
      'no-restricted-properties': [
        'error',
        { property: 'innerHTML', message: 'Make nodes with E(): data never becomes HTML.' },
        { property: 'outerHTML', message: 'Make nodes with E(): data never becomes HTML.' },
        { property: 'insertAdjacentHTML', message: 'Make nodes with E().' },
      ],
    },
  },
];
