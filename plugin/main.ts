export { connectTwokey } from './connect.ts'
export { startGateway } from './gateway.ts'
export { createTwokey } from './twokey.ts'
