// `globalTeardown`
module.exports = () => require('./globalSetup.js').tearDown()
