/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  testTimeout: 30000,
  // Each test file loads modules of its own, which are never freed: in one process they add up to gigabytes, and most of the time is
  // then spent on collecting garbage. Workers that have grown are replaced.
  maxWorkers: '100%',
  workerIdleMemoryLimit: '1GB',
}
