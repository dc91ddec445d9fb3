// `globalSetup`: one emulator for all test files.
module.exports = (globalConfig) => require('./globalSetup.js').setUp(globalConfig)
