export { connectTwokey } from './connect.ts'
export { createTwokey } from './twokey.ts'
