// The half of tests/clients.py whose libraries are JavaScript's: oauth4webapi and openid-client, which
// is built on it. Its arguments: the service's address, and how many logins may fail.
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const [url, limit] = process.argv.slice(2)
const server = { issuer: url, token_endpoint: `${url}/token` }
const client = { client_id: 'a-client' }

// `make dev` has no TLS, which both refuse unless they are told.
const insecure = { [oauth.allowInsecureRequests]: true }
const configuration = new openid.Configuration(server, client.client_id, undefined, openid.None())
openid.allowInsecureRequests(configuration)

const libraries = {
  oauth4webapi: {
    token: async (grantType, fields) => {
      const answer = await oauth.genericTokenEndpointRequest(server, client, oauth.None(), grantType, fields, insecure)
      return oauth.processGenericTokenEndpointResponse(server, client, answer)
    },
    get: (token, path) =>
      oauth.protectedResourceRequest(token, 'GET', new URL(path, url), undefined, undefined, insecure),
  },
  'openid-client': {
    token: (grantType, fields) => openid.genericGrantRequest(configuration, grantType, fields),
    get: (token, path) => openid.fetchProtectedResource(configuration, token, new URL(path, url), 'GET'),
  },
}

/** What a program sees of an error: its class and code, and the scope where a resource says which it needs. */
function describe(error) {
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    const { parameters } = error.cause[0]
    return `${error.name} ${error.status} ${parameters.error}, scope "${parameters.scope}"`
  }
  return `${error.name} ${error.status} ${error.error ?? error.code}`
}

for (const [library, { token, get }] of Object.entries(libraries)) {
  const login = (fields) => token('password', { username: 'johndoe', password: 'secret', ...fields })
  const access = async (scope, path) => get((await login({ scope })).access_token, path)

  async function row(name, action, expected) {
    const got = await action().then((answer) => `no error, ${answer.status ?? 'a token'}`, describe)
    console.log(`${library} | ${name} | ${got}`)
    if (got !== expected) {
      console.log(`  WRONG, expected: ${expected}`)
      process.exitCode = 1
    }
  }

  await row('right login', () => access('me items', '/users/me/items/'), 'no error, 200')
  await row('wrong password', () => login({ password: 'wrong' }), 'ResponseBodyError 400 invalid_grant')
  await row('too little scope', () => access('me', '/users/me/items/'), 'WWWAuthenticateChallengeError 403 insufficient_scope, scope "items me"')
  await row('bad token', () => get('bad', '/users/me/'), 'WWWAuthenticateChallengeError 401 invalid_token, scope "me"')
  await row('missing field', () => login({ password: '' }), 'ResponseBodyError 400 invalid_request')
  await row('another grant_type', () => token('client_credentials', {}), 'ResponseBodyError 400 unsupported_grant_type')
  await row('scope that cannot be granted', () => login({ scope: 'admin' }), 'ResponseBodyError 400 invalid_scope')
  // A name of its own, so that nobody else has to wait. A name that does not exist counts as well.
  const guess = () => login({ username: `nobody of ${library}` })
  for (let failures = 0; failures < Number(limit); failures++) await guess().catch(() => {})
  await row('too many attempts', guess, 'ResponseBodyError 429 temporarily_unavailable')
}
