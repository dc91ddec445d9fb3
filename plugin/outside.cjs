// outside.ts for CommonJS, which Jest without `--experimental-vm-modules` cannot import from an ES module.
const { runInThisContext } = require('node:vm')

module.exports = runInThisContext("(from) => process.getBuiltinModule('node:module').createRequire(from)")
