import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/** The rooms of emulator/ and what each may import besides itself and lib (docs/architecture.md). Only cli/ and plugin/ import server/; nothing imports plugin/. */
const ROOMS = ['access', 'audit', 'cli', 'crypto', 'lib', 'operation', 'server', 'services', 'sigv4', 'state', 'wire']
const MAY_IMPORT = {
  lib: [],
  access: ['lib'],
  crypto: ['lib'],
  sigv4: ['lib'],
  wire: ['lib'],
  state: ['lib'],
  operation: ['lib', 'access', 'wire', 'state', 'crypto'],
  audit: ['lib', 'access', 'operation'],
  services: ['lib', 'access', 'operation', 'state', 'audit', 'wire'],
}

const PLUGIN_MAY_IMPORT = ['server', 'access', 'audit', 'lib']

const zone = (files, forbidden, because) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: [{ regex: `^(\\.\\./)+(emulator/)?(${forbidden.join('|')})/`, message: because }] },
    ],
  },
})

const zones = Object.entries(MAY_IMPORT).map(([room, allowed]) =>
  zone(
    [`emulator/${room}/**/*.ts`],
    ['plugin', ...ROOMS.filter((other) => other !== room && !allowed.includes(other))],
    `${room}/ imports only ${['itself', ...allowed].join(', ')}`,
  ),
)

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', '.twokey'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      // `#private` and module scope are clearer than an index signature's dot access; tsconfig demands brackets there.
      '@typescript-eslint/dot-notation': 'off',
      eqeqeq: 'error',
      complexity: ['error', 20],
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
    },
  },
  ...zones,
  // The services that handle key bytes or object ciphertext; nobody else imports crypto.
  zone(
    ['emulator/services/kms/**/*.ts'],
    ['server', 'cli', 'plugin'],
    'services import operation, state, audit and lib; KMS also crypto, and sigv4 to sign what it asks external key stores',
  ),
  zone(
    ['emulator/services/{s3,ec2,cloudtrail}/**/*.ts'],
    ['server', 'cli', 'sigv4', 'plugin'],
    'services import operation, state, audit and lib; object stores also crypto/objectCipher, CloudTrail crypto/keyMaterial to sign its digest files',
  ),
  zone(['emulator/{server,cli}/**/*.ts'], ['plugin'], 'plugin/ imports the emulator, not the other way round'),
  // How other programs take the emulator in: through its front, and what decisions are made of.
  zone(
    ['plugin/**/*.ts'],
    ROOMS.filter((room) => !PLUGIN_MAY_IMPORT.includes(room)),
    `plugin/ imports only ${PLUGIN_MAY_IMPORT.join(', ')} of emulator/`,
  ),
  // The console's page: programs for the browser as they are served, with types in their comments.
  {
    files: ['emulator/server/console/page/*.js'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/dot-notation': 'off',
      eqeqeq: 'error',
      complexity: ['error', 20],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly', process: 'readonly', __filename: 'readonly' },
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines': 'off',
      // Expectations hand over methods and non-null values on purpose.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
)
