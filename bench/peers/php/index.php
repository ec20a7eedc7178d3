<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// GET /ailice/api/items/{id} by php-fpm. Connections outlive requests, and statements with them.
declare(strict_types=1);

const WINDOW = 3600;
const STATEMENTS = [
    'caller' => 'select a.role from account a
                  where a.id = $1 and a.product = \'ailice\' and a.deleted_at is null
                    and a.tokens_valid_after <= to_timestamp($2) and $3::uuid <> all (a.revoked)',
    'item' => 'select ailice.item_json(i) as body from ailice.item i where i.id = $1 and i.account_id = $2',
];

function refuse(int $status, string $detail): never
{
    http_response_code($status);
    exit(json_encode(['detail' => $detail]));
}

function part(string $text): string
{
    return (string) base64_decode(strtr($text, '-_', '+/'));
}

function claims(string $header): array
{
    $parts = explode('.', substr($header, 7));
    if (!str_starts_with($header, 'Bearer ') || count($parts) !== 3) {
        refuse(401, 'Authentication is required');
    }
    [$head, $payload, $signature] = $parts;
    $claims = json_decode(part($payload), true);
    $good = hash_equals(hash_hmac('sha256', "$head.$payload", hex2bin($_SERVER['BENCH_KEY']), true), part($signature))
        && (json_decode(part($head), true)['alg'] ?? '') === 'HS256' && $claims['iss'] === 'millrace'
        && $claims['aud'] === 'ailice' && $claims['typ'] === 'access' && $claims['exp'] > time();
    return $good ? $claims : refuse(401, 'The access token is not valid');
}

function limit(string $account): void
{
    $redis = new Redis();
    $redis->pconnect($_SERVER['BENCH_REDIS']);
    $key = 'php:' . $account . ':' . intdiv(time(), WINDOW);
    $count = $redis->incr($key);
    if ($count === 1) {
        $redis->expire($key, WINDOW);
    }
    if ($count > (int) $_SERVER['BENCH_LIMIT']) {
        refuse(429, 'Too many requests');
    }
}

// The statement is there since the connection's first request, or is prepared now.
function row(PgSql\Connection $pg, string $name, array $values): array|false
{
    $result = @pg_execute($pg, $name, $values);
    if (!$result) {
        pg_prepare($pg, $name, STATEMENTS[$name]);
        $result = pg_execute($pg, $name, $values);
    }
    return pg_fetch_row($result);
}

header('Content-Type: application/json');
$claims = claims($_SERVER['HTTP_AUTHORIZATION'] ?? '');
limit($claims['sub']);
$pg = pg_pconnect($_SERVER['BENCH_DATABASE']);
if (!row($pg, 'caller', [$claims['sub'], $claims['iat'], $claims['jti']])) {
    refuse(401, 'The access token is no longer valid');
}
$item = row($pg, 'item', [(int) basename($_SERVER['REQUEST_URI']), $claims['sub']]);
echo $item ? $item[0] : refuse(404, 'There is no such resource');
