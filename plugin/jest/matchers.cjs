// `setupFilesAfterEnv`: the matchers alone, for tests that make their emulators themselves.
const { expect } = require('@jest/globals')

expect.extend(require('../outside.cjs')(__filename)('./matchers.js').matchers)
