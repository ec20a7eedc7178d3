-- The newest code of an address is the one that counts
insert into signin_code as c (product, email, digest, expires_at)
values (:product, :email, :digest, now() + interval '10 minutes')
on conflict (product, email) do update
   set digest = excluded.digest, tries = 0, used_at = null, expires_at = excluded.expires_at
