// SPDX-License-Identifier: Apache-2.0
//
// npm's jose as one of the implementations of test_other_libraries.py. Reads a list of orders as JSON from standard input
// and writes the list of answers.
//
//   { "do": "key", "alg": ALG }                                   -> { "private": JWK, "public": JWK }
//   { "do": "sign", "alg": ALG, "key": JWK, "claims": {…}, "header": {…} }  -> { "token": … }
//   { "do": "verify", "alg": ALG, "key": JWK, "token": …, "issuer": …, "audience": … }  -> { "claims": {…} } | { "refused": … }
//
//   JOSE_MODULES=DIR node jose.mjs

import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const require = createRequire(`${process.env.JOSE_MODULES}/x.js`);
const jose = await import(pathToFileURL(require.resolve('jose')));

const actions = {
  async key({ alg }) {
    if (alg.startsWith('HS')) {
      const jwk = { kty: 'oct', k: crypto.randomBytes(Number(alg.slice(2)) / 8).toString('base64url') };
      return { private: jwk, public: jwk };
    }
    const pair = await jose.generateKeyPair(alg, { extractable: true });
    return { private: await jose.exportJWK(pair.privateKey), public: await jose.exportJWK(pair.publicKey) };
  },
  async sign({ alg, key, claims, header }) {
    const signer = new jose.SignJWT(claims).setProtectedHeader({ alg, ...header });
    return { token: await signer.sign(await jose.importJWK(key, alg)) };
  },
  async verify({ alg, key, token, issuer, audience }) {
    try {
      const options = { algorithms: [alg], issuer, audience, requiredClaims: ['exp'] };
      return { claims: (await jose.jwtVerify(token, await jose.importJWK(key, alg), options)).payload };
    } catch (problem) {
      return { refused: problem.code ?? String(problem) };
    }
  },
};

const orders = JSON.parse(fs.readFileSync(0, 'utf8'));
const answers = [];
for (const order of orders) answers.push(await actions[order.do](order));
process.stdout.write(JSON.stringify(answers));
