import type { Listener, Outcome } from '../audit/recorder.ts'
import type { Settings } from './settings.ts'

/** One line per request, as much as `TWOKEY_LOG` asks for; a denial's says how to get the reason. Never input, output or secrets. */
export function requestLogger({ log: level, admin }: Settings, log: (line: string) => void): Listener {
  return (outcome) => {
    if (!wanted(level, outcome)) return
    const { service, operation, status, error, requestId } = outcome
    const answer = outcome.later ? 'after its answer' : String(status)
    const what = `${service} ${operation ?? '?'} ${answer}`
    const why = admin && isDenial(outcome) ? ` (why: npx twokey explain ${requestId})` : ''
    log(error ? `${what} ${error.code} ${requestId}: ${error.text}${why}` : `${what} ${requestId}`)
  }
}

const isDenial = ({ error }: Outcome) => error !== undefined && /AccessDenied|Unauthorized|KMS\./.test(error.code)

function wanted(level: Settings['log'], outcome: Outcome): boolean {
  switch (level) {
    case 'off':
      return false
    case 'error':
      return outcome.status >= 500
    case 'denials':
      return outcome.status >= 500 || isDenial(outcome)
    case 'requests':
      return true
  }
}
