import { openForm } from '../../wire/formData.ts'
import { parseForm, verifyForm, type FormClaim } from '../../sigv4/postPolicy.ts'
import { isPresigned } from '../../sigv4/authorization.ts'
import { SignatureProblem } from '../../sigv4/types.ts'
import type { Exchange } from '../exchange.ts'
import { wireRequest } from './match.ts'
import { ANONYMOUS } from './receive.ts'

/**
 * Who sends a form: reads its fields up to the file, compares the signature of its policy, and puts the operation's own request in
 * the form's place. Sets `caller`, and `stream` for the file, which is still to come.
 */
export async function authenticateForm(exchange: Exchange): Promise<void> {
  const { headers, req, query } = exchange
  const forms = exchange.service?.definition.forms
  if (!forms) throw new Error('no form was matched')
  if (headers['authorization'] !== undefined || isPresigned(query)) {
    throw new SignatureProblem({ code: 'both-ways', header: headers['authorization'] ?? '' })
  }
  // Who stops reading early must not tear down the connection: the refusal is still to be sent.
  const form = await openForm(headers['content-type'] ?? '', req.iterator({ destroyOnReturn: false }))
  exchange.form = { answer: (response) => response, abandon: () => form.abandon() }
  const fields = forms.fields(form)
  const claim = parseForm((name) => fields.get(name), forms.missing)
  if (claim) identifyCaller(exchange, claim)
  else exchange.caller = ANONYMOUS
  const { time: now, region } = exchange
  const request = forms.request(form, fields, wireRequest(exchange), { policy: claim?.policy, region, now })
  exchange.wire = { ...request.wire }
  exchange.headers = request.wire.headers
  exchange.stream = request.body
  exchange.form = { answer: request.answer, abandon: () => form.abandon() }
}

function identifyCaller(exchange: Exchange, claim: FormClaim): void {
  const { accessKeyId, sessionToken, scope } = claim
  const found = exchange.core.env.directory.lookup(accessKeyId, sessionToken, exchange.time)
  if (!found.found) {
    throw new SignatureProblem(
      found.problem === 'expired-token' ? { code: 'expired-token' } : { code: found.problem, accessKeyId },
    )
  }
  verifyForm(claim, found.secret)
  exchange.region = scope.region
  exchange.caller = found.caller
}
