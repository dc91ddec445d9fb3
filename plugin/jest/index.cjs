// For ES modules and CommonJS alike: what a test file has of the run's emulator, made once however often modules are loaded.
const { expect } = require('@jest/globals')
const outside = require('../outside.cjs')

const KEY = Symbol.for('twokey.jest')

globalThis[KEY] ??= outside(__filename)('./testFile.js').forTestFile(expect.getState().testPath)
const { twokey, environment } = globalThis[KEY]

module.exports = { twokey, account: twokey.account, environment }
