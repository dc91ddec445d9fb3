import { AwsError } from '../../lib/awsError.ts'
import { borrowedRow } from '../gateway/steps.ts'
import { notImplemented } from '../../operation/perform.ts'
import type { WireRequest } from '../../wire/protocol.ts'
import type { Exchange } from '../exchange.ts'

/** Which operation the request names, if any. Refusing comes later, where this protocol's front end refuses (`known`). */
export function match(exchange: Exchange): void {
  const { model, service } = exchange
  if (!model || !service) return
  const operation = exchange.protocol.operationOf(wireRequest(exchange), model) ?? formOperation(exchange)
  exchange.operation = operation
  if (operation === undefined) return
  exchange.operationModel = model.operations.get(operation)
  exchange.row = service.row(operation) ?? borrowedRow(exchange, operation)
}

function formOperation(exchange: Exchange): string | undefined {
  const forms = exchange.service?.definition.forms
  if (!forms?.accepts(wireRequest(exchange))) return undefined
  exchange.isForm = true
  return forms.operation
}

/** Refuses requests that name no operation, and operations that have no row. */
export function known(exchange: Exchange): void {
  if (exchange.operation === undefined) throw unknownOperation(exchange)
  if (!exchange.row) throw notImplemented(exchange.serviceName, exchange.operation)
}

/** What the protocols read: one object a request, whose body comes later where the row decides how it is read. */
export function wireRequest(exchange: Exchange): WireRequest {
  const { method, routedPath: path, query, headers, body } = exchange
  const wire = (exchange.wire ??= { method, path, query, headers, body })
  wire.body = body
  return wire
}

function unknownOperation(exchange: Exchange): AwsError {
  switch (exchange.protocol.name) {
    case 'awsJson':
    case 'restJson':
      // kms-iam.md A3 row 4
      return new AwsError('UnknownOperationException', 400, '')
    case 'awsQuery':
    case 'ec2Query': {
      const text = `${exchange.query}&${exchange.body.toString('latin1', 0, 65_536)}`
      const action = decodeURIComponent(
        /(?:^|&)Action=([\w.%-]*)/.exec(text)?.[1]?.replace(/%(?![\dA-Fa-f]{2})/g, '') ?? '',
      )
      if (action === '')
        return new AwsError('MissingAction', 400, 'The request is missing an action or a required parameter.')
      const version = exchange.service?.definition.wire.version ?? ''
      return new AwsError('InvalidAction', 400, `Could not find operation ${action} for version ${version}`)
    }
    case 'restXml':
      return new AwsError('MethodNotAllowed', 405, 'The specified method is not allowed against this resource.', {
        fields: { Method: exchange.method, ResourceType: resourceType(exchange.routedPath) },
      })
  }
}

const resourceType = (path: string) =>
  path.split('/').filter(Boolean).length > 1 ? 'OBJECT' : path === '/' ? 'SERVICE' : 'BUCKET'
