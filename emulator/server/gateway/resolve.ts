import { isArn, text, type Asked, type Said } from './said.ts'
import { headersFor } from './headers.ts'
import type { Forwarding } from './steps.ts'

/**
 * The ARN of a secret ends in six characters that its name does not tell, and policies name it by its ARN: the upstream is asked. Where it
 * does not know the secret, the ARN stays with six question marks.
 */
export async function resolveNames(
  forwarding: Forwarding,
  said: Said,
  permissions: readonly Asked[],
): Promise<readonly Asked[]> {
  if (said.service !== 'secretsmanager' || said.operation === 'CreateSecret') return permissions
  return Promise.all(
    permissions.map(async (asked) => {
      if (asked.named === undefined) return asked
      const { action, arn, named, context } = asked
      return { action, arn: (await secretArn(forwarding, said, named)) ?? arn, named, context }
    }),
  )
}

async function secretArn({ gateway, upstream }: Forwarding, said: Said, id: string): Promise<string | undefined> {
  const { service, region, account } = said
  const body = Buffer.from(JSON.stringify({ SecretId: id }))
  const headers = headersFor({
    ...{ upstream, method: 'POST', path: '/', query: '', body, region, service, account },
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'secretsmanager.DescribeSecret',
      'accept-encoding': 'identity',
    },
  })
  const purpose = `${service}:${said.operation}`
  const answer = await gateway.transport.send({ upstream, method: 'POST', path: '/', headers, body, purpose })
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  if (answer.statusCode !== 200) return undefined
  const { ARN: arn } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { ARN?: unknown }
  const found = text(arn)
  return found !== undefined && isArn(found) ? found : undefined
}
