import type { RequestHandler } from 'express'

/**
 * Refuses requests that a foreign web page could have caused: a page's scripts send their Origin, a rebound DNS name shows in
 * Host, and browsers mark cross-site navigation. Command line clients send none of these.
 */
export const ownPagesOnly: RequestHandler = (req, res, next) => {
  const host = req.headers.host ?? ''
  const { origin } = req.headers
  const site = req.headers['sec-fetch-site']
  if (!isLocalName(host.replace(/:\d+$/, ''))) {
    res.status(403).json({
      error: `the admin door does not answer to the host name \`${host}\`; call it by its address or a plain name`,
    })
  } else if (origin !== undefined && origin !== `${req.protocol}://${host}`) {
    res.status(403).json({ error: `the admin door does not answer pages of \`${origin}\`` })
  } else if (site === 'cross-site' || site === 'same-site') {
    res.status(403).json({ error: 'the admin door does not answer requests from other sites' })
  } else next()
}

/** An address, `localhost`, or a name without dots (a container's): none of them can be rebound by a foreign DNS server. */
function isLocalName(name: string): boolean {
  if (/^\[[\da-f:.]+\]$/i.test(name) || /^\d+\.\d+\.\d+\.\d+$/.test(name)) return true
  return name === 'localhost' || name.endsWith('.localhost') || /^[\w-]+$/.test(name) || name === 'host.docker.internal'
}
