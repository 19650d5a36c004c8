// SPDX-License-Identifier: Apache-2.0
//
// panva's oidc-provider, versions 8 and 9, set up as a company's provider might be: people with groups, a public client
// for the device flow (RFC 8628), JWT access tokens (RFC 9068) for three kinds of hosts that differ in the algorithm.
// Loopback only; prints "ready ISSUER" on a free port. POST /_test/rotate publishes a new key of each kind and signs with
// it; POST /_test/retire takes the old ones away. Hosts that take opaque tokens ask about them as the clients latchkey-host
// (by secret) and latchkey-host-key (by its key, whose public half is in HOST_JWKS); answers are JSON, or JWTs (RFC 9701).
//
//   PROVIDER_MODULES=DIR PROVIDER_HOST=NAME TLS_KEY=FILE TLS_CERT=FILE [HOST_JWKS=FILE] node provider.mjs

import crypto from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.PROVIDER_MODULES}/x.js`);
const loaded = await import(pathToFileURL(require.resolve('oidc-provider')));
const Provider = loaded.Provider ?? loaded.default;

const people = {
  alice: { groups: ['corp-developers', 'corp-operators'], email: 'alice@corp.example', email_verified: true },
  bob: { groups: ['corp-visitors'], email: 'bob@corp.example', email_verified: true },
};
const claimsOf = (id) => ({ preferred_username: id, ...people[id] });

const kinds = {
  RS256: () => crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => crypto.generateKeyPairSync('ed25519'),
};
let serial = 0;
const makeKeys = () => {
  serial += 1;
  return Object.entries(kinds).map(([alg, generate]) => ({
    ...generate().privateKey.export({ format: 'jwk' }), kid: `${alg.toLowerCase()}-${serial}`, alg, use: 'sig',
  }));
};
let keys = makeKeys();

// `urn:hosts:ES256` asks for a token signed by ES256, `urn:hosts:opaque` for an opaque one.
const resourceServer = (resource) => {
  const kind = resource.split(':').pop();
  const common = { scope: 'login', audience: 'linux-hosts', accessTokenTTL: 300 };
  return kind === 'opaque' ? { ...common, accessTokenFormat: 'opaque' }
    : { ...common, accessTokenFormat: 'jwt', jwt: { sign: { alg: kind } } };
};

const old = require('oidc-provider/package.json').version.startsWith('8.');
const host = {
  grant_types: [], redirect_uris: [], response_types: [], introspection_signed_response_alg: 'ES256',
};
const hostKeys = process.env.HOST_JWKS ? JSON.parse(fs.readFileSync(process.env.HOST_JWKS)) : undefined;

const makeProvider = (issuer) => new Provider(issuer, {
  jwks: { keys },
  cookies: { keys: ['for tests alone'] },
  clients: [{
    client_id: 'latchkey', token_endpoint_auth_method: 'none', application_type: 'native', response_types: [],
    redirect_uris: [], grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  }, {
    client_id: 'latchkey-host', client_secret: 'a-secret-of-the-tests-0123456789', ...host,
  }, ...(hostKeys ? [{
    client_id: 'latchkey-host-key', token_endpoint_auth_method: 'private_key_jwt', jwks: hostKeys, ...host,
  }] : [])],
  enabledJWA: { introspectionSigningAlgValues: ['RS256', 'ES256'] },
  claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
  scopes: ['openid', 'offline_access', 'profile', 'email', 'groups', 'login'],
  findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, ...claimsOf(id) }) }),
  extraTokenClaims: async (ctx, token) => (token.accountId ? claimsOf(token.accountId) : undefined),
  features: {
    devInteractions: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    jwtIntrospection: { enabled: true, ...(old ? { ack: 'draft-10' } : {}) },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:hosts:RS256',
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx, resource) => resourceServer(resource),
    },
  },
});

let provider;
const server = https.createServer(
  { key: fs.readFileSync(process.env.TLS_KEY), cert: fs.readFileSync(process.env.TLS_CERT) },
  (request, response) => {
    if (request.url === '/_test/rotate') {
      keys = [...makeKeys(), ...keys];
    } else if (request.url === '/_test/retire') {
      keys = keys.slice(0, Object.keys(kinds).length);
    } else {
      provider.callback()(request, response);
      return;
    }
    provider = makeProvider(provider.issuer);
    response.end('done\n');
  },
);
server.listen(0, '127.0.0.1', () => {
  const issuer = `https://${process.env.PROVIDER_HOST}:${server.address().port}`;
  provider = makeProvider(issuer);
  console.log('ready', issuer);
});
