// For `require('twokey')` (see outside.ts).
module.exports = require('./outside.cjs')(__filename)('./main.js')
