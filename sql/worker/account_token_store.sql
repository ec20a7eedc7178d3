-- The newest token of a purpose is the one that counts
insert into account_token as t (purpose, account_id, digest, expires_at)
values (:purpose, :account, decode(:digest, 'hex'),
        now() + case :purpose when 'reset' then interval '1 hour' else interval '7 days' end)
on conflict (purpose, account_id) do update set digest = excluded.digest, expires_at = excluded.expires_at
