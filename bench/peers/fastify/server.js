// SPDX-License-Identifier: GPL-3.0-or-later
// GET /ailice/api/items/{id} by Fastify: server.js SOCKET PROCESSES. pg with named, hence prepared statements, ioredis,
// fast-jwt with its cache of verified tokens.
'use strict'
const cluster = require('node:cluster')

const WINDOW = 3600
const CALLER = `select a.role from account a
  where a.id = $1 and a.product = 'ailice' and a.deleted_at is null and a.tokens_valid_after <= to_timestamp($2)
    and $3::uuid <> all (a.revoked)`
const ITEM = 'select ailice.item_json(i)::text as body from ailice.item i where i.id = $1 and i.account_id = $2'
const [, , address, processes] = process.argv

class Refused extends Error {
  constructor (statusCode, message) {
    super(message)
    this.statusCode = statusCode
  }
}

function serve () {
  const { createVerifier } = require('fast-jwt')
  const Redis = require('ioredis')
  const { Pool } = require('pg')
  const env = process.env
  const words = Object.fromEntries(env.BENCH_DATABASE.split(' ').map(word => word.split('=', 2)))
  const pool = new Pool({ host: words.host, user: words.user, database: words.dbname, max: Number(env.BENCH_POOL) })
  const redis = new Redis({ path: env.BENCH_REDIS, enableAutoPipelining: true })
  const verify = createVerifier({
    key: Buffer.from(env.BENCH_KEY, 'hex'), algorithms: ['HS256'], allowedIss: 'millrace', allowedAud: 'ailice', cache: true
  })
  const fastify = require('fastify')({ logger: false })

  fastify.setErrorHandler((why, request, reply) => reply.code(why.statusCode ?? 500).send({ detail: why.message }))
  fastify.addHook('onRequest', async request => {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ', 2)
    try {
      request.claims = verify(token)
    } catch (why) {
      throw new Refused(401, 'The access token is not valid')
    }
    if (scheme !== 'Bearer' || request.claims.typ !== 'access') throw new Refused(401, 'Authentication is required')
    const key = `fastify:${request.claims.sub}:${Math.floor(Date.now() / 1000 / WINDOW)}`
    const count = await redis.incr(key)
    if (count === 1) await redis.expire(key, WINDOW)
    if (count > Number(env.BENCH_LIMIT)) throw new Refused(429, 'Too many requests')
  })
  fastify.get('/ailice/api/items/:id', {
    schema: { params: { type: 'object', properties: { id: { type: 'integer' } } } }
  }, async (request, reply) => {
    const { sub, iat, jti } = request.claims
    const client = await pool.connect()
    try {
      const caller = await client.query({ name: 'caller', text: CALLER, values: [sub, iat, jti] })
      if (!caller.rows.length) throw new Refused(401, 'The access token is no longer valid')
      const item = await client.query({ name: 'item', text: ITEM, values: [request.params.id, sub] })
      if (!item.rows.length) throw new Refused(404, 'There is no such resource')
      return reply.type('application/json').send(item.rows[0].body)
    } finally {
      client.release()
    }
  })
  fastify.listen({ path: address })
}

if (cluster.isPrimary) {
  for (let i = 0; i < Number(processes); i++) cluster.fork()
} else {
  serve()
}
