// `setupFilesAfterEnv`: matchers, and an environment in which clients that find their own settings reach the emulator.
require('./matchers.cjs')

for (const name of Object.keys(process.env))
  if (/^AWS_(?:PROFILE|SESSION_TOKEN|ENDPOINT_URL_\w+)$/.test(name)) delete process.env[name]
Object.assign(process.env, require('./index.cjs').environment)
