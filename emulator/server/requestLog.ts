import type { Listener, Outcome } from '../audit/recorder.ts'
import type { Settings } from './settings.ts'

/** One line per request, as much as `TWOKEY_LOG` asks for. Never input, output or secrets. */
export function requestLogger(level: Settings['log'], log: (line: string) => void): Listener {
  return (outcome) => {
    if (!wanted(level, outcome)) return
    const { service, operation, status, error, requestId } = outcome
    const answer = outcome.later ? 'after its answer' : String(status)
    const what = `${service} ${operation ?? '?'} ${answer}`
    log(error ? `${what} ${error.code} ${requestId}: ${error.text}` : `${what} ${requestId}`)
  }
}

function wanted(level: Settings['log'], { status, error }: Outcome): boolean {
  switch (level) {
    case 'off':
      return false
    case 'error':
      return status >= 500
    case 'denials':
      return status >= 500 || (error !== undefined && /AccessDenied|Unauthorized|KMS\./.test(error.code))
    case 'requests':
      return true
  }
}
