// The half of tests/clients_sessions.py whose libraries are JavaScript's. Its argument: the service's address.
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const [url] = process.argv.slice(2)
const server = {
  issuer: url,
  token_endpoint: `${url}/token`,
  revocation_endpoint: `${url}/revoke`,
  introspection_endpoint: `${url}/introspect`,
}
const SECRET = 'cs_for-development-only'

// `make dev` has no TLS, which both refuse unless they are told.
const insecure = { [oauth.allowInsecureRequests]: true }

function configuration(id, authentication) {
  const made = new openid.Configuration(server, id, undefined, authentication)
  openid.allowInsecureRequests(made)
  return made
}

/** Each is given a client's id, and how it proves who it is. */
const libraries = {
  oauth4webapi: (id, way) => {
    const client = { client_id: id }
    const proof = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost, none: oauth.None }[way.method](way.secret)
    return {
      own: async () => oauth.processClientCredentialsResponse(server, client, await oauth.clientCredentialsGrantRequest(server, client, proof, { scope: 'items' }, insecure)),
      login: async (fields) => oauth.processGenericTokenEndpointResponse(server, client, await oauth.genericTokenEndpointRequest(server, client, proof, 'password', fields, insecure)),
      refresh: async (token) => oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, proof, token, insecure)),
      revoke: async (token) => oauth.processRevocationResponse(await oauth.revocationRequest(server, client, proof, token, insecure)),
      introspect: async (token) => oauth.processIntrospectionResponse(server, client, await oauth.introspectionRequest(server, client, proof, token, insecure)),
    }
  },
  'openid-client': (id, way) => {
    const proof = { basic: openid.ClientSecretBasic, post: openid.ClientSecretPost, none: openid.None }[way.method](way.secret)
    const made = configuration(id, proof)
    return {
      own: () => openid.clientCredentialsGrant(made, { scope: 'items' }),
      login: (fields) => openid.genericGrantRequest(made, 'password', fields),
      refresh: (token) => openid.refreshTokenGrant(made, token),
      revoke: (token) => openid.tokenRevocation(made, token),
      introspect: (token) => openid.tokenIntrospection(made, token),
    }
  },
}

function describe(error) {
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return `${error.name} ${error.status} ${error.cause[0].scheme}`
  }
  return `${error.name} ${error.status} ${error.error ?? error.code}`
}

for (const [library, of] of Object.entries(libraries)) {
  async function row(name, action, expected) {
    const got = await action().then(String, describe)
    console.log(`${library} | ${name} | ${got}`)
    if (got !== expected) {
      console.log(`  WRONG, expected: ${expected}`)
      process.exitCode = 1
    }
  }

  const service = (method, secret = SECRET) => of('c_example', { method, secret })
  const app = of('c_web', { method: 'none' })
  for (const method of ['basic', 'post']) {
    await row(`own token, ${method}`, async () => (await service(method).own()).token_type, 'bearer')
  }
  await row('wrong secret, basic', () => service('basic', 'wrong').own(), 'WWWAuthenticateChallengeError 401 basic')
  await row('wrong secret, post', () => service('post', 'wrong').own(), 'ResponseBodyError 400 invalid_client')
  await row('own token without a secret', () => app.own(), 'ResponseBodyError 400 invalid_client')
  const first = await app.login({ username: 'johndoe', password: 'secret', scope: 'me' })
  const second = await app.refresh(first.refresh_token)
  await row('refreshed', async () => first.refresh_token !== second.refresh_token, 'true')
  await row('introspected', async () => (await service('basic').introspect(second.access_token)).username, 'johndoe')
  await row('revoked', async () => app.revoke(second.refresh_token), 'undefined')
  await row('introspected once more', async () => (await service('post').introspect(second.access_token)).active, 'false')
  await row('refreshed once more', () => app.refresh(second.refresh_token), 'ResponseBodyError 400 invalid_grant')
}
