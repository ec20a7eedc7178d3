// SPDX-License-Identifier: GPL-3.0-or-later
// S3 for tests: s3rver keeps the objects. It believes every signature of Version 4, so this stands before it and holds
// each one against what aws4 reckons, the body against its hash, and does what tests ask of it:
//   POST /-/fault {"match": "^PUT ", "what": "cut", "times": 1}    the next calls that match go wrong
//   POST /-/fault                                                  no more faults
//   POST /-/hangup                                                 connections that nobody uses now are closed
//   GET  /-/journal                                                the calls since any of these questions
//
// It ciphers a list's tokens as OpenSSL 3 only does when told to:
//
//   node --openssl-legacy-provider server.mjs PORT FOLDER BUCKET REGION ACCESS_KEY SECRET_KEY

import aws4 from 'aws4';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import { Transform } from 'node:stream';
import S3rver from 's3rver';

const [port, folder, bucket, region, accessKeyId, secretAccessKey] = process.argv.slice(2);
const SKEW = 15 * 60 * 1000;
const { DUMMY_ACCOUNT } = createRequire(import.meta.url)('s3rver/lib/models/account');
DUMMY_ACCOUNT.createKeyPair(accessKeyId, secretAccessKey);

const store = new S3rver({
  address: '127.0.0.1', port: 0, directory: folder, silent: true, vhostBuckets: false, configureBuckets: [{ name: bucket }],
});
const behind = (await store.run()).port;

let journal = [];
let faults = [];

class Refusal extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
  }
}

