// The certified provider as the tests want it: on loopback, with one person, and clients of each kind.
//
// It prints the private key of the client `signed`, its issuer when it is ready, and each grant that it gives after that: what it was asked for and how it ended.
// Nothing is kept and nothing leaves the machine. `password` is not among its grants: OAuth 2.1 has none.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const lifetime = Number(process.env.TOKEN_SECONDS ?? 3600);
// The name in the issuer. Browsers take `localhost` and `127.0.0.1` for two sites.
const host = process.env.HOST_NAME ?? '127.0.0.1';
const api = 'https://api.example.com';

const person = {
  accountId: 'alice',
  claims: () => ({ sub: 'alice', email: 'alice@example.com', groups: ['k8s-developers'] }),
};

async function signingKeys() {
  const keys = [];
  for (const alg of ['RS256', 'ES256']) {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    keys.push({ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg });
  }
  return { keys };
}

const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code';
const native = {
  application_type: 'native',
  token_endpoint_auth_method: 'none',
  redirect_uris: ['http://localhost'],
  grant_types: ['authorization_code', 'refresh_token', deviceCode],
};

// The provider has the public part alone, as it would be registered.
const pair = await generateKeyPair('ES256', { extractable: true });
const clientKey = { ...(await exportJWK(pair.privateKey)), kid: 'client-key' };
const publicKey = { ...(await exportJWK(pair.publicKey)), kid: 'client-key' };

const asserted = {
  application_type: 'native',
  redirect_uris: ['http://localhost'],
  grant_types: ['authorization_code', 'refresh_token', deviceCode],
};

// With DPOP set, DPoP is on, with nonces, and the clients that are bound have to use it.
const dpop = Boolean(process.env.DPOP);
const bound = dpop ? { dpop_bound_access_tokens: true } : {};

// With POSTS set, its pages take posts, as OpenID Connect demands, and cookies come with those of other sites. Chromium takes such a cookie only with
// `secure`, and on loopback without https.
const posts = Boolean(process.env.POSTS);
const cookies = posts ? { long: { httpOnly: true, sameSite: 'none' } } : {};

const clients = [
  {
    ...asserted,
    ...bound,
    client_id: 'hmac',
    client_secret: 'a secret of more than thirty-two bytes',
    token_endpoint_auth_method: 'client_secret_jwt',
  },
  {
    ...asserted,
    ...bound,
    client_id: 'signed',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [publicKey] },
  },
  { ...native, ...bound, client_id: 'kubectl' },
  { ...native, client_id: 'kubectl-es256', id_token_signed_response_alg: 'ES256' },
  {
    client_id: 'confidential',
    client_secret: 'a secret with: colons & spaces',
    token_endpoint_auth_method: 'client_secret_post',
    application_type: 'native',
    redirect_uris: ['http://localhost'],
    grant_types: ['authorization_code', 'refresh_token'],
  },
  {
    client_id: 'program',
    client_secret: 'a secret with: colons & spaces',
    redirect_uris: [],
    response_types: [],
    grant_types: ['client_credentials'],
  },
];

// An access token is opaque, but for who asks for this resource.
const resourceIndicators = {
  enabled: true,
  defaultResource: () => undefined,
  useGrantedResource: () => true,
  getResourceServerInfo: () => ({
    scope: 'k8s',
    audience: api,
    accessTokenFormat: 'jwt',
    accessTokenTTL: lifetime,
    jwt: { sign: { alg: 'RS256' } },
  }),
};

const server = createServer();
server.listen(0, '127.0.0.1', async () => {
  const issuer = `http://${host}:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients,
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'],
    jwks: await signingKeys(),
    findAccount: () => person,
    claims: { openid: ['sub'], email: ['email'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'k8s'],
    conformIdTokenClaims: false,
    cookies: { keys: ['only for tests'], ...cookies },
    enableHttpPostMethods: posts,
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: {
      AccessToken: lifetime,
      AuthorizationCode: 60,
      ClientCredentials: lifetime,
      DeviceCode: 60,
      Grant: 3600,
      IdToken: lifetime,
      Interaction: 60,
      RefreshToken: 3600,
      Session: 3600,
    },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      dPoP: { enabled: dpop, nonceSecret: randomBytes(32), requireNonce: () => dpop },
      revocation: { enabled: true },
      resourceIndicators,
    },
  });
  provider.on('grant.success', (ctx) => console.log(`granted ${ctx.oidc.params.grant_type}`));
  provider.on('grant.error', (ctx, error) => console.log(`refused ${ctx.oidc.params?.grant_type} ${error.error} ${error.error_detail ?? ''}`));
  provider.on('server_error', (_, error) => console.error(error));
  const answer = provider.callback();
  server.on('request', (request, response) => {
    const set = response.setHeader.bind(response);
    const secure = (value) => [value].flat().map((cookie) => `${cookie}; secure`);
    response.setHeader = (name, value) => set(name, posts && name.toLowerCase() === 'set-cookie' ? secure(value) : value);
    answer(request, response);
  });
  console.log(`client key ${JSON.stringify(clientKey)}`);
  console.log(issuer);
});