function refuse(res, status, code) {
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code></Error>`;
  res.writeHead(status, { 'Content-Type': 'application/xml', 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
}

// -- signatures ---------------------------------------------------------------------------------------------------------

function timeOf(stamp) {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(stamp ?? '');
  if (!m) throw new Refusal(403, 'AccessDenied');
  return Date.UTC(m[1], m[2] - 1, m[3], m[4], m[5], m[6]);
}

function checkScope(credential, stamp) {
  const [key, ...scope] = credential.split('/');
  if (key !== accessKeyId) throw new Refusal(403, 'InvalidAccessKeyId');
  if (scope.join('/') !== `${stamp.slice(0, 8)}/${region}/s3/aws4_request`) throw new Refusal(400, 'AuthorizationHeaderMalformed');
}

function sign(request) {
  return aws4.sign({ service: 's3', region, ...request }, { accessKeyId, secretAccessKey });
}

function checkHeader(req) {
  const m = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(req.headers.authorization);
  if (!m) throw new Refusal(400, 'AuthorizationHeaderMalformed');
  const names = m[2].split(';');
  for (const needed of ['host', 'x-amz-content-sha256', 'x-amz-date'])
    if (!names.includes(needed)) throw new Refusal(403, 'AccessDenied');
  const headers = Object.fromEntries(names.map((name) => [name, req.headers[name] ?? '']));
  checkScope(m[1], headers['x-amz-date']);
  if (Math.abs(timeOf(headers['x-amz-date']) - Date.now()) > SKEW) throw new Refusal(403, 'RequestTimeTooSkewed');
  const expected = sign({ method: req.method, path: req.url, headers }).headers.Authorization;
  if (!expected.endsWith(`SignedHeaders=${m[2]}, Signature=${m[3]}`)) throw new Refusal(403, 'SignatureDoesNotMatch');
}

function checkQuery(req, query) {
  const stamp = query.get('X-Amz-Date'), seconds = Number(query.get('X-Amz-Expires'));
  checkScope(query.get('X-Amz-Credential') ?? '', stamp ?? '');
  if (!(seconds >= 1 && seconds <= 604800)) throw new Refusal(400, 'AuthorizationQueryParametersError');
  if (Date.now() > timeOf(stamp) + seconds * 1000) throw new Refusal(403, 'AccessDenied');
  const given = query.get('X-Amz-Signature');
  const path = req.url.replace(/&X-Amz-Signature=[^&]*/, '');
  const expected = new URL(sign({ method: req.method, path, headers: { host: req.headers.host }, signQuery: true }).path, 'http://s3');
  if (given !== expected.searchParams.get('X-Amz-Signature')) throw new Refusal(403, 'SignatureDoesNotMatch');
}

function checkSignature(req) {
  const query = new URL(req.url, 'http://s3').searchParams;
  if (req.headers.authorization) checkHeader(req);
  else if (query.has('X-Amz-Signature')) checkQuery(req, query);
  else throw new Refusal(403, 'AccessDenied');
}

// -- what passes --------------------------------------------------------------------------------------------------------

// The last piece is held back until the hash holds, so that what lies does not arrive whole.
class Checked extends Transform {
  constructor(hash) {
    super();
    this.expected = hash;
    this.hash = createHash('sha256');
  }

  _transform(piece, encoding, done) {
    this.hash.update(piece);
    if (this.held) this.push(this.held);
    this.held = piece;
    done();
  }

  _flush(done) {
    if (this.expected && this.hash.digest('hex') !== this.expected) return done(new Refusal(400, 'XAmzContentSHA256Mismatch'));
    if (this.held) this.push(this.held);
    done();
  }
}

// The bucket may be named by the host.
function pathOf(req) {
  return req.headers.host.startsWith(`${bucket}.`) ? `/${bucket}${req.url === '/' ? '' : req.url}` : req.url;
}

function pass(req, res, fault) {
  const onward = http.request({ host: '127.0.0.1', port: behind, method: req.method, path: pathOf(req), headers: req.headers });
  const body = new Checked(req.headers['x-amz-content-sha256']);
  body.on('error', (why) => {
    onward.destroy();
    refuse(res, why.status, why.message);
  });
  onward.on('error', () => res.headersSent || refuse(res, 500, 'InternalError'));
  onward.on('response', (answer) => {
    if (fault === 'deaf') {
      answer.resume();
      return answer.on('end', () => req.socket.destroy());
    }
    res.writeHead(answer.statusCode, answer.headers);
    if (fault !== 'half' && fault !== 'stall') return answer.pipe(res);
    answer.once('data', (piece) => res.write(piece.subarray(0, 10), () => fault === 'half' && req.socket.destroy()));
  });
  req.pipe(body).pipe(onward);
}

// -- faults -------------------------------------------------------------------------------------------------------------

function faultOf(what) {
  const fault = faults.find((one) => one.times > 0 && new RegExp(one.match).test(what));
  if (fault) fault.times--;
  return fault?.what;
}

const wrong = {
  cut: (req) => req.socket.destroy(),
  mute: (req) => req.resume(),
  busy: (req, res) => (req.resume(), refuse(res, 503, 'SlowDown')),
  sorry: (req, res) => (req.resume(), refuse(res, 200, 'InternalError')),
  junk: (req, res) => (req.resume(), res.writeHead(200), res.end('nothing of the kind')),
  moved: (req, res) => (req.resume(), res.writeHead(301, { Location: 'http://127.0.0.1:1/' }), res.end()),
};

async function control(req, res) {
  let text = '';
  for await (const piece of req) text += piece;
  if (req.url === '/-/fault') faults = text ? [JSON.parse(text)] : [];
  if (req.url === '/-/hangup') gate.closeIdleConnections();
  res.end(JSON.stringify(journal));
  journal = [];
}

const gate = http.createServer((req, res) => {
  if (req.url.startsWith('/-/')) return control(req, res);
  const what = `${req.method} ${req.url}`, fault = faultOf(what);
  journal.push(what);
  if (wrong[fault]) return wrong[fault](req, res);
  try {
    checkSignature(req);
  } catch (why) {
    if (!(why instanceof Refusal)) throw why;
    req.resume();
    return refuse(res, why.status, why.message);
  }
  if (fault === 'late') return setTimeout(() => pass(req, res), 4000);
  return pass(req, res, fault);
});
gate.keepAliveTimeout = 60000;
gate.listen(Number(port), '127.0.0.1', () => console.log(`listening at ${gate.address().port}`));
